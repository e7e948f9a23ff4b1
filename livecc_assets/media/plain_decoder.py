"""Decoding everything from a key frame on: for files whose packets do not tell which frame they hold."""

from collections.abc import Iterator
from contextlib import suppress

import av.error
from av.video.frame import VideoFrame

from livecc_assets.media.frame_table import FrameTable
from livecc_assets.media.stream import Source, stamp


class PlainDecoder:
    """One frame after the other: on from the last one where that pays, from a key frame else."""

    def __init__(self, source: Source, table: FrameTable) -> None:
        self._source, self._table = source, table
        self._decoder: Iterator[VideoFrame] | None = None
        self._position = -1

    def restart(self) -> None:
        """Forgets the place: somebody else has moved the file."""
        self._decoder = None

    def picture(self, index: int) -> VideoFrame | None:
        """The frame; None when the stream ends or passes it.

        What does not come out from one place is looked for from an earlier one: the key frame, the one before it, the start.
        Raises FFmpegError when a packet on the way cannot be decoded, also from the start.
        """
        if self._decoder is not None and self._table.key_before(index) - 1 <= self._position < index:
            with suppress(av.error.FFmpegError):
                if picture := self._advance(index):
                    return picture
        key = self._table.key_before(index)
        for place in dict.fromkeys((key, self._table.key_before(max(0, key - 1)))):
            with suppress(av.error.FFmpegError):
                self._source.container.seek(int(self._table.ticks[place]), stream=self._source.stream, backward=True)
                if picture := self._from_here(index):
                    return picture
        self._source.reopen()
        return self._from_here(index)

    def _from_here(self, index: int) -> VideoFrame | None:
        self._decoder, self._position = iter(self._source.container.decode(self._source.stream)), -1
        return self._advance(index)

    def _advance(self, index: int) -> VideoFrame | None:
        """The frame, None when the stream ends or passes it: a demuxer may also seek too far."""
        assert self._decoder is not None
        for frame in self._decoder:
            counting = self._table.counted and self._position >= 0
            found = self._position + 1 if counting else self._table.index(stamp(frame))
            if found is None:
                continue
            self._position = found
            if found >= index:
                return frame if found == index else None
        self._decoder = None
        return None
