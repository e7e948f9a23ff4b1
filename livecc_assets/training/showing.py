"""One clip as the model sees it in training: its turns, tokens, labels and positions, for people to look at (method 2.2)."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.media.budget import PixelBudget, video_size
from livecc_assets.media.frames import Video
from livecc_assets.media.sampling import strict_samples
from livecc_assets.training.interleave import Turn, interleave

if TYPE_CHECKING:
    from livecc_assets.graph.settings.video import Video as VideoSettings
    from livecc_assets.models.qwen2_vl import Processor

#: Longer side of a thumbnail in pixels, and most of them on a page.
_SIDE, _MOST = 160, 600


@dataclass(frozen=True)
class SeenClip:
    """Turns of a clip, and height and width that its frames are resized to."""

    turns: list[Turn]
    size: tuple[int, int]


def see(
    uri: str,
    words: Sequence[Mapping[str, Any]],
    start: float | None,
    end: float | None,
    settings: VideoSettings,
    rule: Rule,
) -> SeenClip:
    """What training makes of a clip, without decoding its frames.

    Raises MediaError and UnusableClipError as training does.
    """
    with Video.open(uri) as video:
        ends, begin = video.clock(rule)
        samples = strict_samples(ends, start, end, settings.fps, settings.max_frames, rule=rule, begin=begin)
        turns = interleave(ends, samples.indices, words, start, rule, times=samples.times)
        try:
            size = video_size(len(samples.indices), video.height, video.width, PixelBudget.of(settings))
        except ValueError as error:
            raise MediaError("malformed", f"{video.name}: {error}") from error
    return SeenClip(turns, size)


def document(clip: SeenClip, context: str, processor: Processor) -> dict[str, Any]:
    """Turns, ids, label spans [start, end), grids [turns, 3], positions [3, S] (time, row, column) and the position offset."""
    from livecc_assets.training.positions import mrope_positions
    from livecc_assets.training.sequence import IGNORED, encode, label_mask, stream_text

    patches = [side // processor.patch_size for side in clip.size]
    grids = [(len(turn.frames) // processor.temporal_patch_size, patches[0], patches[1]) for turn in clip.turns]
    ids = encode(stream_text(clip.turns, context), grids, processor)
    positions, following = mrope_positions(ids, grids, processor)
    learnt = (label_mask(ids, processor) != IGNORED).tolist()
    return {
        "turns": [{"user": turn.text, "frames": turn.frames, "assistant": turn.speech} for turn in clip.turns],
        "input_ids": ids.tolist(),
        "label_spans": list(_spans(learnt)),
        "video_grid_thw": [list(grid) for grid in grids],
        "position_ids": positions.tolist(),
        "rope_delta": following - len(ids),
    }


def page(uri: str, clip: SeenClip, context: str, about: Mapping[str, Any], title: str) -> str:
    """One HTML file: the frames of each turn over its words. Everything that comes from outside is escaped.

    Raises MediaError for a video whose frames cannot be decoded.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    used = sorted({index for turn in clip.turns for index in turn.frames})
    step = max(1, -(-len(used) // _MOST))
    pictures = dict(_thumbnails(uri, used[::step]))
    turns = [
        {
            "time": turn.text,
            "words": turn.words,
            "speech": turn.speech,
            "pictures": [(index, pictures[index]) for index in turn.frames if index in pictures],
        }
        for turn in clip.turns
    ]
    learnt = sum(end - start for start, end in about["label_spans"])
    facts = {
        "turns": len(turns),
        "frames": sum(len(turn.frames) for turn in clip.turns),
        "each": f"{clip.size[1]}x{clip.size[0]}",
        "tokens": len(about["input_ids"]),
        "learnt": learnt,
    }
    templates = Environment(
        loader=PackageLoader("livecc_assets.training", "."), autoescape=True, undefined=StrictUndefined
    )
    return templates.get_template("sequence.html").render(title=title, context=context, turns=turns, facts=facts)


def _spans(learnt: Sequence[bool]) -> Iterator[list[int]]:
    """[start, end) of each run of learnt tokens."""
    start: int | None = None
    for place, one in enumerate([*learnt, False]):
        if one and start is None:
            start = place
        elif not one and start is not None:
            yield [start, place]
            start = None


def _thumbnails(uri: str, indices: Sequence[int]) -> Iterator[tuple[int, str]]:
    from PIL import Image

    with Video.open(uri) as video:
        for index, pixels in video.each(indices):
            picture = Image.fromarray(pixels)
            picture.thumbnail((_SIDE, _SIDE))
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=70)
            yield index, base64.b64encode(file.getvalue()).decode()
