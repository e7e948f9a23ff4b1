"""From a live source to the blocks that a session is shown, each as soon as its last picture is over (method 3.8)."""

from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from livecc_assets.commentary.blocks import FIRST_FRAMES, NEXT_FRAMES, Clip, read_blocks
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.filling import Filling
from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.display import displayed
from livecc_assets.media.live_address import Address, LiveReport, Waits, file_address, live_address
from livecc_assets.media.live_picks import Picks
from livecc_assets.media.live_queue import ahead
from livecc_assets.media.live_source import LiveSource
from livecc_assets.media.live_stop import Stop
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, decoding
from livecc_assets.store.uris import local_path

#: What is done to a block in the thread that reads it, such as ``Looker.look``.
Look = Callable[[Block], Block]
#: Blocks read ahead of the model: of a source that waits, and of one in real time, which are then skipped.
_AHEAD, _AHEAD_LIVE = 3, 10


def blocks_as_they_come(
    clip: Clip, config: CommentaryConfig, report: LiveReport | None = None, look: Look | None = None
) -> Iterator[Block]:
    """The blocks of any source, without waiting for its end; a file is read as it lies there or grows.

    ``look`` is done to each block ahead of who takes it.

    What needs a table of the whole file (a start, evaluation's frame sizes, the published rule) is read by ``read_blocks``.
    Raises UserError where that is asked for of a stream; what ``live_blocks`` and ``read_blocks`` raise.
    """
    address = live_address(clip.uri)
    whole = "start" if clip.start else "rule: released" if config.rule == "released" else ""
    whole = whole or (f"mode: {config.mode}" if config.mode != "streaming" else "")
    if address is not None and whole:
        raise UserError(
            f"{address.name} is a stream, and `{whole}` needs a file; leave it out or record the stream first"
        )
    if address is None and whole:
        blocks = read_blocks(clip, config)
        return ahead(_looked_at(blocks, look), 1, lambda: None) if look else blocks
    return live_blocks(address or file_address(local_path(clip.uri)), config, clip.end, report, look=look)


def live_blocks(
    address: Address,
    config: CommentaryConfig,
    end: float | None = None,
    report: LiveReport | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
    waits: Waits | None = None,
    look: Look | None = None,
    stop: Stop | None = None,
) -> Generator[Block]:
    """Blocks of 6 frames, then of 2, from the source's first picture to its end or to ``end`` seconds.

    They are made in a thread, a few ahead of the caller. A source in real time that is further ahead is joined at its newest;
    what was skipped is counted in ``report``. When ``stop`` is set, by whatever thread, nothing more comes. A break of the
    source loses no block that was full. Raises what ``LiveSource.shown`` raises, after every block that came before.
    """
    report = report or LiveReport()
    source = LiveSource(address, limits, waits, report, stop)

    def skipped(block: Block) -> None:
        report.skipped += 1
        at = block.origin_s + block.start_s
        report.tell(f"{address.name}: the model is late; what was shown from {at:.1f} s on for a block is skipped")

    blocks = _blocks(source, config, end)
    if look is not None:
        blocks = _looked_at(blocks, look)
    if address.real_time:
        yield from ahead(blocks, _AHEAD_LIVE, source.interrupt, skipped, stop)
    else:
        yield from ahead(blocks, _AHEAD, source.interrupt, None, stop)


def _looked_at(blocks: Iterator[Block], look: Look) -> Generator[Block]:
    try:
        for block in blocks:
            yield look(block)
    finally:
        if isinstance(blocks, Generator):
            blocks.close()


def _blocks(source: LiveSource, config: CommentaryConfig, end: float | None) -> Iterator[Block]:
    def pixels(picture: _Picture) -> NDArray[np.uint8]:
        with decoding(source.address.name):
            return displayed(picture.frame, picture.width, picture.height)

    filling = Filling(config, source.address.name, pixels)
    picks: Picks[_Picture] | None = None
    fault: MediaError | None = None
    shown = source.shown()
    while picks is None or not picks.done:
        try:
            item = next(shown, None)
        except MediaError as error:
            fault = error
            break
        if item is None:
            break
        if picks is None:
            picks = Picks(config.fps, source.late, end, FIRST_FRAMES, NEXT_FRAMES)
        picture = _Picture(item.picture, source.width, source.height) if item.picture is not None else None
        for pick in picks.see(item.start_s, picture, item.hole, item.known_s):
            yield from filling.take(pick, source.late)
    yield from filling.rest(source.late)
    if fault is not None:
        raise fault
    if picks is not None:
        picks.check()


class _Picture(NamedTuple):
    """A decoded picture and its size as displayed, which may change when a source is opened again."""

    frame: VideoFrame
    width: int
    height: int
