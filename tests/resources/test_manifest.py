"""Every manifest that the Kubernetes launcher can write is valid today, and says what the worker needs."""

from typing import Any

import kubernetes_validate
import pytest

from resources.launchers import Job, Needs
from resources.launchers.identity import worker_name
from resources.launchers.manifest import job_manifest, service_manifest

WORK: dict[str, Any] = {"asset": "livecc_base", "partition": "shared", "key": "0011223344556677", "root": "s3://b/r"}
OPTIONS = {
    "namespace": "livecc", "secret": "livecc-s3", "environment": {"AWS_REGION": "x"}, "priority_class": "low",
    "node_selector": {"gpu": "h100"}, "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    "volumes": [{"name": "work", "persistentVolumeClaim": {"claimName": "work"}}],
    "volume_mounts": [{"name": "work", "mountPath": "/work"}],
}  # fmt: skip

IMAGE: dict[str, Any] = {"image": "livecc/training:1"}


def made(options=None, **needs: Any):
    job = Job("j", "livecc_assets.training.worker", **WORK, needs=Needs(**(IMAGE | needs)))
    name = worker_name(job)
    manifest = job_manifest(
        job, name, "attempt", {"DAGSTER_PIPES_CONTEXT": "c"}, "run", OPTIONS if options is None else options
    )
    return job, name, manifest


def container(manifest):
    return manifest["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("options", [OPTIONS, OPTIONS | {"queue": "gpus"}, {}])
@pytest.mark.parametrize(
    "needs", [{}, {"gpus": 8, "processes": 8}, {"nodes": 4, "gpus": 8, "processes": 8, "time_limit": 3600}]
)
def test_manifests_pass_strict_validation(options, needs):
    job, name, manifest = made(options, **needs)
    kubernetes_validate.validate(manifest, "1.34", strict=True)
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": "u"}
    kubernetes_validate.validate(service_manifest(job, name, owner), "1.34", strict=True)


def test_strict_validation_sees_a_misspelt_field():
    _, _, manifest = made()
    manifest["spec"]["backofLimit"] = 0
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_one_process_runs_the_module_and_several_meet_through_torchrun():
    module = "livecc_assets.training.worker"
    assert container(made()[2])["command"] == ["python", "-m", module]
    eight = container(made(gpus=8, processes=8)[2])["command"]
    assert eight[2:5] == ["livecc_assets.training.torchrun", "--nproc-per-node=8", "--standalone"]
    _, name, manifest = made(nodes=2, processes=8, gpus=8)
    assert f"--master-addr={name}-0.{name}" in container(manifest)["command"]
    assert "--node-rank=$(JOB_COMPLETION_INDEX)" in container(manifest)["command"]
    spec = manifest["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 2, 2)
    assert spec["template"]["spec"]["subdomain"] == name


def test_needs_become_limits_and_shared_memory():
    _, _, manifest = made(gpus=2, memory="64Gi", cpus=8, shm="16Gi", time_limit=60)
    assert container(manifest)["resources"]["limits"] == {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "2"}
    assert container(manifest)["resources"]["requests"] == container(manifest)["resources"]["limits"]
    volumes = {one["name"]: one for one in manifest["spec"]["template"]["spec"]["volumes"]}
    assert volumes["shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "16Gi"}
    assert manifest["spec"]["activeDeadlineSeconds"] == 60


def test_a_queue_starts_the_job_suspended_under_kueues_label():
    _, _, manifest = made(OPTIONS | {"queue": "gpus"})
    assert manifest["spec"]["suspend"] is True
    assert manifest["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpus"


def test_a_pod_may_do_nothing_that_it_does_not_need():
    pod = made()[2]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False and pod["restartPolicy"] == "Never"
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {
        "type": "RuntimeDefault"
    }
    rights = pod["containers"][0]["securityContext"]
    assert rights == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip


def test_secrets_are_named_and_never_written_down():
    text = str(made()[2])
    assert "livecc-s3" in text and "AWS_SECRET_ACCESS_KEY" not in text


def test_kubernetes_never_retries_by_itself():
    assert made()[2]["spec"]["backoffLimit"] == 0


def test_a_worker_may_use_processors_that_are_idle_where_it_is_allowed_to():
    _, _, manifest = made(cpus=0.25, cpu_limit=2)
    assert container(manifest)["resources"]["requests"]["cpu"] == "0.25"
    assert container(manifest)["resources"]["limits"]["cpu"] == "2"


def test_a_volume_of_ones_own_takes_the_place_of_the_pods():
    volume = {"name": "work", "persistentVolumeClaim": {"claimName": "work"}}
    for path in ("/scratch", "/scratch/", "/tmp"):
        options = {"volumes": [volume], "volume_mounts": [{"name": "work", "mountPath": path}]}
        _, _, manifest = made(options)
        mounts = [mount["mountPath"].rstrip("/") for mount in container(manifest)["volumeMounts"]]
        assert sorted(mounts) == ["/dev/shm", "/scratch", "/tmp"], "the API server takes no path twice"
        names = [one["name"] for one in manifest["spec"]["template"]["spec"]["volumes"]]
        assert len(names) == 3 and "work" in names


def test_the_nodes_disk_is_bounded_and_a_secret_is_given_to_those_who_need_it():
    _, _, manifest = made(disk="80Gi", secret="livecc-judge")
    assert container(manifest)["resources"]["limits"]["ephemeral-storage"] == "80Gi"
    assert container(manifest)["envFrom"] == [{"secretRef": {"name": "livecc-judge"}}]
    kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_only_ranks_carry_the_label_by_which_ranks_reach_each_other():
    label = "livecc/ranks"
    assert label not in made()[2]["spec"]["template"]["metadata"]["labels"]
    assert made(nodes=2)[2]["spec"]["template"]["metadata"]["labels"][label] == "true"
