"""What was said of one stream so far, counted: words, latencies, and what was held back."""

from collections import Counter

from livecc_assets.commentary.latency import Latencies
from livecc_assets.commentary.utterance import Suppressed, Utterance


class Totals:
    """Counts over the seconds ``first`` to ``last`` of a video; ``last`` is None where only the stream will tell."""

    def __init__(self, first: float, last: float | None) -> None:
        self._first, self._last = first, last
        self.words, self._silent = 0, 0
        self._ended = Counter[str]()
        self.latencies = Latencies()

    def add(self, one: Utterance, taken: float) -> None:
        """An utterance, and the seconds taken since the first one was begun."""
        self.words += one.words
        self._ended[one.stopped] += 1
        self._silent += not one.words and one.stopped != "skipped"
        self.latencies.add(one.latency)
        end = one.end if self._last is None else min(one.end, self._last)
        self.latencies.video, self.latencies.taken = max(0.0, end - self._first), taken

    @property
    def done(self) -> float:
        """Seconds of video that were commented."""
        return self.latencies.video

    @property
    def suppressed(self) -> Suppressed:
        """What was held back."""
        ended = self._ended
        return Suppressed(ended["loop"], ended["rate"], self._silent, ended["skipped"], ended.total())

    def status(self, one: Utterance, behind: float) -> str:
        """The progress line's end: how the engine keeps up, and what it said last."""
        factor = self.latencies.real_time_factor or 0.0
        late = f", {behind:.1f} s late" if behind >= 0.05 else ""
        return f"real-time factor {factor:.2f}{late}: {one.text}"

    def reached(self) -> str:
        """How far it came."""
        of = "" if self._last is None else f" of {self._last - self._first:.0f}"
        return f"{self.done:.0f}{of} s commented, {self.words} words"

    def lines(self) -> list[str]:
        """The end's report: latencies, and what was held back where anything was."""
        held = self.suppressed
        parts = (
            (held.loops, "ended before a loop"),
            (held.bounded, "at the bound on words a second"),
            (held.skipped, "skipped to keep up"),
            (held.silent, "silent"),
        )
        said = [f"{count} {what}" for count, what in parts if count]
        return [str(self.latencies)] + ([f"of {held.intervals} intervals: {', '.join(said)}"] if said else [])
