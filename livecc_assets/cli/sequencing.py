"""``livecc sequence``: one clip as the model sees it in training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livecc_assets.cli.saying import say
from livecc_assets.cli.targets import check_apart, check_target, is_stdout, target
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.text import brief
from livecc_assets.graph.settings import Settings

if TYPE_CHECKING:
    from livecc_assets.core.rules import Rule
    from livecc_assets.core.words import Word

#: Whose tokenizer is taken where no experiment of the profile names a model.
_TOKENIZER = "embedded:tiny-qwen2-vl"
_MOST_BYTES = 64 * 1024 * 1024


@click.command()
@click.argument("video", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--words",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="JSON: [[start, end, word], …].",
)
@click.option("--start", type=float, help="The clip's first second [default: the video's].")
@click.option("--end", type=float, help="The clip's last second [default: the video's].")
@click.option(
    "--context", default="", help="What the model is told before the first word: title, previous speech, a query."
)
@click.option(
    "--rules",
    type=click.Choice(["released", "corrected"]),
    required=True,
    help="As published, with the published frame limits; or as it should, with the profile's.",
)
@click.option(
    "--tokenizer", metavar="REF", help="A model folder or reference [default: what the profile's experiments train]."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print turns, ids, label spans, grids and positions as one object."
)
@click.option(
    "--html", "page_to", type=click.Path(path_type=Path), help="Write a page with the frames over their words."
)
@click.pass_obj
def sequence(
    settings: Settings,
    video: Path,
    words: Path,
    start: float | None,
    end: float | None,
    context: str,
    rules: Rule,
    tokenizer: str | None,
    as_json: bool,
    page_to: Path | None,
) -> None:
    """Show one clip as the model sees it in training: VIDEO's frames and the words said over them, turn by turn."""
    from livecc_assets.graph.settings.video import Video
    from livecc_assets.models.qwen2_vl import load_processor
    from livecc_assets.models.reference import resolve
    from livecc_assets.training.interleave import UnusableClipError
    from livecc_assets.training.showing import document, page, see

    if start is not None and end is not None and end <= start:
        raise UserError(f"--end {end:g}: not after --start {start:g}")
    check_target(page_to)
    check_apart(page_to, video)
    spoken = read_words(words)
    try:
        seen = see(str(video), spoken, start, end, Video() if rules == "released" else settings.profile.video, rules)
        found = document(seen, context, load_processor(resolve(tokenizer or _trained(settings), settings.home)))
        made = page(str(video), seen, context, found, video.name) if page_to is not None else ""
    except UnusableClipError as error:
        raise UserError(f"{video}: gives no sequence: {error.detail} ({error.reason})") from error
    except MediaError as error:
        raise UserError(f"{video}: gives no sequence: {error}") from error
    if page_to is not None:
        with target(page_to) as file:
            file.write(made)
        if not is_stdout(page_to):
            say(f"wrote {page_to}", err=True)
    if as_json:
        click.echo(json.dumps(found))
    elif page_to is None:
        _tell(found, seen.size)


def read_words(path: Path) -> list[Word]:
    """Words [start, end, word] of a JSON file. Raises UserError for a file that holds none."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has {path.stat().st_size / 2**20:.0f} MiB")
        found = json.loads(path.read_bytes())
        if not isinstance(found, list):
            raise ValueError(f"it holds no list but {type(found).__name__}")
        return [_word(one) for one in found]
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f'{path}: no list of [start, end, word] ({brief(error)}); write [[0.0, 0.4, "Hello"], …]'
        ) from error


def _word(one: Any) -> Word:
    if not isinstance(one, list) or len(one) != 3 or not isinstance(one[2], str):
        raise ValueError(f"{brief(one, 60)!r} is no word")
    if not all(isinstance(time, int | float) and not isinstance(time, bool) for time in one[:2]):
        raise ValueError(f"{brief(one, 60)!r} has no times")
    return {"start": one[0], "end": one[1], "word": one[2]}


def _trained(settings: Settings) -> str:
    """The model that the profile's experiments begin with."""
    for experiment in settings.experiments.values():
        if experiment.profile == settings.profile_name and experiment.stage1 is not None:
            return experiment.stage1.init_model
    return _TOKENIZER


def _tell(found: dict[str, Any], size: tuple[int, int]) -> None:
    learnt = sum(end - start for start, end in found["label_spans"])
    frames = sum(len(turn["frames"]) for turn in found["turns"])
    say(
        f"{len(found['turns'])} turns, {frames} frames of {size[1]}x{size[0]}, {len(found['input_ids']):,} tokens, "
        f"{learnt:,} learnt, position offset {found['rope_delta']}"
    )
    for turn in found["turns"]:
        say(f"{turn['user']:20} frames {turn['frames'][0]}-{turn['frames'][-1]}  {turn['assistant']}")
