"""Captions brought onto the clock of the video that they belong to."""

from typing import Any

from livecc_assets.core.errors import MediaError
from livecc_assets.source.cues import Captions, CueProblem
from livecc_assets.source.probe import Probe

#: Seconds by which captions may start after the last frame before they count as another video's.
_SLACK_SEC = 1.0


def fit_to_video(captions: Captions, measures: Probe) -> Captions:
    """Shifts captions from the file's zero to the first frame and cuts them at the video's length.

    Lines that lie wholly outside become problems. Raises MediaError("captions_mismatch") when most do: then the
    captions belong to another video.
    """
    lines: list[dict[str, Any]] = []
    numbers: list[int] = []
    problems = list(captions.problems)
    for number, line in zip(captions.numbers, captions.lines, strict=True):
        fitted = _fit(line, measures)
        if fitted is None:
            what = f"cue {number} at {line['start']:.2f} s lies outside the video ({measures.duration:.1f} s)"
            problems.append(CueProblem(number, "caption_outside", f'{what}: "{line["text"]}"'))
        else:
            lines.append(fitted)
            numbers.append(number)
    if len(lines) * 2 < len(captions.lines):
        last = captions.lines[-1]["end"]
        raise MediaError(
            "captions_mismatch",
            f"the captions run to {last:.1f} s but the video lasts {measures.duration:.1f} s; most lines lie outside "
            "it, so they belong to another video or the video is cut off",
        )
    words = None if captions.words is None else [w for w in (_fit(w, measures) for w in captions.words) if w]
    return Captions(captions.format, lines, words, problems, numbers)


def _fit(item: dict[str, Any], measures: Probe) -> dict[str, Any] | None:
    """A line or word on the video's clock; None when it lies outside."""
    start = max(0.0, item["start"] - measures.start_time)
    end = item["end"] - measures.start_time
    if end <= 0 or start > measures.duration + _SLACK_SEC:
        return None
    # A last word may end a little after the last frame, as speech often does; it is not cut to nothing.
    end = max(min(end, measures.duration + _SLACK_SEC), start)
    return {**item, "start": round(start, 3), "end": round(end, 3)}
