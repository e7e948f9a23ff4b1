"""Commentary spoken over a video's sound: phrases in time, each as fast as its time asks for (method 3.6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from livecc_assets.commentary.burn import BLOCK
from livecc_assets.commentary.subtitles import words_in_time
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.commentary.voices import USUAL, UnspokenError, Voice
from livecc_assets.media.soundtrack import RATE, Stereo

#: Marks at which the published demo splits what is spoken.
_ENDS = (",", ".", "!", "?")
#: A phrase ends at a pause of so many seconds, or at so many words.
_PAUSE, _MOST_WORDS = 0.3, 12
#: The fastest that can be followed, in words a minute.
_FASTEST = 330
#: Phrases one after the other that an engine fails to speak before it is asked no more: each may take its longest time.
_GIVE_UP = 3
#: How loud the video's own sound is under speech.
DUCKED = 0.2


@dataclass(frozen=True)
class Phrase:
    """Words that are spoken in one breath, and the seconds of the video in which they were said."""

    start: float
    end: float
    text: str


def phrases(utterances: Sequence[Utterance]) -> list[Phrase]:
    """A commentary cut at the ends of sentences, at pauses, and where it would run too long."""
    found: list[list] = []
    ended = True
    for word in words_in_time(utterances):
        if ended or word["start"] - found[-1][1] > _PAUSE or len(found[-1][2]) == _MOST_WORDS:
            found.append([word["start"], word["end"], []])
        found[-1][1] = word["end"]
        found[-1][2].append(word["word"])
        ended = word["word"].endswith(_ENDS)
    return [Phrase(start, end, " ".join(words)) for start, end, words in found]


class Spoken:
    """Lays speech over sound, or over silence where the video's own is not wanted (``over_sound``).

    ``lost_s`` are the seconds of speech that did not fit before the video's end, ``late_s`` the most that a phrase waited for
    the one before it. A phrase that the voice fails to speak is left out: ``unspoken`` of ``phrases`` were, ``why`` says what
    was wrong with the first of them.
    """

    def __init__(self, voice: Voice, over_sound: bool = True) -> None:
        self.over_sound = over_sound
        self.lost_s = self.late_s = 0.0
        self.phrases = self.unspoken = 0
        self.why = ""
        self._voice = voice
        self._failed = 0

    def mixed(self, sound: Iterator[Stereo], said: Sequence[Utterance], seconds: float) -> Iterator[Stereo]:
        """Blocks of ``sound``, made quiet while somebody speaks, with the speech over them."""
        placed, speech = self._placed(phrases(said), seconds), np.zeros(0, dtype=np.float32)
        coming = next(placed, None)
        at, gain = 0, 1.0
        for block in sound:
            end = at + len(block)
            # One block ahead, so that the sound is down when the first word comes.
            while coming is not None and coming[0] < end + BLOCK:
                hole = np.zeros(max(0, coming[0] - at - len(speech)), dtype=np.float32)
                speech, coming = np.concatenate([speech, hole, coming[1]]), next(placed, None)
            now, speech = speech[: len(block)], speech[len(block) :]
            aim = DUCKED if len(now) or len(speech) else 1.0
            out = block * np.linspace(gain, aim, len(block), dtype=np.float32)[:, None]
            out[: len(now)] += now[:, None]
            yield np.clip(out, -1.0, 1.0)
            at, gain = end, aim
        self.lost_s += (len(speech) + sum(len(samples) for _, samples in placed)) / RATE
        self.lost_s += len(coming[1]) / RATE if coming is not None else 0.0

    def _placed(self, found: Sequence[Phrase], seconds: float) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(First sample, speech) of each phrase: at its time, or when the one before has ended."""
        free = 0
        for phrase, after in zip_longest(found, found[1:]):
            at = max(free, round(phrase.start * RATE))
            self.late_s = max(self.late_s, at / RATE - phrase.start)
            until = after.start if after is not None else min(seconds, phrase.end + 1.0)
            samples = self._say(phrase.text, until - at / RATE)
            free = at + len(samples)
            yield at, samples

    def _say(self, text: str, room: float) -> NDArray[np.float32]:
        self.phrases += 1
        samples = self._tried(text, USUAL) if self._failed < _GIVE_UP else None
        if samples is None:
            self._failed += 1
            self.unspoken += 1
            return np.zeros(0, dtype=np.float32)
        self._failed, needed = 0, len(samples) / RATE
        if needed <= room:
            return samples
        faster = self._tried(text, round(min(_FASTEST, USUAL * needed / max(room, 0.1))))
        return samples if faster is None else faster

    def _tried(self, text: str, words_per_minute: int) -> NDArray[np.float32] | None:
        try:
            return self._voice.say(text, words_per_minute)
        except UnspokenError as error:
            self.why = self.why or str(error)
            return None
