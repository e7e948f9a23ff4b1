"""The speech bank: sentences recorded once by free voices, with the time of every word, laid on a soundtrack.

assets/README.txt says how it was made and under which terms; scripts/make_speech_bank.py makes it.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from livecc_assets.core.errors import UserError

RATE = 16_000  # samples a second
ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class SpokenWord:
    """A spoken word, lower case without punctuation; seconds."""

    start: float
    end: float
    word: str

    def at(self, time: float) -> "SpokenWord":
        """The word `time` seconds later, to the millisecond."""
        return SpokenWord(round(self.start + time, 3), round(self.end + time, 3), self.word)

    def row(self) -> dict[str, float | str]:
        """As every table holds it."""
        return {"start": self.start, "end": self.end, "word": self.word}


@dataclass(frozen=True)
class Phrase:
    """A recorded sentence: float32 mono samples at 16 kHz, word times from its own start."""

    samples: np.ndarray
    words: tuple[SpokenWord, ...]

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / RATE


def phrase(text: str) -> Phrase:
    """The recording of a sentence as the bank spells it. Raises UserError for one that was never recorded."""
    samples, index = _bank()
    if text not in index:
        raise UserError(f"{ASSETS / 'speech.json'}: no recording of {text!r}; run python scripts/make_speech_bank.py")
    entry = index[text]
    words = tuple(SpokenWord(*word) for word in entry["words"])
    return Phrase(samples[entry["start"] : entry["start"] + entry["samples"]], words)


def sentences() -> list[str]:
    """Every recorded sentence."""
    return list(_bank()[1])


@lru_cache(maxsize=1)
def _bank() -> tuple[np.ndarray, dict[str, dict]]:
    index = json.loads((ASSETS / "speech.json").read_text("utf-8"))
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(ASSETS / "speech.opus")) as container:
        frames = [*container.decode(audio=0), None]
        pieces = [piece.to_ndarray()[0] for frame in frames for piece in resampler.resample(frame)]
    return np.concatenate(pieces), index


class Soundtrack:
    """Phrases laid on a time line of fixed length; remembers the words as lines (one line a phrase)."""

    def __init__(self, seconds: float) -> None:
        self.samples = np.zeros(round(seconds * RATE), np.float32)
        self.lines: list[list[SpokenWord]] = []

    @property
    def words(self) -> list[SpokenWord]:
        """All words in order."""
        return [word for line in self.lines for word in line]

    @property
    def end(self) -> float:
        """When the last word ends, 0 before the first."""
        return self.lines[-1][-1].end if self.lines else 0.0

    def say(self, time: float, text: str) -> float:
        """Lay a sentence of the bank at `time` seconds; returns when its recording ends.

        Raises ValueError when it would not end before the track does.
        """
        spoken = phrase(text)
        first = round(time * RATE)
        if first < 0 or first + len(spoken.samples) > len(self.samples):
            raise ValueError(f"{text!r} at {time:.2f} s does not fit into {len(self.samples) / RATE:.2f} s")
        self.samples[first : first + len(spoken.samples)] += spoken.samples
        self.lines.append([word.at(time) for word in spoken.words])
        return time + spoken.seconds

    def play(self, samples: np.ndarray) -> None:
        """Mix in float32 mono samples from the start; what is longer than the track is cut."""
        count = min(len(samples), len(self.samples))
        self.samples[:count] += samples[:count]
