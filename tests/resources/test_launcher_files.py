"""The launchers' files that ship with the package: what of the orchestrator's environment they hand to a worker."""

from typing import Any

import pytest

from resources.launchers import Job, needs_of, options_in_force
from resources.launchers.identity import worker_name
from resources.launchers.manifest import job_manifest

ADDRESS = {
    "AWS_ENDPOINT_URL": "http://s3.example:8333",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter2hunter2", "OPENAI_API_KEY": "sk-hunter2"}


@pytest.fixture
def options(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in (ADDRESS | KEYS).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LIVECC_LAUNCHER", request.param)
    return options_in_force()


def job(options: dict[str, Any]) -> Job:
    module = "livecc_assets.source.worker"
    needs = needs_of(options, "yt_cc_source", module)
    return Job("yt_cc_source[p]", module, "yt_cc_source", "p", key="k", root="s3://b/r", needs=needs)


@pytest.mark.parametrize("options", ["kubernetes"], indirect=True)
def test_a_pod_is_told_where_s3_is_and_gets_its_keys_from_the_secret_alone(options: dict[str, Any]) -> None:
    made = job(options)
    manifest = job_manifest(made, worker_name(made), "attempt", {}, "run", options)
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    environment = {one["name"]: one["value"] for one in container["env"]}
    assert environment.items() >= ADDRESS.items()
    assert container["envFrom"] == [{"secretRef": {"name": "livecc-s3-workers"}}]
    assert not any(value in str(manifest) for value in KEYS.values())


@pytest.mark.parametrize("options", ["kubernetes"], indirect=True)
def test_what_is_not_set_here_is_not_set_there(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert "AWS_ENDPOINT_URL" not in options_in_force()["environment"]


class Engine:
    """A Docker engine that notes what it is asked to create."""

    def __init__(self) -> None:
        self.containers = self.images = self
        self.asked: dict[str, Any] = {}

    def get(self, name: str) -> object:
        return object()

    def create(self, image: str, command: list[str], **asked: Any) -> "Engine":
        self.asked = asked
        return self

    def start(self) -> None:
        pass


@pytest.mark.parametrize("options", ["docker"], indirect=True)
def test_a_container_is_told_where_s3_is_and_no_more_than_its_keys(options: dict[str, Any]) -> None:
    pytest.importorskip("docker")
    from resources.launchers.docker import DockerLauncher

    engine, made = Engine(), job(options)
    DockerLauncher(options, engine).create(made, worker_name(made), "attempt", {}, "run")
    assert engine.asked["environment"].items() >= ADDRESS.items()
    assert "OPENAI_API_KEY" not in engine.asked["environment"]
