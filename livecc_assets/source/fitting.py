"""Captions brought onto the clock of the video that they belong to (method 2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from livecc_assets.core.errors import MediaError
from livecc_assets.source.cues import Captions, CueProblem
from livecc_assets.source.probe import Probe

#: Share of the lines that may lie outside the video; with more, the captions belong to another video or another clock.
_MOST_OUTSIDE = 0.05
#: A last line may start this many seconds after the last frame, as speech often does. It takes the video's last moment.
_SLACK_SEC, _LAST_SEC = 1.0, 0.1
#: Captions that run on for longer than this, or than a share of the video, are not those of this video.
_FAR_SEC = 10.0
_FAR_SHARE = 0.05
#: Seconds by which a cut-out section may miss the length that it should have. A cut at a key frame leaves more in front of it.
_SECTION_EXCESS_SEC = 0.5
_SECTION_LACK_SEC = 1.5
#: Seconds of a line that may lie outside the section it is cut at; the words of a longer part are not in the file.
_CUT_LINE_SEC = 0.3
#: Seconds within which a file's own stamps are taken for those of the video that a section was cut from.
_SAME_CLOCK_SEC = 30.0
#: Where transport streams' clocks begin again: 33 bits of 90 kHz.
_WRAP_SEC = 2**33 / 90000
#: Where the clocks of HLS streams start: Apple's tools and FFmpeg. Downloaders keep the captions' map and write the video to
#: an MP4 that starts at zero, so there the map says no more than that captions and video start together.
_USUAL_STARTS, _FROM_ZERO_SEC = (10.0, 1.4), 0.5


@dataclass(frozen=True)
class Section:
    """The part of a video that a file holds, in seconds of the whole video; ``end`` None: to its end."""

    start: float
    end: float | None = None

    def __str__(self) -> str:
        return f"from {self.start:g} s" if self.end is None else f"{self.start:g} to {self.end:g} s"


def fit_to_video(captions: Captions, measures: Probe, section: Section | None = None) -> Captions:
    """The captions on the file's clock, cut at the video's length; cue time 0 is where a player starts the file.

    Captions that name a time of the container's clock (``offset``, and tracks inside the file) are moved by it. Beside a
    ``section`` they are those of the whole video: lines outside it go, with one problem that counts them. Other lines
    outside become a problem each. Raises MediaError("captions_mismatch") when more than 5 % of the lines lie outside, or words
    end far beyond the video, or the file does not hold the section: never are they shifted on a guess.
    """
    shift, problems = _shift(captions, measures), list(captions.problems)
    if _rebased(captions, measures):
        detail = f"X-TIMESTAMP-MAP starts at {captions.offset:g} s, the video at zero: they are taken to start together"
        problems.append(CueProblem(0, "timestamp_map", detail))
    numbered = list(zip(captions.numbers, captions.lines, strict=True))
    words = captions.words
    if captions.format == "embedded" and captions.lines[-1]["end"] + shift <= measures.duration + _SLACK_SEC:
        section = None  # cut with the picture; a downloader that embeds captions afterwards leaves them whole
    if section is not None and (section.start or section.end is not None):
        _check_section(captions, measures, section)
        shift -= section.start
        whole = numbered
        numbered = [(number, line) for number, line in whole if _within(line, shift, measures)]
        words = None if words is None else [word for word in words if _within(word, shift, measures)]
        if gone := sorted({number for number, _ in whole} - {number for number, _ in numbered}):
            detail = (
                f"{len(gone)} of {len(whole)} cues lie outside the section {section} of the video, first cue {gone[0]}"
            )
            problems.append(CueProblem(gone[0], "caption_outside_section", detail))
        if not numbered:
            raise MediaError("captions_mismatch", f"no line of the captions lies in the section {section} of the video")
    lines: list[dict[str, Any]] = []
    numbers: list[int] = []
    for number, line in numbered:
        fitted = _fit(line, shift, measures)
        if fitted is None:
            what = f"cue {number} at {line['start'] + shift:.2f} s lies outside the video ({measures.duration:.1f} s)"
            problems.append(CueProblem(number, "caption_outside", f'{what}: "{line["text"]}"'))
        else:
            lines.append(fitted)
            numbers.append(number)
    _check_fit([line for _, line in numbered], words or [], shift, measures)
    fitted_words = None if words is None else [w for w in (_fit(word, shift, measures) for word in words) if w]
    return replace(captions, lines=lines, words=fitted_words, problems=problems, numbers=numbers, offset=None)


def _shift(captions: Captions, measures: Probe) -> float:
    """Seconds from the captions' clock to the file's."""
    offset = 0.0 if captions.format == "embedded" else captions.offset
    if offset is None or _rebased(captions, measures):
        return 0.0
    shift = offset - measures.start_time
    return shift if captions.format == "embedded" else (shift + _WRAP_SEC / 2) % _WRAP_SEC - _WRAP_SEC / 2


def _rebased(captions: Captions, measures: Probe) -> bool:
    """Whether a map names the usual start of a stream's clock and the file is that stream, written anew from zero."""
    usual = captions.offset is not None and any(abs(captions.offset - start) < 0.01 for start in _USUAL_STARTS)
    return captions.format != "embedded" and usual and abs(measures.start_time) < _FROM_ZERO_SEC


def _fit(item: dict[str, Any], shift: float, measures: Probe) -> dict[str, Any] | None:
    """A line or word on the file's clock, ended with the video; None when it lies outside."""
    start, end = item["start"] + shift, item["end"] + shift
    if end <= 0 or start > measures.duration + _SLACK_SEC:
        return None
    start = min(start, max(0.0, measures.duration - _LAST_SEC))
    return {**item, "start": round(max(0.0, start), 3), "end": min(round(end, 3), measures.duration)}


def _check_fit(lines: Sequence[dict[str, Any]], words: Sequence[dict[str, Any]], shift: float, measures: Probe) -> None:
    """Raises MediaError("captions_mismatch") for captions of another video or another clock."""
    outside = sum(line["end"] + shift <= 0 or line["start"] + shift > measures.duration + _SLACK_SEC for line in lines)
    first = min(line["start"] for line in lines) + shift
    last = max(item["end"] for item in (*lines, *words)) + shift
    beyond = last - measures.duration
    if outside <= _MOST_OUTSIDE * len(lines) and beyond <= max(_FAR_SEC, _FAR_SHARE * measures.duration):
        return
    raise MediaError(
        "captions_mismatch",
        f"the captions run from {first:.1f} to {last:.1f} s but the video lasts {measures.duration:.1f} s, {outside} of "
        f"{len(lines)} lines lie outside it: they belong to another video or count from another moment, or the video is cut "
        "off; give the captions of this file",
    )


def _within(item: dict[str, Any], shift: float, measures: Probe) -> bool:
    """Whether a line or word of the whole video is in the section, but for a moment at its edge."""
    return item["start"] + shift > -_CUT_LINE_SEC and item["end"] + shift < measures.duration + _CUT_LINE_SEC


def _check_section(captions: Captions, measures: Probe, section: Section) -> None:
    """Raises MediaError("captions_mismatch") where the file may not hold the section, or the captions not the whole video."""
    wrong = ""
    length = None if section.end is None else section.end - section.start
    if length is not None and not -_SECTION_LACK_SEC <= measures.duration - length <= _SECTION_EXCESS_SEC:
        wrong = f"it lasts {measures.duration:.1f} s instead of {length:.1f} s, as when it is cut at key frames"
    elif _SECTION_EXCESS_SEC < abs(measures.start_time - section.start) < _SAME_CLOCK_SEC and measures.start_time > 2:
        wrong = f"its own time stamps start at {measures.start_time:.1f} s"
    if wrong:
        raise MediaError(
            "captions_mismatch",
            f"by its .info.json the file holds {section} of a video, but {wrong}; download it again with "
            "--force-keyframes-at-cuts, or give captions of this file and take section_start out of the .info.json",
        )
    if section.start > _SLACK_SEC and captions.lines[-1]["end"] <= min(measures.duration, section.start):
        raise MediaError(
            "captions_mismatch",
            f"by its .info.json the file holds {section} of a video, but the captions end at "
            f"{captions.lines[-1]['end']:.1f} s; if they are those of this file, take section_start out of the .info.json",
        )
