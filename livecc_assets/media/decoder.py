"""Decoding the wanted frames of a video and as little else as can be.

What is decoded are the stretches between a key frame and the wanted frames behind it, without the pictures that nothing
refers to. The pixels are those of decoding the whole file.
"""

from collections.abc import Generator, Sequence

import av.error
from av.video.frame import VideoFrame

from livecc_assets.core.errors import MediaError
from livecc_assets.media.frame_table import FrameTable
from livecc_assets.media.opening import decoding
from livecc_assets.media.parallel_decoder import ParallelDecoder
from livecc_assets.media.plain_decoder import PlainDecoder
from livecc_assets.media.stream import Source


class Decoder:
    """Gives the wanted frames of a source in presentation order. Goes on from where the last call ended where that pays.

    A frame that does not come out of the selective decoder is decoded plainly, and so are all later ones of that video: its
    packets are not what their headers say.
    """

    def __init__(self, source: Source, table: FrameTable) -> None:
        self._source, self._table = source, table
        self._plain = PlainDecoder(source, table)
        self._selective = ParallelDecoder(source, table) if table.order is not None else None

    def pictures(self, wanted: Sequence[int]) -> Generator[tuple[int, VideoFrame]]:
        """(index, picture) for each of the increasing indices. Raises MediaError("undecodable") that names the frame."""
        done = 0
        if self._selective is not None:
            try:
                for index, picture in self._selective.pictures(wanted):
                    yield index, picture
                    done += 1
            except av.error.FFmpegError:
                pass  # the plain decoder tells of the error, if it meets it too
            if done == len(wanted):
                return
            self._selective = None
            self._plain.restart()
        for index in wanted[done:]:
            name = f"{self._source.name}: frame {index} at {self._table.start_pts[index]:.2f} s"
            with decoding(name):
                picture = self._plain.picture(index)
            if picture is None:
                raise MediaError("undecodable", f"{name} cannot be decoded")
            yield index, picture
