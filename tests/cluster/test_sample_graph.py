"""The sample graph from generated videos to the leaderboard: on this machine with folders and processes, and again with its
artifacts on a real S3 server and every worker a Kubernetes Job from the built images, killed in the middle of training.

Needs the images (`k8s/build.sh`). The tests run in order; each continues where the one before it stopped.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from livecc_assets.orchestration.steps import STEPS
from tests.cluster.graph import EXPERIMENTS, Graph, kill, read_until, write_settings

pytestmark = pytest.mark.timeout(2700)

#: (experiment, asset) that is being made when its orchestrator is killed.
KILLED = ("sample-streaming", "livecc_instruct")


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Iterator[tuple[Graph, Future[str]]]:
    """The graph on this machine while it is made from end to end, beside that on the cluster, whose pods are waited for."""
    home = tmp_path_factory.mktemp("here")
    write_settings(home)
    made = Graph(home, str(home / "artefacts"), {"LIVECC_LAUNCHER": "local"})
    with ThreadPoolExecutor(1) as beside:
        yield made, beside.submit(made.run, "demo")


@pytest.fixture(scope="module")
def cluster_was_made(begun: tuple[Graph, Future[str]], cluster_graph: Graph) -> Graph:
    """The graph on the cluster, whose orchestrator was killed while it trained and started again."""
    process = cluster_graph.start("demo")
    read_until(process, f"{KILLED[1]}[", seconds=1500)
    kill(process)
    jobs = [name for name in cluster_graph.jobs() if "livecc-instruct" in name]
    assert jobs, "a training runs"
    cluster_graph.run("train", KILLED[0])
    cluster_graph.run("demo")
    return cluster_graph


@pytest.fixture(scope="module")
def here(cluster_was_made: Graph, begun: tuple[Graph, Future[str]]) -> Graph:
    """The graph on this machine, made from end to end."""
    made, finished = begun
    finished.result()
    return made


def test_the_graph_runs_on_the_cluster_through_a_killed_orchestrator_and_equals_the_local_one(
    here: Graph, cluster_was_made: Graph
) -> None:
    cluster_graph = cluster_was_made
    assert cluster_graph.leaderboard() == here.leaderboard()
    assert not cluster_graph.jobs(), "no worker is left running"


def test_no_commentary_of_the_held_out_matches_loops_or_runs_on(here: Graph) -> None:
    for experiment in EXPERIMENTS:
        made = here.store.current("livesports_commentary", experiment)
        assert made is not None and made.count > 0, experiment
        for row in made.rows():
            words = [word.strip(".,!?").casefold() for said in row["utterances"] for word in said["text"].split()]
            grams = list(zip(*(words[at:] for at in range(4)), strict=False))
            assert not grams or 1 - len(set(grams)) / len(grams) <= 0.3, (experiment, row["video_id"], words)
            assert len(words) <= 5 * (row["end"] - row["begin"]) + 5, (experiment, row["video_id"], words)


def test_every_worker_was_a_job_and_none_was_started_twice(cluster_graph: Graph) -> None:
    attempts = cluster_graph.attempts()
    store = cluster_graph.store
    workers = {step.asset for step in STEPS if step.worker}
    made = {
        (asset, partition, key)
        for asset in workers
        for partition in store.blobs.folders(f"{asset}/")
        for key in store.blobs.folders(f"{asset}/{partition}/")
    }
    assert len(made) > 20
    assert set(attempts) == made
    assert set(attempts.values()) == {1}


def test_the_training_that_lost_its_orchestrator_did_no_step_twice(cluster_graph: Graph) -> None:
    experiment, asset = KILLED
    steps, about = cluster_graph.steps_of_training(asset, experiment)
    assert steps == list(range(1, about["steps"] + 1))
    assert about["resumed_at_step"] == 0, "the worker that was adopted is the one that began"
    assert any("adopted Job" in text and asset in text for text in cluster_graph.events())


@pytest.fixture
def further(cluster_graph: Graph) -> Iterator[str]:
    """Another experiment, which is gone afterwards: the demo makes whatever there is."""
    path = cluster_graph.home / "experiments" / "sample-docker.yaml"
    text = yaml.safe_load((path.parent / "sample-streaming.yaml").read_text())
    text["stage1"]["learning_rate"] /= 2
    path.write_text(yaml.safe_dump(text))
    yield path.stem
    path.unlink()


def test_a_docker_container_that_trains_outlives_its_orchestrator_too(
    cluster_graph: Graph, further: str, docker_launcher: Path
) -> None:
    process = cluster_graph.start("train", further, LIVECC_LAUNCHER=str(docker_launcher))
    read_until(process, "livecc_base[", seconds=300)
    kill(process)
    cluster_graph.run("train", further, LIVECC_LAUNCHER=str(docker_launcher))
    steps, about = cluster_graph.steps_of_training("livecc_base", further)
    assert steps == list(range(1, about["steps"] + 1))
    assert about["resumed_at_step"] == 0
    assert any("adopted container" in text for text in cluster_graph.events())
    assert set(cluster_graph.attempts().values()) == {1}
