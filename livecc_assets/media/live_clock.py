"""When the frames of a stream are shown, told frame by frame: what the table of a file says at once (method 2.8)."""

from fractions import Fraction

from livecc_assets.media.frame_table import RATES, ROUNDED_SEC, TO_TELL


class _Slots:
    """A rate on which the frames of a stream may lie, some of them left out."""

    def __init__(self, rate: Fraction, base: Fraction, rounded: float) -> None:
        self.rate, self._rounded = rate, rounded
        self._period = float(1 / (rate * base))  # in ticks
        self._last = -1
        self.fits = self._period >= TO_TELL * rounded

    def see(self, ticks: int) -> None:
        """Takes the next frame's stamp, counted from the first one."""
        slot = round(ticks / self._period)
        self.fits = self.fits and slot > self._last and abs(ticks - slot * self._period) <= self._rounded
        self._last = slot

    def time(self) -> float:
        """Seconds of the last frame that was seen."""
        return float(self._last / self.rate)

    def end(self, ticks: int) -> float:
        """Seconds at which that frame ends, which lasts so many ticks."""
        return float((self._last + max(1, round(ticks / self._period))) / self.rate)


class Unrolled:
    """Turns increasing stamps into seconds since the first one, exact where they lie on a rate so far.

    ``base`` is the length of a tick in seconds, ``rate`` and ``guessed`` are FFmpeg's.
    """

    def __init__(self, base: Fraction, rate: Fraction | None, guessed: Fraction | None) -> None:
        self._base, self._rate, self._guessed = base, rate or guessed or Fraction(25), guessed
        rounded = max(1.0, ROUNDED_SEC / float(base))
        rates = dict.fromkeys((self._rate, guessed or self._rate, *RATES))
        self._candidates = [_Slots(candidate, base, rounded) for candidate in rates]
        self._first: int | None = None
        self._constant, self._count = True, 0
        self.last = 0  # ticks of the last frame since the first one

    def anew(self) -> "Unrolled":
        """The same rates from another first frame on."""
        return Unrolled(self._base, self._rate, self._guessed)

    @property
    def beat(self) -> float:
        """Seconds that a frame lasts by the stream's rate."""
        return float(1 / self._rate)

    def since_first(self, stamp: int) -> int:
        """Ticks since the first frame; this one's where it is the first."""
        if self._first is None:
            self._first = stamp
        return stamp - self._first

    def seconds(self, ticks: int) -> float:
        """Ticks as they are."""
        return float(ticks * self._base)

    def start(self, ticks: int) -> float:
        """Seconds from which the next frame is shown."""
        self._constant = self._constant and abs(ticks - self._count * float(1 / (self._rate * self._base))) <= 1.0
        self._count, self.last = self._count + 1, ticks
        for slots in self._candidates:
            slots.see(ticks)
        self._candidates = [slots for slots in self._candidates if slots.fits]
        if self._constant:
            return float((self._count - 1) / self._rate)
        return self._candidates[0].time() if self._candidates else self.seconds(ticks)

    def end(self, ticks: int) -> float:
        """Seconds at which the last frame ends, which lasts so many ticks."""
        if self._constant:
            return float(self._count / self._rate)
        return self._candidates[0].end(ticks) if self._candidates else self.seconds(self.last + ticks)
