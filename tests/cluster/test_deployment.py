"""`kubectl apply -k` gives a running Dagster, PostgreSQL and MLflow; what is launched there runs, is shown and can be stopped.

Needs the images orchestrator, training and postgres.
"""

import time
from collections.abc import Iterator

import pytest

from tests.cluster.deployment import (
    NAMESPACE,
    Page,
    control,
    forwarded,
    listed,
    make_config,
    make_secrets,
    render,
)
from tests.cluster.graph import Graph
from tests.cluster.services import need_images

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


def test_cancelling_a_run_deletes_its_job_in_5_s_and_its_pods_in_30_s(page: Page) -> None:
    run = page.launch("train", EXPERIMENT, livecc__force="livecc_instruct")
    deadline = time.monotonic() + 300
    while not any("livecc_instruct[" in text and "/" in text.partition(": ")[2] for text in page.messages(run)):
        assert time.monotonic() < deadline, page.messages(run)[-15:]
        time.sleep(1)
    assert listed("jobs", WORKERS)
    assert listed("pods", WORKERS)
    asked = time.monotonic()
    page.cancel(run)
    while listed("jobs", WORKERS):
        assert time.monotonic() - asked < 60
        time.sleep(0.2)
    job = time.monotonic() - asked
    while listed("pods", WORKERS):
        assert time.monotonic() - asked < 120
        time.sleep(0.2)
    pods = time.monotonic() - asked
    print(f"the Job was gone after {job:.1f} s, its pods after {pods:.1f} s")
    assert job <= 5
    assert pods <= 30
    assert page.ended(run, 120) == "CANCELED"
