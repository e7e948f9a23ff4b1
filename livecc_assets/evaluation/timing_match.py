"""Which word of a commentary is which of the human's: equal, close in time, one to one, as good as can be (method 4.8).

For each word by itself the best matching keeps the order of time, because inside the window a weight is a concave function of the
lag. So it is an alignment, and costs what there are pairs inside the window, not the product of all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: Of equal weights the smaller lag is preferred.
_NEARER = 1e-6
#: Occurrences of one word that are matched together: a word that is never silent for a window is cut there, and costs no memory.
MOST = 4096


@dataclass(frozen=True)
class Window:
    """How much a word counts by its lag in seconds: all within ``in_time``, then falling evenly, nothing from ``end`` on."""

    end: float = 5.0
    in_time: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.in_time < self.end:
            raise ValueError(f"need 0 <= in_time < end, got {self.in_time} and {self.end}")

    def weight(self, lag: float) -> float:
        """Between 0 and 1."""
        return min(1.0, max(0.0, (self.end - abs(lag)) / (self.end - self.in_time)))


USUAL = Window()


class Pair(NamedTuple):
    """Seconds at which a word is said by the commentary and by the human."""

    said: float
    spoken: float

    @property
    def lag(self) -> float:
        """How much later the commentary says it."""
        return self.said - self.spoken


def match(said: Sequence[float], spoken: Sequence[float], window: Window) -> list[Pair]:
    """The pairs whose weights add up to the most, of the times of one word, each side in order of time.

    ``best[j]`` is the most for the times so far of ``said`` and the first j of ``spoken``. Only those j inside the window of
    a time change with it.
    """
    best, known = [0.0] * (len(spoken) + 1), 0
    rows: list[tuple[int, bytearray]] = []
    for time in said:
        first = bisect_right(spoken, time - window.end)
        last = bisect_left(spoken, time + window.end, lo=first)
        if last > known:
            best[known + 1 : last + 1] = [best[known]] * (last - known)
            known = last
        diagonal, taken = best[first], bytearray(last - first)
        for j in range(first, last):
            lag = time - spoken[j]
            paired = diagonal + window.weight(lag) + _NEARER * (1 - abs(lag) / window.end)
            diagonal = best[j + 1]
            if paired > max(diagonal, best[j]):
                best[j + 1], taken[j - first] = paired, 2
            elif best[j] > diagonal:
                best[j + 1], taken[j - first] = best[j], 1
        rows.append((first, taken))
    pairs, j = list[Pair](), len(spoken)
    for time, (first, taken) in zip(reversed(said), reversed(rows), strict=True):
        j = min(j, first + len(taken))
        while j > first and taken[j - first - 1] == 1:
            j -= 1
        if j > first and taken[j - first - 1] == 2:
            j -= 1
            pairs.append(Pair(time, spoken[j]))
    return pairs[::-1]


@dataclass
class _Open:
    """Times of one word that lie too close together to be matched apart; ``first`` and ``last`` over both sides."""

    first: float
    last: float
    said: list[float] = field(default_factory=list)
    spoken: list[float] = field(default_factory=list)


class Matcher:
    """Matches words as they come in order of time, and forgets what can no longer be matched."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._open: dict[str, _Open] = {}

    def add(self, word: str, time: float, spoken: bool) -> list[Pair]:
        """A word of the human (``spoken``) or of the commentary; the pairs that are settled by that."""
        one, settled = self._open.get(word), list[Pair]()
        if one and (time - one.last > self._window.end or len(one.said) + len(one.spoken) >= MOST):
            settled, one = self._matched(one), None
        if one is None:
            one = self._open[word] = _Open(time, time)
        (one.spoken if spoken else one.said).append(time)
        one.last = time
        return settled

    def settle(self, now: float) -> Iterator[Pair]:
        """The pairs that no word from ``now`` on can change; their words are forgotten."""
        for word in [word for word, one in self._open.items() if now - one.last > self._window.end]:
            yield from self._matched(self._open.pop(word))

    @property
    def earliest(self) -> float:
        """The first time that is not settled; infinite where all are."""
        return min((one.first for one in self._open.values()), default=float("inf"))

    def _matched(self, one: _Open) -> list[Pair]:
        return match(one.said, one.spoken, self._window) if one.said and one.spoken else []
