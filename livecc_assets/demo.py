"""``livecc demo``: the whole graph on the sample world, in order, with one progress."""

import json
import time

from rich.console import Console

from livecc_assets.batches import add_batch
from livecc_assets.errors import UserError
from livecc_assets.runs import Outcome, open_instance, run_job
from livecc_assets.settings import Settings


def _plan(settings: Settings, batches: list[str]) -> list[tuple[str, str | None]]:
    selections = sorted({name for text in settings.experiments.values() if (name := text.get("live_cc"))})
    experiments = sorted(settings.experiments)
    return [
        *(("curate", name) for name in batches),
        ("livesports", None),
        *(("select", name) for name in selections),
        *(("instructions", name) for name in sorted(settings.profile["instructions"])),
        *(("train", name) for name in experiments),
        *(("evaluate", name) for name in experiments),
        ("leaderboard", None),
    ]


def run_demo(settings: Settings) -> bool:
    """Run every job in order and print the leaderboard; False when a job failed. What stands is not recomputed."""
    from livecc_assets.benchmarks.leaderboard import render
    from livecc_assets.sample.world import build_world

    if settings.profile["name"] != "sample":
        raise UserError(f"the demo runs on the sample profile, not on {settings.profile['name']}; unset LIVECC_PROFILE")
    console, started = Console(stderr=True, highlight=False), time.monotonic()
    folders = build_world(settings.home, settings.profile)
    outcomes: list[Outcome] = []
    for name, folder in folders.items():
        add_batch(settings, str(folder), name, "required")
    plan = _plan(settings, sorted(folders))
    with open_instance(settings) as instance:
        for number, (job, partition) in enumerate(plan, 1):
            outcome = run_job(instance, job, partition)
            console.print(f"[{number}/{len(plan)}] {outcome.line()}", markup=False)
            outcomes.append(outcome)
            if not outcome.ok:
                return False
    made, served = sum(len(one.made) for one in outcomes), sum(len(one.served) for one in outcomes)
    found = settings.store().current("leaderboard", "all")
    assert found is not None, "the leaderboard job ended well without a leaderboard"
    render(json.loads(found.path("leaderboard.json").read_text("utf-8")))
    if made:
        console.print(f"{made} artefacts made, {served} already stood, in {time.monotonic() - started:.0f} s")
    else:
        console.print(f"Nothing had changed: all {served} artefacts stood, nothing was recomputed")
    console.print("Next: `livecc ui` shows the graph, its lineage and MLflow; `livecc status` what is current and why")
    return True
