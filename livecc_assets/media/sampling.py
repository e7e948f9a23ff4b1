"""Which frames of a video are read (method 2.4, 2.8, 10).

Times are frame END times in seconds, one a frame, as the published reader uses them. A frame is shown from the end of the one
before until its own, so a nominal time takes the first frame that ends at or after it: in every container, and for as long as a
frozen picture stands.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule

#: Seconds under which two times are the same: above the rounding of float32 tables up to 10 minutes, below the
#: smallest true distance (0.1 ms) between a nominal time and a frame end within 240 s at 29.97 fps.
TIME_TOLERANCE = 4e-5
#: Share of a frame's length by which lengths differ at a constant rate kept in rounded ticks.
_REGULAR = 0.1

Times = NDArray[np.floating]


class Samples(NamedTuple):
    """Sampled frames: indices in the file; ``times``, seconds by which each has been seen; whether the last repeats as a pad.

    A frame has been seen by its end, and one that stands for longer than a sample lasts by each nominal time.
    """

    indices: list[int]
    times: list[float]
    padded: bool


def strict_fps(
    end_pts: Times,
    start: float | None = None,
    end: float | None = None,
    fps: float = 2.0,
    max_frames: int = 480,
    drop_last: bool = True,
    rule: Rule = "corrected",
    begin: float = 0.0,
) -> list[int]:
    """The indices of :func:`strict_samples`."""
    return strict_samples(end_pts, start, end, fps, max_frames, drop_last, rule, begin).indices


def strict_samples(
    end_pts: Times,
    start: float | None = None,
    end: float | None = None,
    fps: float = 2.0,
    max_frames: int = 480,
    drop_last: bool = True,
    rule: Rule = "corrected",
    begin: float = 0.0,
) -> Samples:
    """``fps`` frames a second from the first frame that ends inside [start, end] on.

    A nominal time takes the first frame that ends at or after it. Beyond ``max_frames`` the tail is dropped, or with
    ``drop_last=False`` the times are thinned evenly. The count is made even by repeating the last index. 0 or None
    means "from the first" and "to the last" frame. ``begin`` is when the first frame is shown: nothing is sampled before.

    ``released`` reproduces float32 frame times against float64 nominal times, with the wrap to the first frame of
    the range when the last nominal time lands above the last frame, and needs decord's times. ``corrected`` compares exact
    times and never wraps; a frame that stands for longer than 1 / fps is sampled for as long as it stands, also where it
    neither starts nor ends inside the range. Raises MediaError("empty_range") when nothing is sampled.
    """
    if rule == "released":
        indices, times = _in_range(end_pts, start, end)
        # Python-float limits and an explicit dtype: NumPy 1 promoted so, NumPy 2 would stay in float32.
        nominal = np.arange(float(times[0]), float(times[-1]) + 1e-6, 1 / fps, dtype=np.float64)
    else:
        times = np.asarray(end_pts, dtype=np.float64)
        indices = np.arange(len(times))
        first, last = _sampled_range(times, start, end, 1 / fps, begin)
        nominal = first + np.arange(math.floor((last - first + TIME_TOLERANCE) * fps) + 1, dtype=np.float64) / fps
    if len(nominal) > max_frames:
        keep = np.arange(max_frames) if drop_last else np.asarray(evenly_spaced(len(nominal), max_frames))
        nominal = nominal[keep]
    if rule == "released":
        picks = (nominal[:, None] <= times[None, :].astype(np.float64)).argmax(axis=1)
        seen = times[picks].astype(np.float64)
    else:
        picks = _shown_at(times, nominal)
        stands = np.diff(times, prepend=begin)[picks] > 1 / fps + TIME_TOLERANCE
        seen = np.where(stands, nominal, times[picks])
    padded = bool(len(picks) % 2)
    chosen, moments = [int(index) for index in indices[picks]], [float(time) for time in seen]
    return Samples(chosen + chosen[-1:], moments + moments[-1:], True) if padded else Samples(chosen, moments, False)


def smart_nframes(
    end_pts: Times,
    start: float | None = None,
    end: float | None = None,
    fps: float = 2.0,
    min_frames: int = 4,
    max_frames: int = 480,
    average_fps: float | None = None,
    rule: Rule = "corrected",
    begin: float = 0.0,
) -> list[int]:
    """Frame indices spread evenly over the range: an even count near ``fps`` frames a second (method 2.4, "otherwise").

    ``average_fps`` is the file's own rate (``Video.fps``); without it the rate is taken from the frame times. Under
    ``corrected`` frames of unequal lengths are spread over the time in place of their numbers; ``begin`` as in
    :func:`strict_samples`. Raises MediaError("empty_range") for a range with fewer than two frames.
    """
    if rule == "corrected" and len(end_pts):
        times = np.asarray(end_pts, dtype=np.float64)
        first, last = _sampled_range(times, start, end, 1 / fps, begin, strict=False)
        if not _regular(times, first, last, begin, 1 / fps):
            seconds = last - first + min(1 / fps, first - begin)
            wanted = min(max(seconds * fps, min_frames + min_frames % 2), max_frames // 2 * 2)
            return [int(index) for index in _shown_at(times, np.linspace(first, last, math.floor(wanted / 2) * 2))]
    indices, _ = _in_range(end_pts, start, end, exact=rule == "corrected")
    total = len(indices)
    if average_fps is None:
        span = float(end_pts[-1]) - float(end_pts[0])
        average_fps = (len(end_pts) - 1) / span if span > 0 else fps
    most = min(max_frames, total) // 2 * 2
    wanted = min(max(total / average_fps * fps, min_frames + min_frames % 2), most)
    count = math.floor(wanted / 2) * 2
    if count < 2:
        raise MediaError("empty_range", f"the range {start} to {end} s holds {total} frame(s); at least 2 are needed")
    return [int(index) for index in indices[evenly_spaced(total, count)]]


def spread(end_pts: Times, k: int, begin: float = 0.0, until: float | None = None) -> list[int]:
    """``k`` indices over [begin, until]: by number at a constant rate, by time where frames differ in length."""
    times = np.asarray(end_pts, dtype=np.float64)
    last = float(times[-1]) if until is None else until
    inside = np.flatnonzero((times > begin + TIME_TOLERANCE) & (times <= last + TIME_TOLERANCE))
    if len(inside) >= k and _regular(times, float(times[inside[0]]), last, begin):
        return [int(index) for index in inside[evenly_spaced(len(inside), k)]]
    return [int(index) for index in _shown_at(times, begin + (np.arange(k) + 0.5) * (last - begin) / k)]


def evenly_spaced(n_frames: int, k: int) -> list[int]:
    """``k`` indices over ``n_frames``, first and last included: a rounded linspace (halves go to the even index)."""
    return [int(index) for index in np.linspace(0, n_frames - 1, k).round().astype(np.int64)]


def _in_range(
    end_pts: Times, start: float | None, end: float | None, exact: bool = False
) -> tuple[NDArray[np.int64], Times]:
    """Indices and end times of the frames that end inside [start, end]; float32 throughout unless ``exact``."""
    if len(end_pts) == 0:
        raise MediaError("empty_range", "the video has no frames")
    if exact:
        times: Times = np.asarray(end_pts, dtype=np.float64)
        low = start - TIME_TOLERANCE if start else times[0]
        high = end + TIME_TOLERANCE if end else times[-1]
    else:
        times = np.asarray(end_pts, dtype=np.float32)
        low = np.float32(start) if start else times[0]
        high = np.float32(end) if end else times[-1]
    indices = ((times >= low) & (times <= high)).nonzero()[0]
    if len(indices) == 0:
        raise _empty(times, start, end)
    return indices, times[indices]


def _sampled_range(
    times: Times, start: float | None, end: float | None, step: float, begin: float, strict: bool = True
) -> tuple[float, float]:
    """(first, last nominal time) of a range: frame ends inside it, but within a frame longer than ``step`` its own bounds.

    Raises MediaError("empty_range"); with ``strict`` False only where nothing is shown.
    """
    if len(times) == 0:
        raise MediaError("empty_range", "the video has no frames")
    low = max(start or begin, begin)
    high = min(end or math.inf, float(times[-1]))
    at = int(np.searchsorted(times, low - TIME_TOLERANCE))
    if at == len(times) or high < low - TIME_TOLERANCE:
        raise _empty(times, start, end)
    lengths = np.diff(times, prepend=begin)
    first = float(times[at])
    if lengths[at] > step + TIME_TOLERANCE:
        first = min(first, low + step)
        first = high if low + TIME_TOLERANCE < high < first else first
    after = int(np.searchsorted(times, high + TIME_TOLERANCE, side="right"))
    long = after < len(times) and lengths[after] > step + TIME_TOLERANCE
    last = high if long or after == 0 else float(times[after - 1])
    if last < first - TIME_TOLERANCE and strict:
        raise _empty(times, start, end)
    return first, max(first, last)


def _shown_at(times: Times, moments: Times) -> NDArray[np.int64]:
    """The frame on the screen at each moment: the first one that ends at or after it, or the last one."""
    return np.searchsorted(times, moments - TIME_TOLERANCE, side="left").clip(max=len(times) - 1)


def _regular(times: Times, first: float, last: float, begin: float, most: float = math.inf) -> bool:
    """Whether the frames shown from ``first`` to ``last`` have one length, of ``most`` seconds."""
    lengths = np.diff(times, prepend=begin)
    low, high = np.searchsorted(times, (first - TIME_TOLERANCE, last - TIME_TOLERANCE))
    inside = lengths[low : high + 1]
    usual = float(np.median(inside)) if len(inside) else 0.0
    return usual <= most + TIME_TOLERANCE and bool(np.all(np.abs(inside - usual) <= _REGULAR * usual + 0.002))


def _empty(times: Times, start: float | None, end: float | None) -> MediaError:
    return MediaError(
        "empty_range",
        f"no frame ends between {start} and {end} s; the video's frames end from {float(times[0]):.2f} "
        f"to {float(times[-1]):.2f} s",
    )
