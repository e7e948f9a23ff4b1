"""The published Live-WhisperX-526K ships cut clips, while its records address whole videos; this bridges the two.

Clips are named ``<id>_<start>-<end>_2.0fps.mp4`` and start at zero; records count seconds of the source video
(method 1.11).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from livecc_assets.core.word_times import sound_words

_NAME = re.compile(r"(?P<id>.+)_(?P<start>\d+(?:\.\d+)?)-(?P<end>\d+(?:\.\d+)?)_(?P<fps>\d+(?:\.\d+)?)fps\.mp4")
#: Seconds by which a clip's name may be rounded against its record's times.
TOLERANCE = 0.5


@dataclass(frozen=True)
class CutClip:
    """A clip file and the range of the source video that it holds, in seconds."""

    video_id: str
    start: float
    end: float
    fps: float
    uri: str


def parse_name(uri: str) -> CutClip | None:
    """What a clip's file name says; None for a name of another form."""
    found = _NAME.fullmatch(uri.rsplit("/", 1)[-1])
    if not found:
        return None
    return CutClip(found["id"], float(found["start"]), float(found["end"]), float(found["fps"]), uri)


class CutClips:
    """The clip files at hand, looked up by the source video and range that a record names."""

    def __init__(self, uris: Iterable[str]) -> None:
        self._by_video: dict[str, list[CutClip]] = {}
        for clip in map(parse_name, uris):
            if clip is not None:
                self._by_video.setdefault(clip.video_id, []).append(clip)

    def find(self, video_id: str, start: float, end: float) -> CutClip | None:
        """The shortest clip that holds [start, end] of the video, up to rounding."""
        holding = [
            clip
            for clip in self._by_video.get(video_id, ())
            if clip.start <= start + TOLERANCE and clip.end >= end - TOLERANCE
        ]
        return min(holding, key=lambda clip: clip.end - clip.start, default=None)

    def bridge(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """The row of a record with its clip's address and times counted from the clip's start; None without a clip.

        The words are made sound and end within the clip. Raises WordListError for words without times.
        """
        clip = self.find(row["video_id"], row["start"], row["end"])
        if clip is None:
            return None

        def shifted(time: float) -> float:
            return round(max(0.0, time - clip.start), 3)

        spoken = sound_words(row["words"]).words
        moved = [{**word, "start": shifted(word["start"]), "end": shifted(word["end"])} for word in spoken]
        words = sound_words(moved, clip.end - clip.start + TOLERANCE).words
        return {**row, "path": clip.uri, "start": shifted(row["start"]), "end": shifted(row["end"]), "words": words}
