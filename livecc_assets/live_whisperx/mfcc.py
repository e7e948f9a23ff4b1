"""The sound as Light-ASD hears it: 13 cepstral coefficients a hundredth of a second (method 1.8).

Those of ``python_speech_features.mfcc`` at its defaults, which nobody maintains; a test holds values that it gave.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = 16000
#: Coefficients, samples of a window and from one to the next, bins of the transform, filters of the bank.
COEFFICIENTS, _WINDOW, _STEP, _BINS, _FILTERS = 13, 400, 160, 512, 26
_PREEMPHASIS, _LIFTER = 0.97, 22


def mfcc(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Coefficients [T, 13] of 16 kHz sound int16 [N]: T = 1 + ceil((N - 400) / 160), the last window filled up with silence.

    Instead of the first coefficient stands the logarithm of the window's energy.
    """
    if not len(samples):
        return np.zeros((0, COEFFICIENTS), np.float32)
    signal = samples.astype(np.float64)
    signal[1:] -= _PREEMPHASIS * samples[:-1].astype(np.float64)
    count = 1 + max(0, -(-(len(signal) - _WINDOW) // _STEP))
    filled = np.zeros((count - 1) * _STEP + _WINDOW)
    filled[: min(len(signal), len(filled))] = signal[: len(filled)]
    frames = np.lib.stride_tricks.sliding_window_view(filled, _WINDOW)[::_STEP]
    power = np.abs(np.fft.rfft(frames, _BINS)) ** 2 / _BINS
    energy, bands = power.sum(axis=1), power @ _bank().T
    tiny = np.finfo(np.float64).eps
    found = np.log(np.where(bands == 0, tiny, bands)) @ _cosines().T
    found *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(COEFFICIENTS) / _LIFTER)
    found[:, 0] = np.log(np.where(energy == 0, tiny, energy))
    return found.astype(np.float32)


@cache
def _cosines() -> Floats:
    """The first rows of the orthonormal cosine transform (type 2), [coefficients, filters]."""
    turns = np.outer(np.arange(COEFFICIENTS), np.arange(_FILTERS) + 0.5)
    rows = np.sqrt(2 / _FILTERS) * np.cos(np.pi * turns / _FILTERS)
    rows[0] /= np.sqrt(2)
    return rows


@cache
def _bank() -> Floats:
    """Triangles [filters, bins] whose corners are evenly spaced on the mel scale, from 0 Hz to half the rate."""
    mels = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), _FILTERS + 2)
    corners = np.floor((_BINS + 1) * 700 * (10 ** (mels / 2595) - 1) / RATE)
    bins = np.arange(_BINS // 2 + 1)[None]
    low, middle, high = (corners[start : start + _FILTERS, None] for start in range(3))
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.where((bins >= low) & (bins < middle), rising, np.where((bins >= middle) & (bins < high), falling, 0.0))
