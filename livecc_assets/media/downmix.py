"""Many channels mixed down to one (ITU-R BS.775-3, table 2; method 2.8)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from livecc_assets.core.rules import Rule

_HALF_POWER = 2**-0.5
#: What a channel gives to the two front ones together. By BS.775 the centre and the surrounds come in at -3 dB; side and rear
#: surrounds of 7.1 count alike, a single rear one at -3 dB for each side. The low-frequency channel is left out.
_FRONT, _CENTRE, _SURROUND = 1.0, 2 * _HALF_POWER, _HALF_POWER
_WEIGHTS = {
    "FL": _FRONT, "FR": _FRONT, "FLC": _FRONT, "FRC": _FRONT, "WL": _FRONT, "WR": _FRONT, "DL": _FRONT, "DR": _FRONT,
    "FC": _CENTRE,
    "SL": _SURROUND, "SR": _SURROUND, "BL": _SURROUND, "BR": _SURROUND, "SDL": _SURROUND, "SDR": _SURROUND, "BC": 2 * 0.5,
    "TFL": _SURROUND, "TFR": _SURROUND, "TBL": _SURROUND, "TBR": _SURROUND, "TSL": _SURROUND, "TSR": _SURROUND,
    "TFC": _SURROUND, "TBC": _SURROUND, "TC": _SURROUND,
    "LFE": 0.0, "LFE2": 0.0,
}  # fmt: skip


def weights(channels: Sequence[str], rule: Rule = "corrected") -> NDArray[np.float32]:
    """The share of each channel (FFmpeg's short names, such as FL) in the mix: float32[C] that add up to 1, so nothing clips.

    ``released`` is the plain average, in which a voice in the centre of 5.1 is left at a sixth. Channels without a known place
    are averaged under both rules.
    """
    count = len(channels)
    known = [_WEIGHTS.get(channel) for channel in channels]
    shares = np.array([weight or 0.0 for weight in known])
    if rule == "released" or None in known or shares.sum() == 0:
        shares = np.ones(count)
    return (shares / shares.sum()).astype(np.float32)


def mixed(samples: NDArray[np.float32], channels: Sequence[str], rule: Rule = "corrected") -> NDArray[np.float32]:
    """Mono samples [N] of [C, N] ones."""
    shares = weights(channels, rule)
    if np.all(shares == shares[0]):
        return samples.mean(axis=0, dtype=np.float32)
    return np.asarray(shares @ samples, dtype=np.float32)
