"""What the engine says, as plain data: importable without torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

#: How an interval ended: by the model, at the cap on tokens, before a word that would loop, at the bound on words a
#: second, or it was skipped to keep up with real time (method 3.4, 3.7).
ENDINGS = ("end", "length", "loop", "rate", "skipped")


@dataclass(frozen=True)
class Utterance:
    """Words of one interval, in seconds of the source video; ``text`` is empty where the model was silent.

    ``latency``: seconds from the interval's frames being there to its last word; None where it was not measured.
    Utterances that differ in it alone are equal. ``stopped``: one of ``ENDINGS``.
    """

    start: float
    end: float
    text: str
    latency: float | None = field(default=None, compare=False)
    stopped: str = "end"

    @property
    def words(self) -> int:
        """How many words were said."""
        return len(self.text.split())


@dataclass(frozen=True)
class Suppressed:
    """What was held back: intervals ended before a loop, ended at the bound on words, silent and skipped ones, of all."""

    loops: int
    bounded: int
    silent: int
    skipped: int
    intervals: int

    @classmethod
    def of(cls, said: Sequence[Utterance]) -> "Suppressed":
        """Counted over the intervals of a stream, silent ones included."""
        ended = [one.stopped for one in said]
        silent = sum(not one.words and one.stopped != "skipped" for one in said)
        return cls(ended.count("loop"), ended.count("rate"), silent, ended.count("skipped"), len(ended))


def shifted(utterances: Iterable[Utterance], by: float) -> list[Utterance]:
    """The same ``by`` seconds later, as a video that was cut shows them; nothing starts before zero."""
    return [replace(one, start=max(0.0, one.start + by), end=max(0.0, one.end + by)) for one in utterances]
