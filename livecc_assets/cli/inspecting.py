"""The command that shows what the pipeline reads in one file: ``inspect``."""

import json
import math
from pathlib import Path
from typing import Any

import click

from livecc_assets.cli.saying import say
from livecc_assets.cli.targets import check_target
from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings import Settings


@click.command()
@click.argument("file")
@click.option("--video", help="Put the captions of FILE on the clock of this video, as a batch does.")
@click.option("--start", type=float, help="First second to show.")
@click.option("--end", type=float, help="Last second to show.")
@click.option("--rules", type=click.Choice(["released", "corrected"]), help="Default: the profile's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--strip", metavar="OUT.png", type=click.Path(path_type=Path), help="Draw the sampled frames over their times."
)
@click.option(
    "--wav", metavar="OUT.wav", type=click.Path(path_type=Path), help="Write the sound as the recogniser hears it."
)
@click.pass_obj
def inspect(
    settings: Settings,
    file: str,
    video: str | None,
    start: float | None,
    end: float | None,
    rules: Rule | None,
    as_json: bool,
    strip: Path | None,
    wav: Path | None,
) -> None:
    """Show what the pipeline reads in FILE, a video or a caption file: frames, words, and what is wrong with them.

    Seconds count from the zero of the video's clock, where a player starts.
    """
    from livecc_assets.cli import inspection

    _check_range(start, end)
    for out in (strip, wav):
        check_target(out)
    span = inspection.Span(start, end)
    rule = rules or settings.profile.caption_clips.rule
    if inspection.is_media(file):
        if video is not None:
            raise UserError(f"{file} is a video; --video names the video that a caption file belongs to")
        found = inspection.video_document(file, span, rule)
        pictured, words = file, list[Any]()
    else:
        found = inspection.captions_document(file, video, span, rule)
        pictured, words = video, found["words"]
        if pictured is None and (strip or wav):
            raise UserError(f"{file} holds captions; name the video that --strip and --wav are of with --video")
    written = []
    if strip is not None:
        written.append(inspection.draw_strip(str(pictured), span, rule, words, strip))
    if wav is not None:
        written.append(inspection.write_wav(str(pictured), span, rule, wav))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _tell(found)
    for line in written:
        say(line, err=as_json)


def _check_range(start: float | None, end: float | None) -> None:
    for name, value in (("--start", start), ("--end", end)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise UserError(f"{name} {value}: give seconds from 0 on")
    if start is not None and end is not None and end <= start:
        raise UserError(f"--end {end:g} is not after --start {start:g}")


def _tell(found: dict[str, Any]) -> None:
    """The document for people: its facts, its problems, then frames or lines."""
    if found["kind"] == "video":
        shape = f"{found['width']}x{found['height']}, {found['rate']:.4g} frames a second"
        say(f"video, {found['duration']:.2f} s, {shape}, its own clock starts at {found['start_time']:.3f} s")
        for one in found["streams"]:
            say("  stream " + ", ".join(f"{name} {value}" for name, value in one.items() if value is not None))
    else:
        count = len(found["words"])
        say(f"captions ({found['format']}), {len(found['lines'])} lines, {count} spoken words")
        if found["dropped"]:
            say("  not spoken: " + ", ".join(f"{name} ×{n}" for name, n in found["dropped"].items()))
    for problem in found["problems"]:
        say(f"  problem {problem['reason']}: {problem['detail']}")
    for frame in found.get("frames", ()):
        shown = f"shown {frame['shown_from']:.3f} to {frame['shown_until']:.3f} s"
        say(f"  {frame['time']:9.3f} s  frame {frame['index']}, {shown}")
    for line in found.get("lines", ()):
        say(f"  {line['start']:9.3f} to {line['end']:9.3f} s  {line['text']}")
    if found.get("words"):
        say("words: " + " ".join(f"{word}@{start:.1f}" for start, _, word in found["words"]))
