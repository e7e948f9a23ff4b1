"""The command that comments one video: ``comment``."""

import re
from pathlib import Path

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings


@click.command()
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

    config = settings.profile.commentary.as_config() | {"video": settings.profile.video.as_config()}
    reference = _model(settings, model)
    progress = Progress("comment")
    words = comment_video(video, reference, query, form, output, config, progress, settings.home, model_name=model)
    progress.close()
    say(f"{output}: {words} words", err=str(output) == "-")


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
