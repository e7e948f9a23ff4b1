"""A second counts when a face is seen and a voice is heard."""

from pathlib import Path

import numpy as np
import pytest

from livecc_assets.live_whisperx.active_speaker import (
    FaceAndVoice,
    active_speaker_ratios,
    load_scorer,
    voiced_seconds,
)
from livecc_assets.media.audio import read_audio
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import own_path
from tests.recordings import Media

CONFIG = {"scorer": "face-and-voice", "model": "embedded:mtcnn", "voice_model": "embedded:silero"}


def _clip(path: Path, start: float, end: float, name: str = "c"):
    return {"clip_id": name, "video_id": "v", "batch": "", "path": str(path), "start": start, "end": end}


def test_faces_count_only_while_somebody_speaks_and_voices_only_with_a_face(make_talk, media: Media, tmp_path: Path):
    speech = read_audio(str(media / "jfk.flac"))[: 8 * 16000]
    sound = np.concatenate([speech, np.zeros(4 * 16000, np.float32)])
    faces = [True] * 4 + [False] * 4 + [True] * 4
    voiced = voiced_seconds(sound)
    assert sum(voiced[:8]) >= 5
    assert not any(voiced[9:])
    video = make_talk("talk.mp4", faces, sound)
    clips = [_clip(video, 0.0, 4.0), _clip(video, 4.0, 8.0), _clip(video, 9.0, 12.0), _clip(video, 0.0, 12.0)]
    ratios = [
        row["ratio"]
        for row in active_speaker_ratios(clips, own_path, load_scorer(CONFIG, tmp_path))
        if isinstance(row, dict)
    ]
    both = sum(voiced[:4])
    assert both >= 2
    assert ratios == [both / 4, 0.0, 0.0, both / 12]


def test_silence_and_an_empty_soundtrack_hold_no_voice():
    assert voiced_seconds(np.zeros(2 * 16000 + 10, np.float32)) == [False] * 3
    assert voiced_seconds(np.zeros(0, np.float32)) == []


def test_a_clip_that_cannot_be_read_is_an_error_and_the_next_goes_on(make_talk, tmp_path: Path):
    (tmp_path / "broken.mp4").write_bytes(b"no media")
    silent = make_talk("mute.mp4", [True], None)
    quiet = make_talk("quiet.mp4", [True] * 2, np.zeros(2 * 16000, np.float32))
    clips = [_clip(tmp_path / "broken.mp4", 0, 1, "a"), _clip(silent, 0, 1, "b"), _clip(quiet, 0, 2, "c")]
    rows = list(active_speaker_ratios(clips, own_path, load_scorer(CONFIG, tmp_path)))
    assert [(row.id, row.kind) for row in rows if isinstance(row, Rejected)] == [("a", "error"), ("b", "error")]
    assert rows[2] == {"clip_id": "c", "video_id": "v", "ratio": 0.0}


def test_a_video_is_heard_once_for_all_its_clips(make_talk, monkeypatch: pytest.MonkeyPatch):
    from livecc_assets.live_whisperx import active_speaker

    heard = []
    real = active_speaker.read_audio
    monkeypatch.setattr(active_speaker, "read_audio", lambda uri, **options: heard.append(uri) or real(uri, **options))
    video = make_talk("again.mp4", [True], np.zeros(16000, np.float32))
    scorer = FaceAndVoice(None)  # type: ignore[arg-type]  # nothing is said, so no face is looked for
    assert [scorer(str(video), 0, 1), scorer(str(video), 0, 1)] == [0.0, 0.0]
    assert len(heard) == 1
