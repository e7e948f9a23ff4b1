"""Faces over a whole video make a talking head; a broken video gets no score at all."""

from pathlib import Path

import numpy as np

from livecc_assets.live_cc.talking_head import FaceShare, talking_head_scores
from livecc_assets.models.faces import FaceFinder
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import own_path


def _rows(*paths: Path):
    return [{"video_id": path.stem, "batch": "", "path": str(path)} for path in paths]


def test_the_score_is_the_share_of_frames_with_a_face(make_video, tmp_path: Path):
    scorer = FaceShare(FaceFinder.load("embedded:mtcnn", tmp_path))
    videos = _rows(
        make_video("talk.mp4", [True] * 8),
        make_video("match.mp4", [False] * 8),
        make_video("half.mp4", [True] * 4 + [False] * 4),
    )
    scores = [row for row in talking_head_scores(videos, own_path, scorer) if isinstance(row, dict)]
    assert [(row["video_id"], row["score"], row["frames"]) for row in scores] == [
        ("talk", 1.0, 8), ("match", 0.0, 8), ("half", 0.5, 8),
    ]  # fmt: skip


def test_eight_evenly_spaced_frames_with_first_and_last_are_looked_at(make_video):
    seen = []

    def scorer(frames: np.ndarray) -> float:
        seen.append(frames.mean(axis=(1, 2, 3)))
        return 0.25

    video = make_video("ends.mp4", [True, False, False, False, False, False, False, True])
    (row,) = talking_head_scores(_rows(video), own_path, scorer)
    assert row == {"video_id": "ends", "score": 0.25, "frames": 8}
    (brightness,) = seen
    plain = brightness[3]
    assert [bool(abs(value - plain) > 10) for value in brightness] == [True] + [False] * 6 + [True]


def test_a_broken_video_is_an_error_under_its_own_name_and_the_next_one_is_scored(make_video, tmp_path: Path):
    broken, empty = tmp_path / "broken.mp4", tmp_path / "empty.mp4"
    broken.write_bytes(b"no video at all")
    empty.write_bytes(b"")
    good = make_video("good.mp4", [False] * 2)
    first, second, third = talking_head_scores(_rows(broken, empty, good), own_path, lambda frames: 0.0, 8)
    assert isinstance(first, Rejected)
    assert isinstance(second, Rejected)
    assert (first.id, first.kind, second.id, second.kind) == ("broken", "error", "empty", "error")
    assert third == {"video_id": "good", "score": 0.0, "frames": 8}
