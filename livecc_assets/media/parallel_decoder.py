"""Two decoders for spread frames: what lies behind one key frame needs nothing of what lies behind another.

FFmpeg's own threads empty at each seek, so one decoder leaves cores idle between them.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import closing

from av.video.frame import VideoFrame

from livecc_assets.media.frame_table import FrameTable
from livecc_assets.media.prefetch import prefetched
from livecc_assets.media.selective_decoder import SelectiveDecoder
from livecc_assets.media.stream import Source

#: Packets of the stretches from which on opening the file a second time pays.
_WORTH_A_DECODER = 100
#: Pixels of a frame above which the memory of a second decoder is not spent.
_LARGEST = 3840 * 2160
#: Pictures that each decoder is ahead of the caller.
_AHEAD = 4


class ParallelDecoder:
    """Gives what a :class:`SelectiveDecoder` gives, in the same order; needs a table that knows each frame's packet."""

    def __init__(self, source: Source, table: FrameTable) -> None:
        assert table.order is not None
        self._source, self._table, self._order = source, table, table.order
        self._first = SelectiveDecoder(source, table)
        size = source.stream.codec_context
        self._alone = size.width * size.height > _LARGEST or (os.cpu_count() or 1) < 2

    def pictures(self, wanted: Sequence[int]) -> Generator[tuple[int, VideoFrame]]:
        """Each of the increasing indices in turn, up to the first that does not come out. Raises FFmpegError."""
        shares = self._shared(self._first.runs(wanted))
        if shares is None:
            yield from self._first.pictures(wanted)
            return
        source = self._source.again()
        second = SelectiveDecoder(source, self._table)
        pairs = zip((self._first, second), shares, strict=True)
        one, other = (prefetched(iter(decoder.pictures(share)), _AHEAD) for decoder, share in pairs)
        mine = set(shares[0])
        with closing(source), closing(one), closing(other):
            for index in wanted:
                found = next(one if index in mine else other, None)
                if found is None:
                    return
                yield found

    def _shared(self, runs: list[list[int]]) -> tuple[list[int], list[int]] | None:
        """The frames of two decoders that have about the same to do; None where one does."""
        costs = [
            max(int(self._order[i]) for i in run) - int(self._order[self._table.key_before(run[0])]) + 1 for run in runs
        ]
        if self._alone or len(runs) < 2 or sum(costs) < _WORTH_A_DECODER:
            return None
        shares: tuple[list[list[int]], list[list[int]]] = ([], [])
        load = [0, 0]
        for cost, run in sorted(zip(costs, runs, strict=True), key=lambda one: -one[0]):
            least = load.index(min(load))
            shares[least].append(run)
            load[least] += cost
        first, second = ([index for run in sorted(share) for index in run] for share in shares)
        return first, second
