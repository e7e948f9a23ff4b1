"""The Jobs that the launcher makes by an overlay's launcher file."""

from pathlib import Path
from typing import Any

import pytest

from livecc_assets.orchestration.steps import STEPS
from resources.launchers import Job, needs_of, options_in_force
from resources.launchers.manifest import job_manifest
from tests.k8s.rendering import Manifest, named

WORKERS = [step for step in STEPS if step.worker]


def options_of(overlay: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The launcher's options as the code location of the overlay reads them."""
    file = folder / "launcher.yaml"
    file.write_text(named(overlay, "ConfigMap", "livecc-launcher")["data"]["launcher.yaml"])
    monkeypatch.setenv("LIVECC_LAUNCHER", str(file))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.example:8333")
    return options_in_force()


def job_of(asset: str, options: dict[str, Any]) -> Manifest:
    """The manifest of an asset's worker."""
    [step] = [one for one in WORKERS if one.asset == asset]
    module = step.worker or ""
    needs = needs_of(options, asset, module)
    job = Job(f"{asset}[p]", module, asset, "p", key="0" * 16, root="s3://bucket/prefix", needs=needs)
    return job_manifest(job, "livecc-test", "attempt", {}, "run", options)


def asked(asset: str, options: dict[str, Any]) -> dict[str, float]:
    """What all pods of an asset's Job request together, in processors, bytes and GPUs."""
    job = job_of(asset, options)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    pods = job["spec"].get("parallelism", 1)
    return {name: amount(value) * pods for name, value in container["resources"]["requests"].items()}


def amount(quantity: str) -> float:
    """A Kubernetes quantity as a number."""
    units = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    for unit, factor in units.items():
        if quantity.endswith(unit):
            return float(quantity.removesuffix(unit)) * factor
    return float(quantity)
