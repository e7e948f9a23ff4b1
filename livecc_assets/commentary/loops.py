"""The loop detector: how much of what was said lately repeats itself, and whether the next word would be too much of it."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence


class Loops:
    """The n-grams of words of the last ``window`` seconds; at most ``share`` of them may be repeats (method 3.4).

    The share is the repetition rate of text generation, 1 - distinct / all n-grams. Ordinary speech repeats some phrases
    and passes; a loop does not. Words are compared as given: whoever calls brings them into one form.
    """

    def __init__(self, n: int, share: float, window: float) -> None:
        self._n, self._share, self._window = n, share, window
        self._tail: deque[str] = deque(maxlen=n - 1)
        self._said: deque[tuple[float, tuple[str, ...]]] = deque()
        # What followed n-1 words, and how often: a few entries each, so that nothing is searched through.
        self._after: dict[tuple[str, ...], Counter[str]] = {}
        self._distinct = 0

    def add(self, words: Iterable[str], now: float) -> None:
        """Words that were said in the interval that begins at ``now`` seconds."""
        for word in words:
            if len(self._tail) == self._n - 1:
                before = tuple(self._tail)
                self._said.append((now, (*before, word)))
                followers = self._after.setdefault(before, Counter())
                self._distinct += word not in followers
                followers[word] += 1
            self._tail.append(word)

    def forget(self, now: float) -> None:
        """Leave out what was said more than a window before ``now``."""
        while self._said and self._said[0][0] < now - self._window:
            *before, word = self._said.popleft()[1]
            followers = self._after[tuple(before)]
            followers[word] -= 1
            if not followers[word]:
                del followers[word]
                self._distinct -= 1
            if not followers:
                del self._after[tuple(before)]

    def too_many(self, words: Sequence[str], begun: str) -> bool:
        """Whether ``words``, not yet added, and a word that begins with ``begun`` would loop.

        A word is known by its beginning alone, and so one that only begins like a repeat counts as a repeat.
        """
        line, new, repeats, seen = [*self._tail], 0, 0, set[tuple[str, ...]]()
        for word in (*words, None):
            before = tuple(line[1 - self._n :])
            if len(before) == self._n - 1:
                new += 1
                followers: Iterable[str] = self._after.get(before, ())
                if word is None:
                    fresh = (gram[-1] for gram in seen if gram[:-1] == before)
                    repeats += any(one.startswith(begun) for one in (*followers, *fresh))
                else:
                    repeats += word in followers or (*before, word) in seen
                    seen.add((*before, word))
            line.append(word or begun)
        known = len(self._said)
        return repeats > 0 and known - self._distinct + repeats > self._share * (known + new)
