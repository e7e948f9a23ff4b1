"""Commands that run the graph: ``demo ui curate select train``."""

import json
import sys
from dataclasses import asdict
from typing import NoReturn

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings


@click.command()
@click.pass_obj
def demo(settings: Settings) -> None:
    """Run the whole graph on the embedded sample world and print the leaderboard."""
    from livecc_assets.cli.demo import run_demo

    sys.exit(0 if run_demo(settings) else 1)


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")
@click.option("--mlflow-port", default=5000, show_default=True, help="Port of the MLflow UI.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address; away from loopback the pages ask for a token."
)
@click.pass_obj
def ui(settings: Settings, host: str, port: int, mlflow_port: int) -> None:
    """Start the Dagster UI (with its daemon) and the MLflow UI; Ctrl-C ends both."""
    from livecc_assets.cli.serve import serve

    serve(settings, host, port, mlflow_port)


def _job_command(name: str, argument: str, text: str) -> click.Command:
    @click.command(name, help=text)
    @click.argument("partition", metavar=argument)
    @click.option("--force", is_flag=True, help="Compute again what already stands.")
    @click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
    @click.pass_obj
    def command(settings: Settings, partition: str, force: bool, as_json: bool) -> None:
        run_partition(settings, name, argument, partition, force, as_json)

    return command


def run_partition(settings: Settings, name: str, argument: str, partition: str, force: bool, as_json: bool) -> NoReturn:
    """Run one partition of the job ``name``, tell the outcome and end; ``argument`` is what the partition is called."""
    from livecc_assets.definitions import defs
    from livecc_assets.orchestration.runs import open_instance, run_job

    if not partition.strip():
        raise UserError(f"no {argument} is named; see `livecc status --all`")
    if name == "select" and partition not in settings.selections:  # before anything is made for it
        why = settings.why_invalid(partition) or f"select: no partition named {partition}; see `livecc status`"
        raise UserError(why)
    only = _named_scores(settings) if name == "evaluate" else None
    with open_instance(settings) as instance:
        if name == "select" and settings.store().current("evaluation_videos", "all") is None:
            # No set is selected before it is known which videos must stay out of it.
            say(run_job(defs, instance, "livesports", only=["evaluation_videos"]).line(), err=as_json)
        outcome = run_job(defs, instance, name, partition, {"livecc/force": "true"} if force else None, only)
    click.echo(json.dumps(asdict(outcome)) if as_json else outcome.line())
    sys.exit(0 if outcome.ok else 1)


def _named_scores(settings: Settings) -> list[str] | None:
    """The scores whose questions the profile names, where it does not name all; what is left out is said."""
    from livecc_assets.evaluation.naming import BENCHMARKS
    from livecc_assets.evaluation.preflight import COMMENTED, QA, unnamed

    if not (left := unnamed(settings.profile)):
        return None
    for score, how in left.items():
        say(f"left out: {score}; {how}, beside --checkpoint, or in the profile", err=True)
    return [score for score in (*COMMENTED, QA, *(f"{name}_score" for name in BENCHMARKS)) if score not in left]


curate = _job_command("curate", "BATCH", "Curate one source batch: source, clips, scores.")
select = _job_command("select", "SELECTION", "Make the training sets of one selection.")
train = _job_command("train", "EXPERIMENT", "Train both stages of one experiment.")
