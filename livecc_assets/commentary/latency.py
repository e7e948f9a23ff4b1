"""How long a viewer waits for the words, and how the engine keeps up (method 3.7)."""

from array import array

import numpy as np

#: Seconds within which an interval's words have to be there: then come the frames of the next one (method 3.2, 4.8).
SECOND = 1.0


class Latencies:
    """Latencies of a stream's intervals in seconds, and the time that its seconds of video took."""

    def __init__(self) -> None:
        self._found = array("d")
        #: Seconds of video that were commented, and seconds that this took, waiting for real time left out.
        self.video, self.taken = 0.0, 0.0

    def add(self, latency: float | None) -> None:
        """The latency of an interval; None of one that was not shown."""
        if latency is not None:
            self._found.append(latency)

    @property
    def intervals(self) -> int:
        """How many latencies there are."""
        return len(self._found)

    @property
    def synchrony(self) -> float | None:
        """Share of the intervals that ended within their second; None before the first."""
        return float(np.mean(np.asarray(self._found) <= SECOND)) if self._found else None

    @property
    def real_time_factor(self) -> float | None:
        """Seconds taken for a second of video: below 1 the engine keeps up. None before the first interval."""
        return self.taken / self.video if self.video > 0 else None

    def as_metadata(self) -> dict[str, float]:
        """``latency_p50``, ``latency_p95``, ``latency_worst`` in seconds and ``real_time_factor``; nothing before an interval."""
        if not self._found:
            return {}
        p50, p95, worst = np.percentile(self._found, [50, 95, 100])
        found = {"latency_p50": float(p50), "latency_p95": float(p95), "latency_worst": float(worst)}
        factor = self.real_time_factor
        found |= {"real_time_factor": factor} if factor is not None else {}
        return {name: round(value, 3) for name, value in found.items()}

    def __str__(self) -> str:
        found = self.as_metadata()
        if not found:
            return "no interval was commented"
        p50, p95, worst = (found[f"latency_{name}"] for name in ("p50", "p95", "worst"))
        factor = f"; real-time factor {found['real_time_factor']:.2f}" if "real_time_factor" in found else ""
        return f"latency p50 {p50:.2f} s, p95 {p95:.2f} s, worst {worst:.2f} s{factor}"
