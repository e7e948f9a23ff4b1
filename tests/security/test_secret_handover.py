"""Workers elsewhere get secrets by reference, or by value only where nobody but the container's owner reads them."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import yaml
from docker.errors import APIError
from requests import Response

from livecc_assets.core.errors import UserError
from resources.launchers import Job, Needs, options_in_force
from resources.launchers.docker import DockerLauncher
from resources.launchers.manifest import job_manifest, service_manifest
from resources.launchers.status import Found
from tests.security.searching import where

KEY, PASSWORD = "pl/anted+secret=0123456789", "p4ss/w0rd-0123456789"
WORK: dict[str, Any] = {"asset": "livecc_base", "partition": "a", "key": "0" * 16, "root": "s3://b/r"}
NEEDS = Needs(image="livecc/training:1", nodes=2)
JOB = Job("livecc_base[a]", "livecc_assets.training.worker", **WORK, needs=NEEDS)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AWS_REGION", "eu-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.example:8333")


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def of(**text: Any) -> dict[str, Any]:
        path = tmp_path / "launcher.yaml"
        path.write_text(yaml.safe_dump(text))
        monkeypatch.setenv("LIVECC_LAUNCHER", str(path))
        return options_in_force()

    return of


def written(options: dict[str, Any]) -> bytes:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "n", "uid": "u"}
    job = job_manifest(JOB, "n", "attempt", {"DAGSTER_PIPES_CONTEXT": "c"}, "run", options)
    return json.dumps([job, service_manifest(JOB, "n", owner)]).encode()


def test_a_job_names_the_secret_and_holds_no_value_of_it(options) -> None:
    text = written(options(kind="kubernetes", secret="livecc-s3", **{"pass": ["AWS_REGION", "AWS_ENDPOINT_URL"]}))
    assert where([KEY], [text]) == set()
    assert b'{"secretRef": {"name": "livecc-s3"}}' in text and b"eu-1" in text


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY"])
def test_a_secret_that_would_be_passed_into_a_job_is_refused_with_the_remedy(name, options) -> None:
    with pytest.raises(
        UserError, match=rf"launcher.yaml: {name} holds a secret .* the Secret that `secret` names"
    ) as told:
        written(options(kind="kubernetes", **{"pass": ["AWS_REGION", name]}))
    assert KEY not in str(told.value)


def test_an_address_with_a_password_is_refused_too(options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://me:{PASSWORD.replace('/', '%2F')}@s3.example")
    with pytest.raises(UserError, match="AWS_ENDPOINT_URL holds a secret"):
        written(options(kind="kubernetes", **{"pass": ["AWS_ENDPOINT_URL"]}))


class FakeEngine:
    """A Docker engine that takes a container and cannot start it."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.containers = SimpleNamespace(
            create=self.create,
            get=lambda name: SimpleNamespace(status="created", start=self.start, remove=lambda force: None),
        )
        self.images = SimpleNamespace(get=lambda image: image)

    def create(self, image: str, command: list[str], **options: Any) -> Any:
        self.made = {"image": image, "command": command, **options}
        return None

    def start(self) -> None:
        refusal = Response()
        refusal.status_code, refusal.reason = 500, "no"
        raise APIError("no", refusal, "no space left")


def test_a_container_gets_what_is_named_for_it_in_its_environment_alone(options) -> None:
    engine = FakeEngine()
    launcher = DockerLauncher(options(kind="docker", **{"pass": ["AWS_SECRET_ACCESS_KEY"]}), engine)
    one_node = replace(JOB, needs=Needs(image="livecc/training:1"))
    launcher.create(one_node, "name", "attempt", {}, "run")
    with pytest.raises(dg.Failure, match="no space left") as failure:
        launcher.begin(one_node, Found("name", "id", "attempt"))
    assert engine.made.pop("environment") == {
        "LIVECC_HOME": "/scratch",
        "HOME": "/scratch",
        "AWS_SECRET_ACCESS_KEY": KEY,
    }
    assert where([KEY], [repr(engine.made).encode(), str(failure.value).encode()]) == set(), "not in labels or command"
