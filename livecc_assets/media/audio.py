"""Sound as mono float32 samples on the file's clock (method 2.8)."""

import numpy as np
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.media.downmix import mixed
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, open_media
from livecc_assets.media.stamped_sound import Form, StampedSound

Samples = NDArray[np.float32]


def read_audio(
    uri: str,
    start: float | None = None,
    end: float | None = None,
    rate: int = 16000,
    limits: MediaLimits = DEFAULT_LIMITS,
    rule: Rule = "corrected",
) -> Samples:
    """Samples [N], nominally in -1...1, of [start, end) seconds, mixed down to one channel and resampled to ``rate``.

    Sample k is at ``start + k / rate`` on the clock of ``Video`` (method 2.8): each packet is heard where its stamp
    says, however many before it were lost. A soundtrack that starts late is padded with silence, and so are gaps; what lies
    before zero is left out, and nothing is padded at the end. None means the beginning and the end. ``released`` averages the
    channels, ``corrected`` weighs them by ITU-R BS.775. Raises MediaError: no_audio when there is no soundtrack, undecodable,
    too_long when sound is stamped beyond the limit, and what open_media raises.
    """
    begin = max(0.0, start or 0.0)
    if end is not None and end <= begin:
        return np.zeros(0, dtype=np.float32)
    form = Form(rate, (), lambda frame: frame.layout, lambda samples, channels: mixed(samples.T, list(channels), rule))
    sound = StampedSound(uri, begin, end, form, limits)
    pieces = list(sound.pieces())
    if not sound.met and begin == 0:
        raise MediaError("no_audio", f"{uri.rsplit('/', 1)[-1]} has a soundtrack without a single sample")
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)


def has_audio(uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> bool:
    """Whether the file has a soundtrack, by its headers. Raises what open_media raises."""
    with open_media(uri, limits) as container:
        return bool(container.streams.audio)
