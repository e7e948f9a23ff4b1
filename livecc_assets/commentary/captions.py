"""What of a commentary stands on the screen at a time: cards of two lines that fill word by word (method 3.6)."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from livecc_assets.commentary.subtitles import words_in_time
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.words import Word

#: Characters of a line, as in the published demo, and lines of a card.
LINE, LINES = 50, 2
#: Seconds of silence after which a new card begins, and for which the words of the last one stay.
PAUSE, STAYS = 1.5, 1.5


@dataclass
class Card:
    """Lines of words in time, in seconds of the video, and when they leave the screen."""

    lines: list[list[Word]] = field(default_factory=lambda: [[]])
    end: float = 0.0

    @property
    def start(self) -> float:
        """When its first word is said."""
        return self.lines[0][0]["start"]

    def shown(self, seconds: float) -> list[str]:
        """Its lines with the words that have been said by then."""
        found = [" ".join(word["word"] for word in line if word["start"] <= seconds + 1e-6) for line in self.lines]
        return [line for line in found if line]

    @property
    def whole(self) -> list[str]:
        """Its lines with all words."""
        return [" ".join(word["word"] for word in line) for line in self.lines]

    def takes(self, word: Word) -> bool:
        """Add a word; False where it has no room left for it."""
        line = self.lines[-1]
        room = LINE - sum(len(one["word"]) + 1 for one in line)
        if line and len(word["word"]) > room:
            if len(self.lines) == LINES:
                return False
            self.lines.append(line := [])
        line.append(word)
        return True


def cards(utterances: Iterable[Utterance]) -> list[Card]:
    """The cards of a commentary in order; each leaves when the next one comes, or a while after its last word."""
    found: list[Card] = []
    for word in words_in_time(utterances):
        if not found or word["start"] - found[-1].lines[-1][-1]["end"] > PAUSE or not found[-1].takes(word):
            found.append(Card())
            found[-1].takes(word)
    for card, after in zip_longest(found, found[1:]):
        last = card.lines[-1][-1]["end"] + STAYS
        card.end = last if after is None else min(last, after.start)
    return found


class Screen:
    """Finds the card that stands at a time."""

    def __init__(self, found: list[Card]) -> None:
        self._cards, self._starts = found, [card.start for card in found]

    def at(self, seconds: float) -> Card | None:
        """The card on the screen; None where there is none."""
        index = bisect_right(self._starts, seconds + 1e-6) - 1
        return self._cards[index] if index >= 0 and seconds < self._cards[index].end else None
