"""Which packets hold a picture that no other picture refers to, told by their unit headers alone.

H.264 says it in each unit (``nal_ref_idc`` 0, ITU-T H.264 section 7.4.1), HEVC in the unit's type (sub-layer non-reference
pictures, ITU-T H.265 section 7.4.2.2). FFmpeg's demuxers do not pass it on. A decoder that never sees such a packet makes the
same pixels of all others. VP9 has no such packets: each frame may leave its probabilities and motion to the next one.
"""

from collections.abc import Callable, Iterator

from livecc_assets.media.h264_sps import codes_frames_only

#: Says of a packet's bytes whether the packet can be left out. Packets are to be shown in decoding order: parameter sets
#: may change on the way.
Disposable = Callable[[bytes], bool]

_H264_SLICE, _H264_SPS = 1, 7
_H264_PASSED_OVER = {6, 9, 12}  # messages, delimiters, filler: nothing that outlives the picture
_HEVC_NON_REFERENCE = {0, 2, 4, 6, 8, 10, 12, 14}
_HEVC_PICTURES, _HEVC_SPS = 32, 33  # types below 32 are slices
_HEVC_PASSED_OVER = {35, 38, 39, 40}  # delimiter, filler, messages before and after
_START = b"\0\0\1"


def disposable_packets(codec: str, extradata: bytes | None) -> Disposable | None:
    """The test for a stream of FFmpeg's codec name and its header; None where every packet must be decoded."""
    extra = extradata or b""
    if codec == "h264":
        return _H264(extra)
    return _Hevc(extra) if codec == "hevc" else None


class _H264:
    """Interlaced streams are kept whole: a frame may lie in two packets, one a field, and one of them carries the stamp."""

    def __init__(self, extra: bytes) -> None:
        # ISO files give the size of each unit (avcC: version 1, size in byte 4), other containers start codes.
        self._length = (extra[4] & 3) + 1 if extra[:1] == b"\1" and len(extra) > 6 else 0
        self._frames_only = False
        for unit in _avcc_sets(extra) if self._length else _between_start_codes(extra):
            self._note(unit)

    def __call__(self, packet: bytes) -> bool:
        free = slices = False
        for unit in _units(packet, self._length):
            kind = unit[0] & 31 if unit else 0
            if kind == _H264_SLICE:
                slices, free = True, not unit[0] & 0x60 and (free or not slices)
                if not free:
                    return False
            elif kind not in _H264_PASSED_OVER:
                self._note(unit)
                return False
        return free and self._frames_only

    def _note(self, unit: bytes) -> None:
        if unit and unit[0] & 31 == _H264_SPS:
            self._frames_only = codes_frames_only(unit)


class _Hevc:
    """Pictures of a higher sub-layer may refer to a non-reference picture of a lower one, so only the highest is left out."""

    def __init__(self, extra: bytes) -> None:
        hvcc = len(extra) > 22 and extra[:3] not in (_START, b"\0\0\0")
        self._length = (extra[21] & 3) + 1 if hvcc else 0
        self._highest: int | None = None
        for unit in _hvcc_sets(extra) if hvcc else _between_start_codes(extra):
            self._note(unit)

    def __call__(self, packet: bytes) -> bool:
        free = False
        for unit in _units(packet, self._length):
            if len(unit) < 2:
                return False
            kind, layer = unit[0] >> 1 & 63, (unit[1] & 7) - 1
            if kind < _HEVC_PICTURES:
                if kind not in _HEVC_NON_REFERENCE or layer != self._highest:
                    return False
                free = True
            elif kind not in _HEVC_PASSED_OVER:
                self._note(unit)
                return False
        return free

    def _note(self, unit: bytes) -> None:
        if len(unit) > 2 and unit[0] >> 1 & 63 == _HEVC_SPS:
            layers = unit[2] >> 1 & 7
            self._highest = layers if self._highest is None else max(self._highest, layers)


def _units(packet: bytes, length: int) -> Iterator[bytes]:
    """The first bytes of each unit (all of a parameter set); an empty one where the sizes do not fit the packet."""
    if not length:
        yield from _between_start_codes(packet)
        return
    at = 0
    while at < len(packet):
        size = int.from_bytes(packet[at : at + length], "big")
        at += length
        if size == 0 or at + size > len(packet):
            yield b""
            return
        yield packet[at : at + min(size, _HEAD)]
        at += size


#: Bytes of a unit that are looked at: more than a sequence parameter set has before its picture's structure.
_HEAD = 512


def _between_start_codes(data: bytes) -> Iterator[bytes]:
    at = data.find(_START)
    while at >= 0:
        after = data.find(_START, at + 3)
        yield data[at + 3 : min(at + 3 + _HEAD, after if after >= 0 else len(data))]
        at = after


def _avcc_sets(extra: bytes) -> Iterator[bytes]:
    """Sequence parameter sets of an avcC record (ISO/IEC 14496-15)."""
    at = 6
    for _ in range(extra[5] & 31):
        size = int.from_bytes(extra[at : at + 2], "big")
        yield extra[at + 2 : at + 2 + size]
        at += 2 + size


def _hvcc_sets(extra: bytes) -> Iterator[bytes]:
    """Parameter sets of an hvcC record (ISO/IEC 14496-15)."""
    at = 23
    for _ in range(extra[22]):
        count = int.from_bytes(extra[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            size = int.from_bytes(extra[at : at + 2], "big")
            if size == 0 or at + 2 + size > len(extra):
                return
            yield extra[at + 2 : at + 2 + size]
            at += 2 + size
