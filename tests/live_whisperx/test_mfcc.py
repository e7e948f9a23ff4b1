"""The coefficients are those of python_speech_features at its defaults."""

import numpy as np

from livecc_assets.live_whisperx.mfcc import mfcc

#: What version 0.6 gives for a tone of 1,200 samples, in its windows 0, 3 and 5.
WANTED = {
    0: [17.3923, 21.413, 2.0866, -15.8474, -27.1403, -27.2179, -15.2995, 1.3533, 15.4882, 20.2506, 15.7462, 4.1642, -7.713],
    3: [17.3828, 22.739, 3.0478, -15.4761, -27.3657, -27.7935, -15.9989, 0.5622, 14.4831, 19.2335, 14.6426, 2.8542, -8.733],
    5: [17.3997, 21.9431, 2.5937, -15.4039, -26.7931, -26.8956, -14.8225, 1.8354, 16.069, 20.8846, 16.396, 4.6631, -6.9642],
}  # fmt: skip


def test_a_tone_has_the_coefficients_of_the_published_package() -> None:
    found = mfcc((3000 * np.sin(np.arange(1200) * 0.2)).astype(np.int16))
    for window, wanted in WANTED.items():
        assert np.abs(found[window] - wanted).max() < 1e-4


def test_there_are_a_hundred_a_second_and_the_last_window_is_filled_up() -> None:
    for samples, steps in ((0, 0), (1, 1), (400, 1), (401, 2), (16000, 99), (40000, 249)):
        assert mfcc(np.ones(samples, np.int16)).shape == (steps, 13)


def test_silence_has_finite_coefficients() -> None:
    assert np.isfinite(mfcc(np.zeros(1000, np.int16))).all()
