"""A video as a table of frame times and an array of frames read on demand."""

from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from types import TracebackType

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.media.decoder import Decoder
from livecc_assets.media.display import display_size, displayed, refuse_hdr
from livecc_assets.media.frame_table import FrameTable
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, decoding
from livecc_assets.media.prefetch import prefetched
from livecc_assets.media.stream import Source

#: Frames decoded ahead of the caller; so many are in memory at once.
_AHEAD = 3


class Video:
    """One video stream: frame times at once, pixels on demand. A context manager; not safe across threads.

    Attributes: ``start_pts`` and ``end_pts``, float64[N] seconds in presentation order on the file's clock, between which each
    frame is shown (method 2.8); ``published_end_pts``, the frame ends by decord's clock, whose zero is the first frame;
    ``start_time``, where the file's zero is on the container's own clock; ``width``, ``height`` in pixels as displayed;
    ``fps`` frames a second on average; ``variable`` whether the frame rate varies;
    ``container_format``, FFmpeg's name of it; ``name`` for messages.
    """

    def __init__(self, source: Source) -> None:
        self.name, self.container_format, self._source = source.name, source.container.format.name, source
        table = self._table = FrameTable(source)
        refuse_hdr(self.name, source.stream, table.first)
        self.width, self.height = display_size(source.stream, table.first)
        if self.width * self.height > source.limits.frame_pixels:
            detail = f"{self.name} is shown at {self.width}x{self.height}, above {source.limits.frame_pixels} pixels"
            raise MediaError("too_many_pixels", detail)
        self.start_pts, self.end_pts, self.start_time = table.start_pts, table.end_pts, table.start_time
        self.published_end_pts = table.published_end_pts
        self.fps, self.variable = table.fps, table.variable
        self._decoder = Decoder(source, table)
        self._reading: Generator[tuple[int, VideoFrame]] | None = None

    @classmethod
    def open(cls, uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> "Video":
        """Opens the best video stream and reads its table of frame times, without decoding.

        Raises MediaError: what open_media raises; no_video when there is no picture; hdr; undecodable; broken_clock;
        too_many_frames and too_long for what the headers kept back.
        """
        source = Source(uri, limits)
        try:
            with decoding(source.name):
                return cls(source)
        except BaseException:
            source.close()
            raise

    def __enter__(self) -> "Video":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._stop()
        self._source.close()

    def __len__(self) -> int:
        return len(self.end_pts)

    @property
    def duration(self) -> float:
        """Seconds from the file's zero to the end of the last frame."""
        return float(self.end_pts[-1])

    def clock(self, rule: Rule) -> tuple[NDArray[np.float64], float]:
        """(Frames' end times, when the first frame is shown): by the file's clock or, as published, by decord's (method 2.8)."""
        return (self.published_end_pts, 0.0) if rule == "released" else (self.end_pts, float(self.start_pts[0]))

    def frames(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """RGB frames [T, H, W, 3] of the given presentation indices, non-decreasing; an index may repeat.

        All of them are in memory at once; :meth:`each` keeps a few. Raises what it raises.
        """
        out = np.empty((len(indices), self.height, self.width, 3), dtype=np.uint8)
        for row, (_, pixels) in enumerate(self.each(indices)):
            out[row] = pixels
        return out

    def each(self, indices: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """(index, RGB pixels [H, W, 3]) one after the other for the given presentation indices, non-decreasing.

        Only what the wanted frames need is decoded, a few frames ahead of the caller; the pixels are those of decoding the
        whole file. Another reading of this video ends this one. Raises MediaError("undecodable") when a frame cannot be
        decoded, IndexError and ValueError for impossible indices.
        """
        if any(b < a for a, b in pairwise(indices)):
            raise ValueError("frame indices must not decrease")
        for index in indices:
            if not 0 <= index < len(self):
                raise IndexError(f"frame {index} of {len(self)}")
        self._stop()
        pictures = self._decoder.pictures(list(dict.fromkeys(indices)))
        # A thread does not pay for a frame or two.
        self._reading = prefetched(pictures, _AHEAD) if len(indices) > _AHEAD else pictures
        return self._pixels(indices, self._reading)

    def check_points(self, span: int = 60) -> list[int]:
        """Frames whose decoding shows that the file is readable: near its start, middle and end.

        Each lies at most ``span`` frames after a key frame, so that checking a long video stays cheap.
        """
        last = len(self) - 1
        return sorted({min(at, self._table.key_before(at) + span) for at in (0, last // 2, last)})

    def _pixels(
        self, indices: Sequence[int], pictures: Iterator[tuple[int, VideoFrame]]
    ) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """An item for each index, from a picture for each different one.

        Converted here and not in the decoding thread: there, each frame's memory would be fetched from the system anew.
        """
        found, pixels = -1, None
        for index in indices:
            if index != found:
                pixels = None  # its memory is the next one's
                found, picture = next(pictures, (-1, None))
                if picture is None:
                    raise RuntimeError("another reading of this video has begun")
                with decoding(self.name):
                    pixels = displayed(picture, self.width, self.height)
            assert pixels is not None
            yield index, pixels

    def _stop(self) -> None:
        """Ends a reading that still goes on: there is one decoder."""
        if self._reading is not None:
            self._reading.close()
            self._reading = None
