"""The overlays as a current kubectl renders them, and walks over what is in them."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import yaml

from tests.house.places import REPOSITORY

K8S = REPOSITORY / "k8s"
OVERLAYS = ("local", "gpu", "multi-node")
Manifest = dict[str, Any]


def kubectl() -> str:
    """The kubectl that came with pip: a cluster's own may carry a kustomize that is years older."""
    found = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
    if found is None:
        pytest.skip("this environment has no kubectl: make install")
    return found


@cache
def rendered(overlay: str) -> str:
    """The text that `kubectl apply -k` would send."""
    done = subprocess.run([kubectl(), "kustomize", str(K8S / "overlays" / overlay)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


@cache
def _parsed(overlay: str) -> list[Manifest]:
    return [each for each in yaml.safe_load_all(rendered(overlay)) if each]


def manifests(overlay: str, kind: str | None = None) -> list[Manifest]:
    """The manifests of an overlay, or those of one kind; they are the caller's to change."""
    return [deepcopy(each) for each in _parsed(overlay) if kind in (None, each["kind"])]


def named(overlay: str, kind: str, name: str) -> Manifest:
    """The one manifest of this kind and name."""
    [found] = [each for each in manifests(overlay, kind) if each["metadata"]["name"] == name]
    return found


def pods(overlay: str) -> dict[str, Manifest]:
    """Pod templates by the name of what makes the pods."""
    makers = manifests(overlay, "Deployment") + manifests(overlay, "StatefulSet")
    return {each["metadata"]["name"]: each["spec"]["template"] for each in makers}


def containers(pod: Manifest) -> list[Manifest]:
    """All containers of a pod template."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every (key, value) below a manifest."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def breaches(pod: Manifest) -> list[str]:
    """What the pod security level "restricted" forbids in a pod spec of Linux containers."""
    spec, found = pod["spec"], []
    shared = spec.get("securityContext") or {}
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            found.append(field)
    allowed = {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
    found += [f"volume {each['name']}" for each in spec.get("volumes", []) if not (set(each) - {"name"}) <= allowed]
    for each in containers(pod):
        own = each.get("securityContext") or {}
        name = each["name"]
        if (own.get("seccompProfile") or shared.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
            found.append(f"{name}: seccomp profile")
        if not own.get("runAsNonRoot", shared.get("runAsNonRoot")):
            found.append(f"{name}: may run as root")
        if not own.get("runAsUser", shared.get("runAsUser")):
            found.append(f"{name}: no numeric user")
        if own.get("allowPrivilegeEscalation") is not False:
            found.append(f"{name}: privilege escalation")
        if (own.get("capabilities") or {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
            found.append(f"{name}: capabilities")
        if own.get("privileged"):
            found.append(f"{name}: privileged")
        if own.get("readOnlyRootFilesystem") is not True:  # not asked by the level, but by this project
            found.append(f"{name}: root file system can be written")
        found += [f"{name}: host port" for port in each.get("ports", []) if port.get("hostPort")]
    return found


def job_config(launcher: Manifest) -> Any:
    """What dagster-k8s makes the pods of runs and steps from, by the run launcher's section of a dagster.yaml."""
    from dagster_k8s.job import DagsterK8sJobConfig

    return DagsterK8sJobConfig(
        job_image="livecc/orchestrator:dev",
        dagster_home=launcher["dagster_home"],
        image_pull_policy=launcher["image_pull_policy"],
        service_account_name=launcher["service_account_name"],
        instance_config_map=launcher["instance_config_map"],
        postgres_password_secret=launcher["postgres_password_secret"],
        env_config_maps=launcher["env_config_maps"],
        env_secrets=launcher["env_secrets"],
    )
