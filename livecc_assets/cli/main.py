"""The ``livecc`` command. Every heavy import happens inside the command that needs it."""

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from livecc_assets import __version__
from livecc_assets.cli.batch import batch as batch_commands
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.names import checked_name
from livecc_assets.graph.settings import Settings, load_settings


class _Group(click.Group):
    """Turns errors written for people into one line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (UserError, MediaError) as error:
            click.echo(f"livecc: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Group)
@click.version_option(__version__)
@click.option("--home", type=click.Path(path_type=Path), help="State folder (default: $LIVECC_HOME or ./.livecc).")
@click.option("--profile", help="Profile name or YAML file (default: $LIVECC_PROFILE or sample).")
@click.pass_context
def main(context: click.Context, home: Path | None, profile: str | None) -> None:
    """LiveCC Assets: raw videos to a scored live-commentary model, as a Dagster asset graph."""
    import os

    settings = load_settings(home, profile=profile)
    # Code that runs inside Dagster reads the environment; it has to see what was said on the command line.
    os.environ["LIVECC_HOME"] = str(settings.home)
    os.environ["LIVECC_PROFILE"] = str(settings.profile_path)
    context.obj = settings


@main.command()
@click.pass_obj
def demo(settings: Settings) -> None:
    """Run the whole graph on the embedded sample world and print the leaderboard."""
    from livecc_assets.cli.demo import run_demo

    sys.exit(0 if run_demo(settings) else 1)


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")
@click.option("--mlflow-port", default=5000, show_default=True, help="Port of the MLflow UI.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.pass_obj
def ui(settings: Settings, host: str, port: int, mlflow_port: int) -> None:
    """Start the Dagster UI (with its daemon) and the MLflow UI; Ctrl-C ends both."""
    from livecc_assets.cli.serve import serve

    serve(settings, host, port, mlflow_port)


@main.command()
@click.argument("folder")
@click.option("--batch", required=True, help="Name of the new source batch.")
@click.option("--captions", type=click.Choice(["required", "optional"]), default="optional", show_default=True)
@click.option("--category", help='Category of videos whose .info.json names none, for instance "Sports".')
@click.option(
    "--fetch", is_flag=True, help="FOLDER is a text file of http(s) addresses, one a line: download them first."
)
@click.pass_obj
def ingest(settings: Settings, folder: str, batch: str, captions: str, category: str | None, fetch: bool) -> None:
    """Register FOLDER (or s3://bucket/prefix) of videos as a source batch with a selection of its own."""
    from livecc_assets.orchestration.batches import register

    checked_name(batch)
    if fetch:
        from livecc_assets.source.fetch_list import fetch_list

        downloads = settings.home / "fetched" / batch
        for line in fetch_list(Path(folder), downloads):
            click.echo(line, err=True)
        folder = str(downloads)
    elif folder.startswith(("http://", "https://")) or Path(folder).is_file():
        raise UserError(
            f"{folder}: no folder. Nothing is downloaded unless you ask for it: write the addresses into a text file, one a "
            "line, and name that with --fetch"
        )
    for line in register(settings, folder, batch, captions, category):
        click.echo(line)


main.add_command(batch_commands)


def _job_command(name: str, argument: str, text: str) -> None:
    @main.command(name, help=text)
    @click.argument("partition", metavar=argument)
    @click.option("--force", is_flag=True, help="Compute again what already stands.")
    @click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
    @click.pass_obj
    def command(settings: Settings, partition: str, force: bool, as_json: bool) -> None:
        from livecc_assets.orchestration.runs import open_instance, run_job

        with open_instance(settings) as instance:
            if name == "select" and settings.store().current("evaluation_videos", "all") is None:
                # No set is selected before it is known which videos must stay out of it.
                click.echo(run_job(instance, "livesports", only=["evaluation_videos"]).line())
            outcome = run_job(instance, name, partition, {"livecc/force": "true"} if force else None)
        click.echo(json.dumps(asdict(outcome)) if as_json else outcome.line())
        sys.exit(0 if outcome.ok else 1)


_job_command("curate", "BATCH", "Curate one source batch: source, clips, scores.")
_job_command("select", "SELECTION", "Make the training sets of one selection.")
_job_command("train", "EXPERIMENT", "Train both stages of one experiment.")
_job_command("evaluate", "EXPERIMENT", "Comment, judge and score with one experiment's model.")


@main.command()
@click.argument("video")
@click.option("--model", required=True, help="Experiment name, folder, s3://…, hub:owner/name or embedded:name.")
@click.option("--query", default="Please describe the video.", show_default=True)
@click.option("--format", "form", type=click.Choice(["vtt", "jsonl", "html"]), default="vtt", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.pass_obj
def comment(settings: Settings, video: str, model: str, query: str, form: str, output: Path) -> None:
    """Comment VIDEO second by second, from what is visible so far."""
    from livecc_assets.cli.comment import comment as comment_video
    from livecc_assets.runtime.progress import Progress

    config = {**settings.profile["commentary"], "video": settings.profile["video"]}
    reference = _model(settings, model)
    progress = Progress("comment")
    words = comment_video(video, reference, query, form, output, config, progress, settings.home, model_name=model)
    progress.close()
    click.echo(f"{output}: {words} words", err=str(output) == "-")


def _model(settings: Settings, name: str) -> str:
    """An experiment's newest checkpoint by its name; anything else is a model reference already."""
    if not re.fullmatch(r"[\w.-]+", name) or Path(name).is_dir():
        return name
    store = settings.store()
    found = store.current("livecc_instruct", name) or store.current("livecc_base", name)
    if found is not None:
        from livecc_assets.models.checkpoint import checkpoint_folder

        return str(checkpoint_folder(found, settings.home))
    known = ", ".join(store.partitions("livecc_instruct")) or "none yet; run `livecc train EXPERIMENT`"
    raise UserError(f"--model {name}: no such folder and no trained experiment of that name (trained: {known})")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the machine-readable document.")
@click.pass_obj
def leaderboard(settings: Settings, as_json: bool) -> None:
    """Print the leaderboard."""
    from livecc_assets.evaluation.leaderboard import render

    found = settings.store().current("leaderboard", "all")
    if found is None:
        raise UserError(
            "there is no leaderboard yet; run `livecc demo`, or evaluate an experiment and run the job leaderboard"
        )
    document = json.loads(found.path("leaderboard.json").read_text("utf-8"))
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        render(document)


@main.command()
@click.option("--json", "as_json", is_flag=True)
@click.option("--all", "everything", is_flag=True, help="Also list what is current.")
@click.pass_obj
def status(settings: Settings, as_json: bool, everything: bool) -> None:
    """What is current, stale or missing, and why."""
    from livecc_assets.graph.plan import standings
    from livecc_assets.orchestration.steps import STEPS

    found = standings(STEPS, settings, settings.store())
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found], indent=1))
        return
    for one in found:
        if everything or one.state != "current":
            click.echo(f"{one.state:8} {one.asset}[{one.partition}]  {one.why}")
    current = sum(one.state == "current" for one in found)
    click.echo(f"{current} of {len(found)} current")


@main.command()
@click.option(
    "--older-than", "hours", default=24.0, show_default=True, help="Leave files younger than this many hours."
)
@click.option(
    "--messages-older-than",
    "days",
    default=30.0,
    show_default=True,
    help="Leave messages and logs of workers that said something in these many days.",
)
@click.option("--delete", is_flag=True, help="Delete; without it the garbage is only listed.")
@click.pass_obj
def gc(settings: Settings, hours: float, days: float, delete: bool) -> None:
    """List or delete stored bytes that no manifest names (killed or losing writers) and old messages of workers."""
    from livecc_assets.store.garbage import collect

    removed = list(collect(settings.store(), hours * 3600, delete, days * 86400))
    for item in removed:
        click.echo(f"{item.size:>12}  {item.key}")
    click.echo(
        f"{len(removed)} objects, {sum(item.size for item in removed)} bytes {'deleted' if delete else 'are garbage'}"
    )


@main.command()
@click.argument("asset")
@click.argument("partition", default="all")
@click.option("--kind", type=click.Choice(["filtered", "error"]), help="Only this kind.")
@click.pass_obj
def rejected(settings: Settings, asset: str, partition: str, kind: str | None) -> None:
    """List the rows that a stage filtered or could not use, with the reasons."""
    found = settings.store().current(asset, partition)
    if found is None:
        raise UserError(f"{asset}[{partition}] was never materialised; see `livecc status`")
    for row in found.rejected():
        if kind in (None, row["kind"]):
            click.echo(f"{row['kind']:8} {row['reason']:24} {row['id']}: {row['detail']}")


@main.command()
@click.argument("asset", type=click.Choice(["live_cc", "live_whisperx"]))
@click.argument("selection")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--released", is_flag=True, help="Escape and count characters as the published files do.")
@click.pass_obj
def export(settings: Settings, asset: str, selection: str, output: Path, released: bool) -> None:
    """Write a training set as the published JSON Lines format with its seek index."""
    from livecc_assets.live_cc.records import write_records
    from livecc_assets.store.videos import Videos

    found = settings.store().current(asset, selection)
    if found is None:
        raise UserError(f"{asset}[{selection}] was never materialised; run `livecc select {selection}`")
    address_of = Videos(found.blobs).address
    count = write_records(found.rows(), output, "released" if released else "corrected", address_of)
    click.echo(f"{output}: {count} records")


@main.command()
@click.argument("asset")
@click.argument("partition", default="all")
@click.pass_obj
def lineage(settings: Settings, asset: str, partition: str) -> None:
    """Print what an artifact was made from, back to the source batches."""
    from livecc_assets.store.lineage import tree

    for line in tree(settings.store(), asset, partition):
        click.echo(line)


@main.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """What this machine has, and the remedy for what it lacks."""
    from livecc_assets.cli.doctor import report

    sys.exit(report(settings.home, settings.root, as_json))
