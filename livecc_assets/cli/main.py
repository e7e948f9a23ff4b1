"""The ``livecc`` command: its commands by name, its own options, and the exit codes.

Exit code 0: done; 1: something that the user can mend, said in one line; 2: wrong usage; 130: interrupted.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from livecc_assets import __version__
from livecc_assets.cli.lazy import Entry, LazyGroup
from livecc_assets.cli.saying import say
from livecc_assets.core.ending import leave_threads
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.redaction import redact
from livecc_assets.core.shortage import as_line  # here: without open files or memory nothing can be imported any more

#: What shells report of a command that Ctrl-C ended: 128 and the number of SIGINT.
INTERRUPTED = 130

#: Commands that read no state; `doctor` tells what is wrong with it as a finding, `chat` opens it for an experiment's name alone.
WITHOUT_STATE = ("chat", "clip", "config", "doctor", "inspect", "score", "sequence")

_HERE = "livecc_assets.cli"
#: A new command is one line here. The sentence is the first one of the command's own help.
COMMANDS = {
    "batch": Entry(f"{_HERE}.batch:batch", "Source batches: move one to another folder or bucket, or retire one."),
    "chat": Entry(f"{_HERE}.chatting:chat", "Answer questions about VIDEO, one after the other."),
    "clip": Entry(
        f"{_HERE}.clipping:clip",
        "Cut the words of IN.jsonl into clips, a line each in OUT.jsonl: rows as the release has them, in and out.",
    ),
    "comment": Entry(f"{_HERE}.commenting:comment", "Comment VIDEO second by second, from what is visible so far."),
    "compare": Entry(
        f"{_HERE}.compare:compare",
        "Show one video and under it the commentary of several checkpoints, on one page.",
    ),
    "config": Entry(f"{_HERE}.config:config", "Check the settings files, or print what may stand in them."),
    "curate": Entry(f"{_HERE}.running:curate", "Curate one source batch: source, clips, scores."),
    "demo": Entry(
        f"{_HERE}.running:demo", "Run the whole graph on the embedded sample world and print the leaderboard."
    ),
    "doctor": Entry(f"{_HERE}.upkeep:doctor", "What this machine has, and the remedy for what it lacks."),
    "evaluate": Entry(
        f"{_HERE}.evaluating:evaluate",
        "Comment, judge and score with one experiment's model, or with a model as it is.",
    ),
    "export": Entry(
        f"{_HERE}.exporting:export",
        "Write a training set as the published JSON Lines format with its seek index.",
    ),
    "gc": Entry(
        f"{_HERE}.upkeep:gc",
        "List or delete what nothing needs: bytes that no manifest names, old messages, runs and retired batches.",
    ),
    "ingest": Entry(
        f"{_HERE}.ingesting:ingest",
        "Register FOLDER (or s3://bucket/prefix) of videos as a source batch with a selection of its own.",
    ),
    "inspect": Entry(
        f"{_HERE}.inspecting:inspect",
        "Show what the pipeline reads in FILE, a video or a caption file: frames, words, and what is wrong with them.",
    ),
    "judge": Entry(
        f"{_HERE}.judging:judge", "Judge two files of commentary against the human words, outside any experiment."
    ),
    "leaderboard": Entry(
        f"{_HERE}.board:leaderboard",
        "Show what was measured here, beside what was published, with intervals and tests.",
    ),
    "lineage": Entry(f"{_HERE}.looking:lineage", "Print what an artifact was made from, back to the source batches."),
    "livesports": Entry(f"{_HERE}.livesports:livesports", "A LiveSports of your own: review what was proposed."),
    "rejected": Entry(
        f"{_HERE}.looking:rejected", "List the rows that a stage filtered or could not use, with the reasons."
    ),
    "score": Entry(
        f"{_HERE}.scoring:score",
        "Recompute scores from result files, published ones or your own, with intervals.",
    ),
    "select": Entry(f"{_HERE}.running:select", "Make the training sets of one selection."),
    "sequence": Entry(
        f"{_HERE}.sequencing:sequence",
        "Show one clip as the model sees it in training: VIDEO's frames and the words said over them, turn by turn.",
    ),
    "serve": Entry(
        f"{_HERE}.serving:serve",
        "Show the live page: viewers bring a video, an address or a camera, and models comment it.",
    ),
    "status": Entry(f"{_HERE}.looking:status", "What is current, stale or missing, and why."),
    "train": Entry(f"{_HERE}.running:train", "Train both stages of one experiment."),
    "verify": Entry(
        f"{_HERE}.upkeep:verify",
        "Read every stored artifact and compare it with its manifest: files, sizes and sha256.",
    ),
    "ui": Entry(f"{_HERE}.running:ui", "Start the Dagster UI (with its daemon) and the MLflow UI; Ctrl-C ends both."),
}


class _Livecc(LazyGroup):
    """Tells errors written for people in one line, and an interrupt in its exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with _in_one_line():  # the list of commands is printed before anything is invoked
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _in_one_line():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nlivecc: interrupted", err=True)
            leave_threads(INTERRUPTED)
            sys.exit(INTERRUPTED)


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise  # click's own, and the end of `| head`
    except Exception as error:
        told = as_line(error) or error
        if not isinstance(told, UserError | MediaError):
            raise
        for line in f"livecc: {redact(str(told))}".splitlines():  # the end of a worker's output has several
            say(line, err=True)
        sys.exit(1)


@click.group(cls=_Livecc, registry=COMMANDS)
@click.version_option(__version__)
@click.option("--home", type=click.Path(path_type=Path), help="State folder (default: $LIVECC_HOME or ./.livecc).")
@click.option("--profile", help="Profile name or YAML file (default: $LIVECC_PROFILE or sample).")
@click.pass_context
def main(context: click.Context, home: Path | None, profile: str | None) -> None:
    """LiveCC Assets: raw videos to a scored live-commentary model, as a Dagster asset graph."""
    from livecc_assets.graph.settings import load_settings

    # No process that this one starts imports from the current folder: a yaml.py beside somebody's videos is no library.
    os.environ["PYTHONSAFEPATH"] = "1"
    settings = load_settings(home, profile=profile)
    # Code that runs inside Dagster reads the environment; it has to see what was said on the command line.
    os.environ["LIVECC_HOME"] = str(settings.home)
    os.environ["LIVECC_PROFILE"] = str(settings.profile_path)
    context.obj = settings
    if context.invoked_subcommand not in WITHOUT_STATE and "--help" not in context.args:
        from livecc_assets.store.layout import check_folder

        if "://" not in settings.root:  # a root elsewhere is asked by whoever opens it
            check_folder(Path(settings.root))
