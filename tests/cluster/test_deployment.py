"""`kubectl apply -k` gives a running Dagster, PostgreSQL and MLflow; what is launched there runs, is shown and can be stopped.

Needs the images orchestrator, training and postgres.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from livecc_assets.orchestration.declare import WAITING, WORKING
from livecc_assets.orchestration.steps import STEPS
from tests.cluster.deployment import (
    NAMESPACE,
    Page,
    control,
    forwarded,
    listed,
    make_config,
    make_secrets,
    objects,
    render,
)
from tests.cluster.graph import Graph
from tests.cluster.services import need_images
from tests.waiting import until

pytestmark = pytest.mark.timeout(1500)

EXPERIMENT = "sample-streaming"
WORKERS = "app.kubernetes.io/component=livecc-worker"


@pytest.fixture(scope="module")
def page(finished_graph: Graph, docker_client, pod_environment, bucket, tmp_path_factory) -> Iterator[Page]:
    """The deployment, asked through a forwarded port."""
    need_images(docker_client, "orchestrator", "training", "postgres")
    make_secrets({name: value for name, value in pod_environment.items() if "ACCESS" in name})
    for kind in ("selections", "experiments"):
        make_config(kind, finished_graph.home)
    settings = {
        "LIVECC_ROOT": finished_graph.root,
        "LIVECC_LOG_BUCKET": bucket,
        "MLFLOW_ARTIFACTS": f"{finished_graph.root}/_mlflow",
        "AWS_ENDPOINT_URL": pod_environment["AWS_ENDPOINT_URL"],
    }
    folder = tmp_path_factory.mktemp("overlay") / "mine"
    control("apply", "-f", "-", given=render(folder, settings, finished_graph.home / "small.yaml"))
    try:
        control("-n", NAMESPACE, "rollout", "status", "statefulset/livecc-postgres", "--timeout=300s", seconds=310)
        for name in ("code", "webserver", "daemon", "mlflow"):
            control("-n", NAMESPACE, "rollout", "status", f"deployment/livecc-{name}", "--timeout=300s", seconds=310)
        with forwarded("livecc-webserver", 3000) as address:
            yield Page(address)
    finally:
        control("delete", "namespace", NAMESPACE, "--wait=false")


def test_a_run_launched_through_the_api_succeeds_with_a_worker_of_its_own_and_shows_in_mlflow(page: Page) -> None:
    run = page.launch("train", EXPERIMENT, livecc__force="livecc_instruct")
    assert page.ended(run, 600) == "SUCCESS", page.messages(run)[-15:]
    said = page.messages(run)
    assert any("livecc_instruct" in text and "started Job" in text for text in said), "the forced step ran a worker"
    assert any("livecc_base" in text and "already stands" in text for text in said), "what stood was served"
    from mlflow import MlflowClient

    with forwarded("livecc-mlflow", 5000) as address:
        client = MlflowClient(address)
        experiments = client.search_experiments()
        runs = client.search_runs([one.experiment_id for one in experiments])
        assert any(run in str(one.data.tags) for one in runs), [one.data.tags for one in runs]


def seconds_to_stop(page: Page, run: str) -> tuple[float, float]:
    """Cancel a run in the middle of its training; seconds until the worker's Job and until its pods were gone."""

    def is_training() -> bool:
        return any("livecc_instruct[" in text and "/" in text.partition(": ")[2] for text in page.messages(run))

    until(is_training, 300, lambda: str(page.messages(run)[-15:]), every=1)
    assert listed("jobs", WORKERS)
    assert listed("pods", WORKERS)
    asked = time.monotonic()
    page.cancel(run)
    took = []
    for kind in ("jobs", "pods"):
        until(
            lambda kind=kind: not listed(kind, WORKERS),
            240 - (time.monotonic() - asked),
            lambda kind=kind: f"{kind} are left: {listed(kind, WORKERS)}; {page.messages(run)[-15:]}",
            every=0.2,
        )
        took.append(time.monotonic() - asked)
    print(f"the Job was gone after {took[0]:.1f} s, its pods after {took[1]:.1f} s")
    assert page.ended(run, 240) == "CANCELED"
    return took[0], took[1]


def stops_within(page: Page, job: float, pods: float) -> None:
    """Cancel a training; again, twice at most, where it took longer: this machine may have been busy with other tests."""
    took = []
    while not took or (took[-1][0] > job or took[-1][1] > pods):
        assert len(took) < 3, took
        took.append(seconds_to_stop(page, page.launch("train", EXPERIMENT, livecc__force="livecc_instruct")))


def test_cancelling_a_run_deletes_its_job_in_5_s_and_its_pods_in_30_s(page: Page) -> None:
    stops_within(page, job=5, pods=30)


@pytest.fixture(scope="module")
def pods_for_steps(page: Page) -> Page:
    """The same deployment after LIVECC_EXECUTOR=pods, restarted as k8s/README.md says."""
    said = '{"data": {"LIVECC_EXECUTOR": "pods"}}'
    control("-n", NAMESPACE, "patch", "configmap", "livecc-settings", "--type=merge", "-p", said)
    control("-n", NAMESPACE, "rollout", "restart", "deployment/livecc-code")
    control("-n", NAMESPACE, "rollout", "status", "deployment/livecc-code", "--timeout=300s", seconds=310)
    page.reload()
    return page


def test_with_pods_as_executor_each_step_has_a_job_with_the_resources_of_its_asset(pods_for_steps: Page) -> None:
    page = pods_for_steps
    run = page.launch("train", EXPERIMENT, livecc__force="livecc_instruct")
    assert page.ended(run, 900) == "SUCCESS", page.messages(run)[-15:]
    jobs = objects("jobs", f"dagster/run-id={run},app.kubernetes.io/component=step_worker")
    asked = {job["metadata"]["labels"]["dagster/op"]: resources(job) for job in jobs}
    by_op = {step.asset: WAITING if step.worker else WORKING for step in STEPS}
    assert asked == {op: by_op[op] for op in asked}
    assert {"livecc_base", "livecc_instruct"} <= asked.keys()
    assert any("livecc_instruct" in text and "started Job" in text for text in page.messages(run))


def test_cancelling_reaches_the_worker_through_its_steps_pod(pods_for_steps: Page) -> None:
    stops_within(pods_for_steps, job=15, pods=40)


def resources(job: dict[str, Any]) -> dict[str, Any]:
    """What the only container of a Job asks for."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return container["resources"]
