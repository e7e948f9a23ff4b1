"""The launchers' files that ship with the package name every option, and what their comments promise holds."""

import re
from dataclasses import fields
from typing import Any

import kubernetes_validate
import pytest
import yaml

from livecc_assets.graph.settings import SHIPPED
from resources.launchers import Needs, options_in_force
from tests.house.places import REPOSITORY
from tests.k8s.workers import job_of

#: The modules that read a launcher's options; "file" is added when they are read.
READERS = {"docker": ("docker",), "kubernetes": ("kubernetes", "manifest")}


@pytest.mark.parametrize("kind", READERS)
def test_a_launchers_file_names_every_option_that_its_launcher_reads(kind: str) -> None:
    named = yaml.safe_load((SHIPPED / "launchers" / f"{kind}.yaml").read_text("utf-8"))
    read: set[str] = set()
    for module in READERS[kind]:
        source = (REPOSITORY / "resources" / "launchers" / f"{module}.py").read_text("utf-8")
        read |= set(re.findall(r'options\.get\("(\w+)"', source))
    assert len(read) > 4
    assert read - {"file"} <= set(named)


def test_everything_that_a_worker_can_need_is_named_beside_the_needs() -> None:
    text = (SHIPPED / "launchers" / "kubernetes.yaml").read_text("utf-8")
    comment = text[text.index("# By asset, else") : text.index("\nneeds:")]
    assert [field.name for field in fields(Needs) if not re.search(rf"\b{field.name}\b", comment)] == []


def _examples() -> dict[str, Any]:
    """The volumes of the comment in kubernetes.yaml."""
    text = (SHIPPED / "launchers" / "kubernetes.yaml").read_text("utf-8")
    return yaml.safe_load("\n".join(re.findall(r"^# {3}(volume.*)$", text, re.MULTILINE)))


@pytest.mark.parametrize("path", ["/scratch/training", "/scratch"], ids=["below the home", "the home itself"])
def test_a_volume_at_the_home_or_in_it_makes_a_pod_that_kubernetes_takes(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_LAUNCHER", "kubernetes")
    options = options_in_force() | _examples()
    options["volume_mounts"][0]["mountPath"] = path
    job = job_of("livecc_base", options)
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    paths = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert len(paths) == len(set(paths)), "Kubernetes refuses two volumes at one path"
    names = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert names[path] == "training"
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}
