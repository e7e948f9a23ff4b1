"""The launcher's file of each overlay gives every worker a Job that the overlay admits."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from resources.launchers import needs_of
from tests.k8s.rendering import OVERLAYS, breaches, manifests, named, pods
from tests.k8s.workers import WORKERS, amount, asked, job_of, options_of

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
with_gpus = pytest.mark.parametrize("overlay", ["gpu", "multi-node"])


@pytest.fixture
def options(overlay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return options_of(overlay, tmp_path, monkeypatch)


@every_overlay
def test_every_worker_gets_a_job_that_fits_the_schema_and_the_restricted_level(options: dict[str, Any]) -> None:
    assert len(WORKERS) > 8
    for step in WORKERS:
        manifest = job_of(step.asset, options)
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
        assert breaches(manifest["spec"]["template"]) == []


@every_overlay
def test_workers_stand_in_the_namespace_under_the_account_without_rights(overlay: str, options: dict[str, Any]) -> None:
    assert options["namespace"] == manifests(overlay, "Namespace")[0]["metadata"]["name"]
    bound = {subject["name"] for each in manifests(overlay, "RoleBinding") for subject in each["subjects"]}
    pod = job_of(WORKERS[0].asset, options)["spec"]["template"]
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


@with_gpus
def test_the_gpu_overlays_place_and_queue_their_workers(options: dict[str, Any]) -> None:
    for step in WORKERS:
        job = job_of(step.asset, options)
        spec = job["spec"]["template"]["spec"]
        assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "livecc"
        assert spec["nodeSelector"]
        assert spec["tolerations"][0]["key"] == "nvidia.com/gpu"
        gpus = int(spec["containers"][0]["resources"]["limits"].get("nvidia.com/gpu", 0))
        assert (gpus > 0) == (step.pool == "gpu"), f"{step.asset}: a GPU where the pool counts it, and nowhere else"


@pytest.mark.parametrize("overlay", ["multi-node"])
def test_a_training_over_several_nodes_is_an_indexed_job(options: dict[str, Any]) -> None:
    spec = job_of("livecc_base", options)["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 4)


#: Bytes of a resumable checkpoint of the paper's model (docs/scale.md); two exist while the newer is written.
CHECKPOINT = 116e9


@with_gpus
def test_what_a_training_resumes_from_outlives_its_pods_and_their_nodes(overlay: str, options: dict[str, Any]) -> None:
    claim = named(overlay, "PersistentVolumeClaim", "livecc-training")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"], "pods on several nodes, and the next try on another one"
    assert amount(claim["spec"]["resources"]["requests"]["storage"]) > 2 * CHECKPOINT
    for asset in ("livecc_base", "livecc_instruct"):
        pod = job_of(asset, options)["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        [home] = [entry["value"] for entry in container["env"] if entry["name"] == "LIVECC_HOME"]
        [mount] = [one for one in container["volumeMounts"] if one["mountPath"] == f"{home}/training"]
        [volume] = [one for one in pod["volumes"] if one["name"] == mount["name"]]
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        assert not mount.get("readOnly")


@every_overlay
def test_the_quota_admits_the_claims(overlay: str) -> None:
    hard = named(overlay, "ResourceQuota", "livecc")["spec"]["hard"]
    claims = [each["spec"] for each in manifests(overlay, "PersistentVolumeClaim")]
    for each in manifests(overlay, "StatefulSet"):
        claims += [template["spec"] for template in each["spec"].get("volumeClaimTemplates", [])]
    assert len(claims) <= int(hard["persistentvolumeclaims"])
    storage = sum(amount(one["resources"]["requests"]["storage"]) for one in claims)
    assert storage <= amount(hard["requests.storage"])


def most_at_once(overlay: str, options: dict[str, Any]) -> dict[str, float]:
    """What the workers request that queue and pools let run side by side, one of them a training.

    A slot of the pool `gpu` is a step, whatever the number of its GPUs: one holds a training, the others the largest of the other
    steps. A run is in one step without a pool at a time, or in several with one.
    """
    settings = named(overlay, "ConfigMap", "livecc-settings")["data"]
    slots = {"gpu": int(settings["POOL_GPU"]) - 1, "judge": int(settings["POOL_JUDGE"]), None: runs_at_once(overlay)}
    total = asked("livecc_base", options)
    for pool, count in slots.items():
        steps = [
            asked(one.asset, options) for one in WORKERS if one.pool == pool and not one.asset.startswith("livecc_")
        ]
        for name in total:
            total[name] += count * max(one.get(name, 0) for one in steps)
    return total


def runs_at_once(overlay: str) -> int:
    data = named(overlay, "ConfigMap", "livecc-dagster")["data"]
    return int(yaml.safe_load(data["dagster.yaml"])["concurrency"]["runs"]["max_concurrent_runs"])


@every_overlay
def test_the_quota_admits_what_queue_and_pools_let_run_at_once(overlay: str, options: dict[str, Any]) -> None:
    hard = named(overlay, "ResourceQuota", "livecc")["spec"]["hard"]
    for name, total in most_at_once(overlay, options).items():
        assert total <= amount(hard[f"requests.{name}"]), name


@with_gpus
def test_every_worker_says_how_much_of_its_nodes_disk_it_may_fill(overlay: str, options: dict[str, Any]) -> None:
    batch = 2000 * 30e6  # copies of a batch's videos (docs/scale.md)
    for step in WORKERS:
        (container,) = job_of(step.asset, options)["spec"]["template"]["spec"]["containers"]
        disk = container["resources"]["limits"]["ephemeral-storage"]
        assert disk == container["resources"]["requests"]["ephemeral-storage"]
        assert amount(disk) > batch


@every_overlay
def test_pods_that_say_nothing_of_disk_get_a_bound(overlay: str) -> None:
    [limits] = named(overlay, "LimitRange", "livecc")["spec"]["limits"]
    assert amount(limits["defaultRequest"]["ephemeral-storage"]) <= amount(limits["default"]["ephemeral-storage"])
    assert "requests.ephemeral-storage" in named(overlay, "ResourceQuota", "livecc")["spec"]["hard"]


@with_gpus
def test_the_judges_key_goes_to_those_who_ask_it_and_to_no_other_worker(options: dict[str, Any]) -> None:
    secrets = {}
    for step in WORKERS:
        (container,) = job_of(step.asset, options)["spec"]["template"]["spec"]["containers"]
        [secrets[step.asset]] = [one["secretRef"]["name"] for one in container["envFrom"]]
    judges = {step.asset for step in WORKERS if step.pool == "judge"}
    assert {asset for asset, name in secrets.items() if name == "livecc-judge"} == judges
    assert {name for asset, name in secrets.items() if asset not in judges} == {"livecc-s3-workers"}
