"""With LIVECC_EXECUTOR=pods each step runs in a pod of its own, with the resources of its asset."""

import json
import os
import subprocess
import sys
from typing import Any

import kubernetes_validate
import pytest
import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.orchestration import declare
from livecc_assets.orchestration.steps import STEPS
from resources.executor import executor_in_force
from tests.house.places import REPOSITORY
from tests.k8s.rendering import breaches, job_config, named

pytest.importorskip("dagster_k8s", reason="dagster-k8s is not installed: make install")
SETTINGS = yaml.safe_load((REPOSITORY / "k8s/base/dagster.yaml").read_text("utf-8"))["run_launcher"]["config"]


def pod_of(asset: str) -> dict[str, Any]:
    """The Job's manifest that the executor makes of a step, from what the launcher and the asset's op say."""
    from dagster_k8s.container_context import K8sContainerContext
    from dagster_k8s.job import (
        UserDefinedDagsterK8sConfig,
        construct_dagster_k8s_job,
        get_user_defined_k8s_config,
    )
    from kubernetes import client

    from livecc_assets.definitions import defs

    tags = defs.resolve_assets_def(asset).op.tags
    shared = UserDefinedDagsterK8sConfig.from_dict(SETTINGS["run_k8s_config"])
    own = K8sContainerContext(run_k8s_config=get_user_defined_k8s_config(tags))
    merged = K8sContainerContext(run_k8s_config=shared).merge(own)
    config = job_config(SETTINGS)
    made = construct_dagster_k8s_job(
        config,
        ["dagster", "api", "execute_step"],
        "dagster-step-1",
        merged.run_k8s_config,
        component="step_worker",
    )
    pod: Any = client.ApiClient().sanitize_for_serialization(made)
    return pod


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.asset)
def test_the_pod_of_each_step_has_its_assets_resources_and_keeps_to_the_restricted_level(step: Any) -> None:
    job = pod_of(step.asset)
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
    assert job["spec"]["backoffLimit"] == 0, "the step's own policy retries, and nobody beside it"
    pod = job["spec"]["template"]
    assert breaches(pod) == []
    (container,) = pod["spec"]["containers"]
    assert container["resources"] == (declare.WAITING if step.worker else declare.WORKING)
    assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/opt/dagster", "/scratch", "/tmp"}


def test_a_run_may_do_what_the_executor_does() -> None:
    (jobs,) = [rule for rule in named("local", "Role", "livecc-run")["rules"] if rule["resources"] == ["jobs"]]
    assert {"create", "get", "delete"} <= set(jobs["verbs"])


def test_every_overlay_names_an_executor_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for overlay in ("local", "gpu", "multi-node"):
        monkeypatch.setenv("LIVECC_EXECUTOR", named(overlay, "ConfigMap", "livecc-settings")["data"]["LIVECC_EXECUTOR"])
        assert executor_in_force()


def test_an_unknown_executor_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECC_EXECUTOR", "podz")
    with pytest.raises(UserError, match="LIVECC_EXECUTOR=podz"):
        executor_in_force()


CODE = """
import json
from livecc_assets.definitions import defs
jobs = [job for job in defs.resolve_all_job_defs() if not job.name.startswith("__")]
print(json.dumps({job.name: job.executor_def.name for job in jobs}))
"""


@pytest.mark.parametrize(("said", "name"), [("pods", "k8s"), ("", "multi_or_in_process_executor")])
def test_the_executor_holds_for_every_job(said: str, name: str) -> None:
    environment = os.environ | {"LIVECC_EXECUTOR": said}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE], cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    executors = json.loads(done.stdout)
    assert len(executors) > 5
    assert set(executors.values()) == {name}
