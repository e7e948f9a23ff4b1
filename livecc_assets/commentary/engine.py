"""The streaming commentary engine: a model and its processor, videos in, utterances out (method 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livecc_assets.commentary.blocks import Clip, clip_origin, read_blocks
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.commentary.session import Block, Session
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import MediaError
from livecc_assets.models.qwen2_vl import Processor, load_model, load_processor

__all__ = ["Clip", "CommentaryConfig", "Engine", "Utterance", "comment_clips", "comment_video", "load_engine"]


@dataclass(frozen=True)
class Engine:
    """A loaded model. It carries no stream's state: any number of sessions may share it."""

    model: Any
    processor: Processor


def load_engine(folder: Path | str, device: str = "cpu", dtype: str | None = None) -> Engine:
    """Load a Qwen2-VL checkpoint folder; raises UserError naming what is missing."""
    return Engine(load_model(folder, device, dtype), load_processor(folder))


def comment_video(
    engine: Engine,
    uri: str,
    start: float | None = None,
    end: float | None = None,
    query: str = DEFAULT_QUERY,
    config: CommentaryConfig | None = None,
) -> Iterator[Utterance]:
    """Comment on a video as it goes: one utterance an interval, as soon as it is spoken.

    Silent intervals come with empty text unless ``config.skip_silent``. Raises MediaError when the video cannot be
    read, at the first block or later.
    """
    config = config or CommentaryConfig()
    clip = Clip(uri, start, end, query)
    group = Group(engine, [Session(engine.processor, config, query)])
    for block in read_blocks(clip, config):
        interval = group.step([block])[0]
        if interval.text or not config.skip_silent:
            yield Utterance(clip_origin(clip) + interval.start_s, clip_origin(clip) + interval.end_s, interval.text)


class _Row:
    """One clip on its way through a group."""

    def __init__(self, number: int, clip: Clip, config: CommentaryConfig) -> None:
        self.number, self.clip = number, clip
        self._blocks = read_blocks(clip, config)
        self.said: list[Utterance] = []
        self.error: MediaError | None = None

    def next_block(self) -> Block | None:
        """The next block; None at the end or after a file turned out unreadable (``error`` is set)."""
        try:
            return next(self._blocks, None)
        except MediaError as error:
            self.error = error
            return None

    @property
    def result(self) -> list[Utterance] | MediaError:
        return self.error or self.said


def comment_clips(
    engine: Engine,
    clips: Sequence[Clip],
    config: CommentaryConfig,
    batch_size: int = 8,
    seeds: Sequence[int] | None = None,
) -> Iterator[tuple[int, list[Utterance] | MediaError]]:
    """Comment on many clips, ``batch_size`` of them side by side; yields (index of the clip, result) as they end.

    Every clip is commented on as if it were alone; side by side only spares time, most for small models. A clip that
    cannot be read yields the MediaError, and the others go on. Each has its own seed: ``seeds``, or ``config.seed`` + index.
    """
    seeds = seeds or range(config.seed, config.seed + len(clips))
    by_length = sorted(range(len(clips)), key=lambda i: (clips[i].end or 0.0) - (clips[i].start or 0.0))
    for first in range(0, len(by_length), max(1, batch_size)):
        yield from _comment_group(engine, clips, by_length[first : first + max(1, batch_size)], config, seeds)


def _comment_group(
    engine: Engine, clips: Sequence[Clip], numbers: Sequence[int], config: CommentaryConfig, seeds: Sequence[int]
) -> Iterator[tuple[int, list[Utterance] | MediaError]]:
    rows = [_Row(number, clips[number], config) for number in numbers]
    group = Group(engine, [Session(engine.processor, config, r.clip.query, seeds[r.number]) for r in rows])
    while rows:
        blocks = [row.next_block() for row in rows]
        left = [index for index, block in enumerate(blocks) if block is not None]
        if len(left) < len(rows):
            yield from ((rows[i].number, rows[i].result) for i, block in enumerate(blocks) if block is None)
            rows = [rows[index] for index in left]
            if not rows:
                return
            group.keep(left)
        for row, interval in zip(rows, group.step([block for block in blocks if block is not None]), strict=True):
            origin = clip_origin(row.clip)
            if interval.text or not config.skip_silent:
                row.said.append(Utterance(origin + interval.start_s, origin + interval.end_s, interval.text))
