"""A3: is somebody's talking face what the video shows? (method 1.4; paper section 3.1). No threshold here.

A score in [0, 1] per video from 8 evenly spaced frames. Two scorers: ``p-yes`` asks Qwen2-VL, as the paper does;
``face-share`` is the share of frames with a face, for machines without such a model. A video that cannot be read is
an error; it never gets another video's score.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from livecc_assets.core.errors import MediaError
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import AddressOf

if TYPE_CHECKING:
    from livecc_assets.models.faces import FaceFinder


class Scorer(Protocol):
    """Score in [0, 1] of uint8 RGB frames [T, H, W, 3] of one video."""

    def __call__(self, frames: np.ndarray) -> float: ...


class FaceShare:
    """Share of the frames in which a face is found."""

    def __init__(self, finder: "FaceFinder") -> None:
        self._finder = finder

    def __call__(self, frames: np.ndarray) -> float:
        return sum(bool(self._finder.find(frame)) for frame in frames) / len(frames)


def load_scorer(config: dict[str, Any], home: Path) -> Scorer:
    """The scorer that the profile's ``talking_head`` section names."""
    if config["scorer"] == "face-share":
        from livecc_assets.models.faces import FaceFinder

        return FaceShare(FaceFinder.load(config["model"], home))
    from livecc_assets.live_cc.p_yes import PYes

    rule = config.get("rule", "corrected")
    return PYes.load(config["model"], home, rule, config.get("device"), config.get("dtype"))


def substitute(config: dict[str, Any]) -> dict[str, str]:
    """What the asset's page says of a scorer that is not the paper's."""
    if config["scorer"] == "p-yes":
        return {}
    return {"substitute": "share of frames with a face, in place of the paper's P(Yes) of Qwen2-VL-2B"}


def talking_head_scores(
    videos: Iterable[dict[str, Any]], address_of: AddressOf, scorer: Scorer, frames: int = 8
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``talking_head_scores``; ``videos`` are rows that name their video, one a video."""
    from livecc_assets.media.frames import Video
    from livecc_assets.media.sampling import spread

    for row in videos:
        video_id = row["video_id"]
        try:
            with Video.open(address_of(row)) as video:
                pixels = video.frames(spread(video.end_pts, frames, float(video.start_pts[0])))
        except MediaError as error:
            yield Rejected(video_id, "error", error.reason, error.detail, video_id)
        else:
            yield {"video_id": video_id, "score": float(scorer(pixels)), "frames": len(pixels)}
