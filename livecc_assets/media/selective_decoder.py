"""Feeding the decoder only those packets that the wanted frames need."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain

from av.packet import Packet
from av.video.frame import VideoFrame

from livecc_assets.media.frame_table import NEW_HEADER, FrameTable
from livecc_assets.media.reference_units import disposable_packets
from livecc_assets.media.stream import Source, stamp

#: Packets between the place of decoding and the key frame of the next wanted one from which on seeking is cheaper than
#: going on: a seek empties the decoder's threads.
_WORTH_A_SEEK = 16
#: Pictures that came out before a wanted one that should have come first: no codec reorders so many, the frame is lost.
_MOST_HELD = 32


class SelectiveDecoder:
    """Decodes for a table that knows each frame's packet (``FrameTable.order``).

    Its place: ``_next``, the packet that comes next in decoding order; ``_fed``, the frames that the decoder has not given
    back yet; ``_ahead``, pictures that came out before anybody asked.
    """

    def __init__(self, source: Source, table: FrameTable) -> None:
        assert table.order is not None
        self._source, self._table, self._order = source, table, table.order
        self._keys = {int(key) for key in table.keys}
        context = source.stream.codec_context
        self._codec = context.name
        self._disposable = disposable_packets(self._codec, context.extradata)
        self._packets: Iterator[Packet] | None = None
        self._next = 0
        self._fed: set[int] = set()
        self._ahead: deque[tuple[int, VideoFrame]] = deque()

    def pictures(self, wanted: Sequence[int]) -> Iterator[tuple[int, VideoFrame]]:
        """Each of the increasing indices in turn, up to the first that does not come out.

        Raises FFmpegError, also for a packet that no wanted frame needs.
        """
        runs = self.runs(wanted)
        for number, run in enumerate(runs):
            if not self._reaches(run) and not self._seek(self._table.key_before(run[0])):
                return
            held: dict[int, VideoFrame] = {}
            at = 0
            for index, picture in self._decoded(run, stays=number == len(runs) - 1):
                held[index] = picture
                while at < len(run) and run[at] in held:
                    yield run[at], held.pop(run[at])
                    at += 1
                if len(held) > _MOST_HELD:
                    break
            if at < len(run):
                return

    def runs(self, wanted: Sequence[int]) -> list[list[int]]:
        """The wanted frames, increasing, in groups each of which is decoded without a seek."""
        runs: list[list[int]] = []
        reached = 0
        for index in wanted:
            if not runs or self._order[self._table.key_before(index)] - reached >= _WORTH_A_SEEK:
                runs.append([])
                reached = 0
            runs[-1].append(index)
            reached = max(reached, int(self._order[index]))
        return runs

    def _reaches(self, run: Sequence[int]) -> bool:
        """Whether going on reaches all of the frames, and sooner than a seek would."""
        if self._packets is None:
            return False
        ready = self._fed.union(index for index, _ in self._ahead)
        key = int(self._order[self._table.key_before(run[0])])
        return (run[0] in ready or self._next > key - _WORTH_A_SEEK) and all(
            index in ready or self._order[index] >= self._next for index in run
        )

    def _decoded(self, run: Sequence[int], stays: bool) -> Iterator[tuple[int, VideoFrame]]:
        """The wanted pictures as they come out.

        ``stays``: nothing behind the last wanted frame is passed over and the decoder is not emptied, so that a next call can
        go on from there.
        """
        missing, end = set(run), max(int(self._order[index]) for index in run)
        packets, self._packets = self._packets, None  # nobody goes on from a place that was left halfway
        assert packets is not None
        while self._ahead and missing:
            index, picture = self._ahead.popleft()
            if index in missing:
                missing.discard(index)
                self._packets = None if missing else packets
                yield index, picture
        while missing:
            behind = self._next > end
            packet = None if behind and not stays else next((packet for packet in packets if packet.size), None)
            out: list[tuple[int, VideoFrame]] = []
            for picture in self._feed(packet, None if behind else missing):
                found = self._table.index(stamp(picture))
                if found is None:
                    continue
                self._fed.discard(found)
                if found in missing:
                    missing.discard(found)
                    out.append((found, picture))
                elif not missing:
                    self._ahead.append((found, picture))
            if not missing and stays:  # before the last picture is given: the caller may not come back for more
                self._packets = packets
            yield from out
            if packet is None:
                return  # an emptied decoder takes nothing more before a seek

    def _feed(self, packet: Packet | None, wanted: set[int] | None) -> list[VideoFrame]:
        """What the decoder gives for a packet, or for None has left. Passes over what no wanted frame needs; where none are
        named, over nothing."""
        context = self._source.stream.codec_context
        if packet is None:
            return context.decode(None)
        if packet.has_sidedata(NEW_HEADER):
            self._disposable = disposable_packets(self._codec, bytes(packet.get_sidedata(NEW_HEADER)))
            wanted = None
        # Asked of every packet, for the parameter sets on the way.
        disposable = self._disposable is not None and self._disposable(bytes(packet))
        index = self._table.shown_by(packet)
        if index is not None:
            self._next = int(self._order[index]) + 1
            if disposable and wanted is not None and index not in wanted:
                return []
            self._fed.add(index)
        return context.decode(packet)

    def _seek(self, key: int) -> bool:
        """Makes the key frame's packet the next one. False where the demuxer does not find it.

        Some demuxers overshoot (transport streams by a packet): then it comes from further back, or from the start.
        """
        table, source, first = self._table, self._source, int(self._order[key])
        self._fed.clear()
        self._ahead.clear()
        real = key in self._keys
        before = int(table.ticks[table.key_before(max(0, key - 1))])
        for target in (int(table.ticks[key]), before, None):
            if target is None:
                source.reopen()
            else:
                source.container.seek(target, stream=source.stream, backward=True)
            packets = source.container.demux(source.stream)
            passed: list[Packet] = []
            for packet in packets:
                index = table.shown_by(packet) if packet.size else None
                if index is not None and self._order[index] == first:
                    if real:  # else it needs what stands before it
                        passed = []
                    self._packets, self._next = chain(passed, [packet], packets), first
                    return True
                if index is not None and self._order[index] > first:
                    break
                passed.append(packet)
        return False
