"""Which pictures of a stream are sampled, told as they come: ``media/sampling.py`` without a table (method 2.8, 3.8)."""

import math
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from livecc_assets.core.errors import MediaError
from livecc_assets.media.sampling import TIME_TOLERANCE

P = TypeVar("P")


class Pick(NamedTuple, Generic[P]):
    """A picture that is sampled, and which nominal time it stands for: ``number`` / fps seconds after the first."""

    number: int
    picture: P


class Picks(Generic[P]):
    """Samples ``fps`` pictures a second. A nominal time takes the first picture that ends at or after it.

    ``begin`` is when the first picture is shown, ``end`` where sampling stops. Blocks have ``first`` pictures, later ones
    ``later``; only a hole makes numbers jump, and then by whole blocks.
    """

    def __init__(self, fps: float, begin: float, end: float | None, first: int, later: int) -> None:
        self._fps, self._begin, self._last = fps, begin, end or math.inf
        self._block, self._later = first, later
        self._held: P | None = None
        self._start, self._origin = begin, math.nan
        self.number = 0  # of the next pick

    @property
    def done(self) -> bool:
        """Whether no later picture is sampled."""
        return self._held is not None and self._start > self._last + TIME_TOLERANCE

    def see(self, start: float, picture: P | None, hole: bool, known: float) -> Iterator[Pick[P]]:
        """The picks of the picture before, now that the next one starts (None at the end).

        ``hole``: that one was only shown until ``known``.
        """
        if self._held is not None:
            if hole:
                yield from self._stand(known)
                yield from self._leap(start)
            else:
                yield from self._stand(start)
        self._held, self._start = picture, start

    def _stand(self, end: float) -> Iterator[Pick[P]]:
        """The picks of the held picture, which is shown until ``end``."""
        step = 1 / self._fps
        long = end - self._start > step + TIME_TOLERANCE
        if math.isnan(self._origin):
            self._origin = min(end, self._begin + step) if long else end
            if self._begin + TIME_TOLERANCE < self._last < self._origin and long:
                self._origin = self._last
        if end > self._last + TIME_TOLERANCE:
            # A picture that goes on beyond the range is only sampled inside it when it is long.
            if not long or self.done:
                return
            end = self._last
        assert self._held is not None
        while self._time() <= end + TIME_TOLERANCE:
            yield Pick(self.number, self._held)
            self.number += 1

    def _time(self) -> float:
        return self._origin + self.number / self._fps

    def _leap(self, start: float) -> Iterator[Pick[P]]:
        """Past a hole: the picture before it fills its block, and numbers go on with the block in which the next one starts."""
        target = (start - self._origin) * self._fps
        full = self.number + self._missing()
        if target <= full + self._later:
            yield from self._stand(start)
            return
        assert self._held is not None
        while self.number < full:
            yield Pick(self.number, self._held)
            self.number += 1
        self.number += math.floor((target - self.number) / self._later) * self._later

    def _missing(self) -> int:
        """How many picks the block that is being filled still wants."""
        if self.number < self._block:
            return self._block - self.number if self.number else 0
        return (self._block - self.number) % self._later

    def check(self) -> None:
        """Raises MediaError("empty_range") when nothing was sampled."""
        if not self.number:
            raise MediaError("empty_range", f"no picture is shown between {self._begin:g} and {self._last:g} s")
