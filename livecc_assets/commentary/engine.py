"""The streaming commentary engine: a model and its processor, videos in, utterances out (method 3)."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livecc_assets.commentary.blocks import Clip, read_blocks
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.group import Group
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.live_blocks import blocks_as_they_come
from livecc_assets.commentary.looking import Looker
from livecc_assets.commentary.pacing import Pace
from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.commentary.session import Session
from livecc_assets.commentary.streams import Stream, Streams
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_address import LiveReport
from livecc_assets.models.qwen2_vl import Processor, load_model, load_processor

__all__ = ["Clip", "CommentaryConfig", "Engine", "Utterance", "comment_clips", "comment_video", "load_engine"]


@dataclass(frozen=True)
class Engine:
    """A loaded model. It carries no stream's state: any number of sessions may share it."""

    model: Any
    processor: Processor

    def open(self, query: str = DEFAULT_QUERY, context: str = "", config: CommentaryConfig | None = None) -> Stream:
        """One stream, which runs in the thread of whoever pushes frames and asks; ``Streams`` serves many at a time."""
        return Streams(self, config or CommentaryConfig(), most=1, threaded=False).open(query, context)


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
    report: LiveReport | None = None,
    pace: Pace | None = None,
) -> Iterator[Utterance]:
    """Comment on a video as it goes: one utterance an interval, as soon as it is spoken; in real time with a ``pace``.

    ``uri`` is a file or a live source (``media.live_address``); ``report`` counts what a live one went through. Silent
    intervals come with empty text unless ``config.skip_silent``. Raises MediaError when the video cannot be read, at the first
    block or later.
    """
    config = config or CommentaryConfig()
    if config.mode == "captioning":
        raise UserError(
            "mode: captioning writes one text of a benchmark's event; set commentary.mode to streaming or evaluation, or ask "
            "with `livecc chat`"
        )
    clip = Clip(uri, start, end, query)
    group = Group(engine, [Session(engine.processor, config, query)])
    clock = pace.clock if pace else time.monotonic
    looker = Looker(engine)
    blocks = blocks_as_they_come(clip, config, report, looker.look if looker.encodes else None)
    for block, there in pace.paced(blocks) if pace else ((block, clock()) for block in blocks):
        if there is None:
            yield Utterance(block.origin_s + block.start_s, block.origin_s + block.end_s, "", None, "skipped")
            continue
        interval = group.step([block])[0]
        if interval.text or not config.skip_silent:
            yield interval.spoken(block.origin_s, clock() - there)


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
        shown = [block for block in blocks if block is not None]
        ready = time.monotonic()
        intervals = group.step(shown)
        latency = time.monotonic() - ready  # who shares a step waits for all of it
        for row, block, interval in zip(rows, shown, intervals, strict=True):
            if interval.text or not config.skip_silent:
                row.said.append(interval.spoken(block.origin_s, latency))
