"""``livecc demo``: the whole graph on the sample world, in order, with one progress."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from rich.console import Console

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.status import partition_statuses
from livecc_assets.orchestration.batches import add_batch
from livecc_assets.orchestration.runs import Outcome, open_instance, run_job
from livecc_assets.orchestration.steps import STEPS
from livecc_assets.runtime.forked import SHARED, connection

#: Jobs that run side by side: the models are small, and most workers keep one core busy.
SIDE_BY_SIDE = 2
_KIND = {"curate": "batch", "select": "selection", "train": "experiment", "evaluate": "experiment"}

Work = tuple[str, str | None]


def _groups(settings: Settings, batches: list[str]) -> list[list[Work]]:
    """Jobs in order; those of one group do not depend on each other."""
    selections = sorted(
        {name for one in settings.experiments.values() for name in (one.live_cc, one.live_whisperx) if name}
    )
    experiments = sorted(settings.experiments)
    return [
        # The largest batch first, so that the last one to end is not also the longest.
        [("curate", name) for name in sorted(batches, reverse=True)],
        [("livesports", None)],
        [("select", name) for name in selections],
        [("instructions", name) for name in sorted(settings.profile.instructions)],
        [("train", name) for name in experiments],
        [("evaluate", name) for name in experiments],
        [("update_leaderboard", None)],
    ]


def _stands(settings: Settings, job: str, partition: str | None) -> bool:
    """Whether a job has nothing to compute; then it is not worth a process of its own."""
    groups = {"train": ("checkpoints",), "evaluate": ("scores",)}.get(job)
    steps = [step for step in STEPS if step.partitioned_by == _KIND[job] and (not groups or step.group in groups)]
    states = [one for one in partition_statuses(steps, settings, settings.store()) if one.partition == partition]
    return all(one.state == "current" for one in states)


def _in_a_process(job: str, partition: str) -> Outcome:
    """Run ``livecc JOB PARTITION`` with one thread a model; its progress lines pass through."""
    command = [sys.executable, "-m", "livecc_assets", job, partition, "--json"]
    workers = connection().fileno()
    process = subprocess.Popen(
        command,
        env=os.environ | {"OMP_NUM_THREADS": "1", SHARED: str(workers)},
        pass_fds=[workers],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    tail: list[str] = []
    for line in process.stderr:
        sys.stderr.write(line)
        tail = [*tail[-19:], line]
    assert process.stdout is not None
    said = process.stdout.read()
    if process.wait() not in (0, 1) or not said.strip():
        return Outcome(job, partition, [], [], ["".join(tail) or f"ended with exit code {process.returncode}"], 0.0)
    return Outcome(**json.loads(said.strip().splitlines()[-1]))


def _run(settings: Settings, instance: object, group: list[Work]) -> Iterator[Outcome]:
    """Outcomes of a group as they come."""
    from livecc_assets.definitions import defs

    waiting: list[tuple[str, str]] = []
    for job, partition in group:
        if job in _KIND and partition and len(group) > 1 and not _stands(settings, job, partition):
            waiting.append((job, partition))
        else:
            yield run_job(defs, instance, job, partition)  # type: ignore[arg-type]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        try:
            for done in as_completed([pool.submit(_in_a_process, *work) for work in waiting]):
                yield done.result()
        except BaseException:  # Ctrl-C, of which those that run hear, too
            pool.shutdown(cancel_futures=True)
            raise


def run_demo(settings: Settings) -> bool:
    """Run every job in order and print the leaderboard; False when a job failed. What stands is not recomputed."""
    from livecc_assets.evaluation.board_formats import render
    from livecc_assets.sample.published import publish
    from livecc_assets.sample.world import build_world, evaluation_list

    if not settings.profile.sample_world:
        raise UserError(f"{settings.profile_path}: no sample_world, so there is nothing to show; unset LIVECC_PROFILE")
    if settings.profile.livesports.proposer == "published":
        raise UserError(
            f"{settings.profile_path}: names published events, and the demo makes its own; choose another --home"
        )
    console, started = Console(stderr=True, highlight=False), time.monotonic()
    blobs = settings.store().blobs  # before the world is made, which takes a while
    folders = build_world(settings.home, settings.profile.as_config())
    for name, folder in folders.items():
        add_batch(settings, publish(folder, blobs), name, "required")
    publish(evaluation_list(settings.home), blobs)
    groups = _groups(settings, sorted(folders))
    total, outcomes = sum(map(len, groups)), list[Outcome]()
    with open_instance(settings) as instance:
        for group in groups:
            for outcome in _run(settings, instance, group):
                outcomes.append(outcome)
                console.print(f"[{len(outcomes)}/{total}] {outcome.line()}", markup=False)
            if not all(outcome.ok for outcome in outcomes):
                return False
    made, served = sum(len(one.made) for one in outcomes), sum(len(one.served) for one in outcomes)
    found = settings.store().current("leaderboard", "all")
    assert found is not None, "the leaderboard job ended well without a leaderboard"
    render(json.loads(found.path("leaderboard.json").read_text("utf-8")))
    if made:
        console.print(f"{made} artifacts made, {served} already stood, in {time.monotonic() - started:.0f} s")
    else:
        console.print(f"Nothing had changed: all {served} artifacts stood, nothing was recomputed")
    console.print("Next: `livecc ui` shows the graph, its lineage and MLflow; `livecc status` what is current and why")
    return True
