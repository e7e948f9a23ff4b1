"""The command that comments one video: ``comment``."""

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings

#: What shells report of a command that SIGTERM ended.
TERMINATED = 128 + signal.SIGTERM


@click.command()
@click.argument("video")
@click.option("--model", required=True, help="Experiment name, folder, s3://…, hub:owner/name or embedded:name.")
@click.option("--query", default="Please describe the video.", show_default=True)
@click.option("--format", "form", type=click.Choice(["vtt", "jsonl", "html", "mp4"]), default="vtt", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--start", type=float, help="First second to comment on.")
@click.option("--end", type=float, help="Last second to comment on.")
@click.option("--live", is_flag=True, help="Play the video in real time: frames are shown when a viewer sees them.")
@click.option(
    "--late",
    type=click.Choice(["catch-up", "skip"]),
    default="catch-up",
    show_default=True,
    help="With --live, when the model is too slow: comment everything late, or skip intervals that are over.",
)
@click.option("--fps", type=float, help="Frames shown a second. Default: the profile's.")
@click.option("--device", help="cpu, cuda or cuda:N. Default: the profile's.")
@click.option("--seed", type=int, help="Draw the words with this seed. Default: the likeliest words.")
@click.option(
    "--eviction",
    type=click.Choice(["window", "paper", "none"]),
    help="What a long stream forgets. Default: the profile's.",
)
@click.option(
    "--eos-threshold",
    metavar="BASE[:STEP]",
    help="Least probability at which the model may fall silent, and what each token adds to it. The higher, the more it talks.",
)
@click.option("--max-words-per-second", type=float, help="End an interval at so many words a second; 0: no bound.")
@click.option(
    "--speak",
    type=click.Choice(["ducked", "alone"]),
    help="With --format mp4, speak the words by espeak-ng, espeak or piper: over the video's sound made quiet, or alone.",
)
@click.option("--voice", help="With --speak, a voice of espeak's, or the .onnx file of one of piper's.")
@click.pass_obj
def comment(
    settings: Settings,
    video: str,
    model: str,
    query: str,
    form: str,
    output: Path,
    start: float | None,
    end: float | None,
    live: bool,
    late: str,
    speak: str | None,
    voice: str | None,
    **options: Any,
) -> None:
    """Comment VIDEO second by second, from what is visible so far.

    The output grows line by line, and an interrupt keeps what was said. A page (html) holds the video. A film (mp4) has the
    words in its pictures and as a subtitle track; both are written at the end.

    VIDEO is a file (one that is still written, too), a FIFO, - for standard input, an http(s):// or rtsp(s):// address or a
    camera such as /dev/video0.
    """
    from livecc_assets.cli.comment import comment as comment_video
    from livecc_assets.cli.comment_options import with_options
    from livecc_assets.cli.targets import is_stdout
    from livecc_assets.runtime.progress import Progress

    config = with_options(settings.profile.commentary.as_config(), **options)
    config |= {"video": settings.profile.video.as_config()}
    reference = model_reference(settings, model)
    progress = Progress("comment")

    def notice(line: str) -> None:
        progress.close()
        say(line, err=True)

    with _terminable():
        said = comment_video(
            video,
            reference,
            query,
            form,
            output,
            config,
            progress,
            settings.home,
            start,
            end,
            model_name=model,
            late=late if live else None,
            notice=notice,
            speak=speak,
            voice=voice,
        )
    progress.close()
    say(f"{output}: {said.words} words", err=is_stdout(output))
    for line in said.lines():
        say(line, err=True)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does, so that what was said is kept."""

    def end(*_: object) -> None:
        sys.exit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def model_reference(settings: Settings, name: str) -> str:
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
