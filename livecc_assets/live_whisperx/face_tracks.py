"""Which face of a frame is which of the next: tracks through a window of frames (method 1.8)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from livecc_assets.models.scrfd import overlap

#: How much a face must overlap that of the frame before, and of how many frames a track has at least.
SAME, SHORTEST = 0.7, 5

Box = tuple[float, float, float, float]
Seen = TypeVar("Seen")


@dataclass
class Track(Generic[Seen]):
    """A face in frames that follow one another: the first one's number, and what was seen in each."""

    first: int
    seen: list[Seen] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The number of the first frame after it."""
        return self.first + len(self.seen)


def tracks(frames: Sequence[Sequence[tuple[Box, Seen]]], shortest: int = SHORTEST) -> list[Track[Seen]]:
    """Tracks of at least ``shortest`` frames, in the order of their beginnings.

    ``frames``: each one's boxes (left, top, right, bottom), with what is to be kept of each. A box goes on with the track whose
    last box it overlaps most, by more than ``SAME``; where two want one track, the one that overlaps more gets it. The
    others begin tracks. A track without a box in a frame is over.
    """
    done: list[Track[Seen]] = []
    going: list[tuple[Box, Track[Seen]]] = []
    for number, boxes in enumerate(frames):
        pairs = sorted(
            (
                (overlap(box, last), place, which)
                for place, (box, _) in enumerate(boxes)
                for which, (last, _) in enumerate(going)
            ),
            key=lambda pair: -pair[0],
        )
        wanted: dict[int, int] = {}
        for shared, place, which in pairs:
            if shared > SAME and place not in wanted and which not in wanted.values():
                wanted[place] = which
        following: list[tuple[Box, Track[Seen]]] = []
        for place, (box, seen) in enumerate(boxes):
            if place in wanted:
                track = going[wanted[place]][1]
            else:
                track = Track(number)
                done.append(track)
            track.seen.append(seen)
            following.append((box, track))
        going = following
    return [track for track in done if len(track.seen) >= shortest]
