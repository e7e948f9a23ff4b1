"""Which frames of a video are read (method 2.4, 10).

Times are frame END times in seconds, one a frame, as the published reader uses them.
"""

import math

import numpy as np
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule

#: Seconds under which two times are the same: above the rounding of float32 tables up to 10 minutes, below the
#: smallest true distance (0.1 ms) between a nominal time and a frame end within 240 s at 29.97 fps.
TIME_TOLERANCE = 4e-5

Times = NDArray[np.floating]


def strict_fps(
    end_pts: Times,
    start: float | None = None,
    end: float | None = None,
    fps: float = 2.0,
    max_frames: int = 480,
    drop_last: bool = True,
    rule: Rule = "corrected",
) -> list[int]:
    """Frame indices at ``fps`` nominal frames a second from the first frame that ends inside [start, end].

    A nominal time takes the first frame that ends at or after it. Beyond ``max_frames`` the tail is dropped, or with
    ``drop_last=False`` the times are thinned evenly. The count is made even by repeating the last index. 0 or None
    means "from the first" and "to the last" frame.

    ``released`` reproduces float32 frame times against float64 nominal times, with the wrap to the first frame of
    the range when the last nominal time lands above the last frame; ``corrected`` compares exact times and never
    wraps. Raises MediaError("empty_range") when no frame ends inside the range.
    """
    indices, times = _in_range(end_pts, start, end, rule)
    if rule == "released":
        # Python-float limits and an explicit dtype: NumPy 1 promoted so, NumPy 2 would stay in float32.
        nominal = np.arange(float(times[0]), float(times[-1]) + 1e-6, 1 / fps, dtype=np.float64)
    else:
        count = math.floor((float(times[-1]) - float(times[0]) + TIME_TOLERANCE) * fps) + 1
        nominal = float(times[0]) + np.arange(count, dtype=np.float64) / fps
    if len(nominal) > max_frames:
        keep = np.arange(max_frames) if drop_last else np.asarray(evenly_spaced(len(nominal), max_frames))
        nominal = nominal[keep]
    if rule == "released":
        picks = (nominal[:, None] <= times[None, :].astype(np.float64)).argmax(axis=1)
    else:
        picks = np.searchsorted(times, nominal - TIME_TOLERANCE, side="left").clip(max=len(times) - 1)
    chosen = [int(index) for index in indices[picks]]
    return chosen + chosen[-1:] if len(chosen) % 2 else chosen


def smart_nframes(
    end_pts: Times,
    start: float | None = None,
    end: float | None = None,
    fps: float = 2.0,
    min_frames: int = 4,
    max_frames: int = 480,
    average_fps: float | None = None,
    rule: Rule = "corrected",
) -> list[int]:
    """Frame indices spread evenly over the range: an even count near ``fps`` frames a second (method 2.4, "otherwise").

    ``average_fps`` is the file's own rate (``Video.fps``); without it the rate is taken from the frame times. Raises
    MediaError("empty_range") for a range with fewer than two frames.
    """
    indices, _ = _in_range(end_pts, start, end, rule)
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


def evenly_spaced(n_frames: int, k: int) -> list[int]:
    """``k`` indices over ``n_frames``, first and last included: a rounded linspace (halves go to the even index)."""
    return [int(index) for index in np.linspace(0, n_frames - 1, k).round().astype(np.int64)]


def _in_range(end_pts: Times, start: float | None, end: float | None, rule: Rule) -> tuple[NDArray[np.int64], Times]:
    """Indices and end times of the frames that end inside [start, end]; float32 throughout when released."""
    if len(end_pts) == 0:
        raise MediaError("empty_range", "the video has no frames")
    if rule == "released":
        times = np.asarray(end_pts, dtype=np.float32)
        low = np.float32(start) if start else times[0]
        high = np.float32(end) if end else times[-1]
    else:
        times = np.asarray(end_pts, dtype=np.float64)
        low = start - TIME_TOLERANCE if start else times[0]
        high = end + TIME_TOLERANCE if end else times[-1]
    indices = ((times >= low) & (times <= high)).nonzero()[0]
    if len(indices) == 0:
        raise MediaError(
            "empty_range",
            f"no frame ends between {start} and {end} s; the video's frames end from {float(times[0]):.2f} "
            f"to {float(times[-1]):.2f} s",
        )
    return indices, times[indices]
