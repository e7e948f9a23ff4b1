"""The one fact of an H.264 sequence parameter set that the reader needs: frames only, or fields too (ITU-T H.264, 7.3.2.1.1)."""

#: Profiles whose parameter set says how colour is sampled and scaled.
_WITH_CHROMA = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}


def codes_frames_only(unit: bytes) -> bool:
    """Whether no picture of the sequence is interlaced; False where the set is damaged or cannot be read."""
    try:
        return _frames_only(_Bits(unit[1:].replace(b"\0\0\3", b"\0\0")))
    except (IndexError, ValueError):
        return False


class _Bits:
    """Reads bits from the highest down. Raises IndexError past the end, ValueError for an impossible number."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """An unsigned number of so many bits."""
        if count > self._left:
            raise IndexError("the parameter set ends early")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        """An Exp-Golomb number, ue(v)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("no such number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """A signed Exp-Golomb number, se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _frames_only(bits: _Bits) -> bool:
    profile = bits.take(8)
    bits.take(16)  # constraints and level
    bits.unsigned()
    if profile in _WITH_CHROMA:
        _pass_chroma(bits)
    bits.unsigned()  # length of frame numbers
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    bits.unsigned()  # reference frames
    bits.take(1)
    bits.unsigned()  # width and height
    bits.unsigned()
    return bool(bits.take(1))


def _pass_chroma(bits: _Bits) -> None:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()  # bit depths
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _pass_scaling_list(bits, 16 if number < 6 else 64)


def _pass_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
