"""The sound of a film in stereo, piece by piece, on the file's clock: for writing it again (method 2.8)."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits
from livecc_assets.media.stamped_sound import Form, StampedSound

#: Samples a second of everything that is written.
RATE = 48_000

Stereo = NDArray[np.float32]


def stereo(
    uri: str,
    start: float,
    end: float,
    limits: MediaLimits = DEFAULT_LIMITS,
    passed_over: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Stereo]:
    """Pieces [N, 2] of the sound from ``start`` to ``end`` seconds at ``RATE``; nothing where the file has none.

    Each packet is heard where its stamp says, and gaps are silent. Where the sound ends early the pieces do, too. At the end
    ``passed_over`` hears how many seconds were stamped in an impossible way and left out, if any were. Raises MediaError as
    ``open_media`` does, undecodable, or too_long.
    """
    sound = StampedSound(uri, start, end, _FORM, limits)
    try:
        yield from sound.pieces()
    except MediaError as error:
        if error.reason != "no_audio":
            raise
    if sound.passed_over_s:
        passed_over(sound.passed_over_s)


def silence(samples: int) -> Iterator[Stereo]:
    """So many samples of nothing, a second at a time."""
    return _FORM.silence(samples)


def blocks(pieces: Iterable[Stereo], size: int, length: int) -> Iterator[Stereo]:
    """The same sound in blocks of ``size`` samples, padded with silence or cut to ``length``."""
    held, left = np.zeros((0, 2), dtype=np.float32), length
    for piece in pieces:
        held = np.concatenate([held, piece])
        while len(held) >= size and left > 0:
            yield held[: min(size, left)]
            held, left = held[size:], left - size
    while left > 0:
        block = np.zeros((min(size, left), 2), dtype=np.float32)
        taken = held[: len(block)]
        block[: len(taken)] = taken
        yield block
        held, left = held[len(block) :], left - size


def _layout(frame: AudioFrame) -> str:
    """One channel stays one: spread over two by FFmpeg it would be quieter."""
    return "mono" if len(frame.layout.channels) == 1 else "stereo"


def _both_sides(samples: Stereo, channels: Sequence[str]) -> Stereo:
    return samples if len(channels) == 2 else samples.repeat(2, axis=1)


_FORM = Form(RATE, (2,), _layout, _both_sides)
