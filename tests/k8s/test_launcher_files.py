"""The launcher's file of each overlay gives every worker a Job that the overlay admits."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from livecc_assets.all_steps import STEPS
from resources.launchers import Job, needs_of, options_in_force
from resources.launchers.manifest import job_manifest
from tests.k8s.rendering import OVERLAYS, breaches, manifests, named, pods

WORKERS = [step for step in STEPS if step.worker]
every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture
def options(overlay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    data = named(overlay, "ConfigMap", "livecc-launcher")["data"]
    file = tmp_path / "launcher.yaml"
    file.write_text(data["launcher.yaml"])
    monkeypatch.setenv("LIVECC_LAUNCHER", str(file))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.example:8333")
    return options_in_force()


def job_of(step: Any, options: dict[str, Any]) -> dict[str, Any]:
    task = {"asset": step.asset, "partition": "p", "input_key": "0" * 16, "root": "s3://bucket/prefix"}
    job = Job(f"{step.asset}[p]", step.worker, task, needs_of(options, step.asset, step.worker))
    return job_manifest(job, "livecc-test", "attempt", {}, "run", options)


@every_overlay
def test_every_worker_gets_a_job_that_fits_the_schema_and_the_restricted_level(options: dict[str, Any]) -> None:
    assert len(WORKERS) > 8
    for step in WORKERS:
        manifest = job_of(step, options)
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
        assert breaches(manifest["spec"]["template"]) == []


@every_overlay
def test_workers_stand_in_the_namespace_under_the_account_without_rights(overlay: str, options: dict[str, Any]) -> None:
    assert options["namespace"] == manifests(overlay, "Namespace")[0]["metadata"]["name"]
    bound = {subject["name"] for each in manifests(overlay, "RoleBinding") for subject in each["subjects"]}
    pod = job_of(WORKERS[0], options)["spec"]["template"]
    assert pod["spec"]["serviceAccountName"] not in bound
    assert pod["spec"]["serviceAccountName"] in {
        each["metadata"]["name"] for each in manifests(overlay, "ServiceAccount")
    }
    assert pod["metadata"]["labels"]["app.kubernetes.io/component"] == "livecc-worker"  # the network policies' name


@every_overlay
def test_all_images_carry_one_tag(overlay: str, options: dict[str, Any]) -> None:
    images = {needs_of(options, step.asset, step.worker or "").image for step in WORKERS}
    images |= {pods(overlay)["livecc-code"]["spec"]["containers"][0]["image"]}
    assert all(image.startswith("livecc/") for image in images)
    assert len({image.rpartition(":")[2] for image in images}) == 1


#: Workers whose models need no GPU: cutting, telling languages apart, writing queries.
WITHOUT_GPU = ("yt_cc_source", "language_scores", "commentary_queries")


def test_the_gpu_overlays_place_and_queue_their_workers() -> None:
    for overlay in ("gpu", "multi-node"):
        options = yaml.safe_load(named(overlay, "ConfigMap", "livecc-launcher")["data"]["launcher.yaml"])
        for step in WORKERS:
            job = job_of(step, options)
            spec = job["spec"]["template"]["spec"]
            assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "livecc"
            assert spec["nodeSelector"]
            assert spec["tolerations"][0]["key"] == "nvidia.com/gpu"
            asked = int(spec["containers"][0]["resources"]["limits"].get("nvidia.com/gpu", 0))
            assert (asked == 0) == (step.asset in WITHOUT_GPU)


def test_a_training_over_several_nodes_is_an_indexed_job() -> None:
    options = yaml.safe_load(named("multi-node", "ConfigMap", "livecc-launcher")["data"]["launcher.yaml"])
    [base] = [step for step in WORKERS if step.asset == "livecc_base"]
    spec = job_of(base, options)["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 4)
