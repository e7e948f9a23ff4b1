"""Wanted videos are heard; the others are named with their reason."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.live_whisperx.asr import FasterWhisper, OtherLanguageError, spoken_words
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.media.audio import read_audio
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import own_path
from tests.recordings import Media

ASR = {"model": "embedded:whisper-tiny.en", "language": "en", "compute_type": "int8", "device": "cpu"}


def _video(path: Path | str, category: str | None = "Sports", name: str = "v"):
    return {"video_id": name, "batch": "", "path": str(path), "sha256": "0", "title": "t", "category": category}


def _never(audio):
    raise AssertionError("nothing should be decoded")


def test_the_embedded_whisper_reads_a_speech_with_word_times(media: Media, tmp_path: Path):
    recogniser = FasterWhisper.load(ASR, tmp_path)
    (row,) = spoken_words([_video(media / "jfk.flac")], own_path, recogniser, None)
    assert isinstance(row, dict)
    assert list(row) == SCHEMAS["spoken_words"].names
    text = " ".join(word["word"] for word in row["words"]).lower()
    assert "ask not what your country can do for you" in text
    assert row["language"] == "en"
    times = [(word["start"], word["end"]) for word in row["words"]]
    assert times == sorted(times)
    assert all(0 <= start <= end <= 11.1 for start, end in times)
    assert all(word["word"] == word["word"].strip() != "" for word in row["words"])


def test_noise_without_speech_is_filtered_and_not_invented_over(make_talk, tmp_path: Path):
    hum = 0.2 * np.sin(np.arange(4 * 16000) * 2 * np.pi * 220 / 16000).astype(np.float32)
    video = make_talk("hum.mp4", [False] * 4, hum)
    (row,) = spoken_words([_video(video)], own_path, FasterWhisper.load(ASR, tmp_path), None)
    assert isinstance(row, Rejected)
    assert (row.kind, row.reason) == ("filtered", "no_speech")
    assert "of sound" in row.detail


def test_categories_are_looked_at_before_anything_is_decoded():
    rows = list(spoken_words([_video("absent.mp4", "Music"), _video("absent.mp4", None)], own_path, _never, ["Sports"]))
    assert [(row.kind, row.reason) for row in rows if isinstance(row, Rejected)] == [
        ("filtered", "excluded_category")
    ] * 2


def test_silent_files_are_filtered_and_broken_ones_are_errors(make_talk, tmp_path: Path):
    silent = make_talk("silent.mp4", [False], None)
    (tmp_path / "broken.mp4").write_bytes(b"no media")
    first, second = spoken_words([_video(silent), _video(tmp_path / "broken.mp4")], own_path, _never, None)
    assert isinstance(first, Rejected)
    assert isinstance(second, Rejected)
    assert (first.kind, first.reason) == ("filtered", "no_audio")
    assert second.kind == "error"


def _multilingual(language: str, certainty: float):
    """A model that hears one language; the shape of faster-whisper's own."""
    word = SimpleNamespace(start=np.float64(0.123), end=np.float64(0.456), word=" Hola")
    segments = iter([SimpleNamespace(words=[word]), SimpleNamespace(words=None)])
    return SimpleNamespace(
        model=SimpleNamespace(is_multilingual=True),
        detect_language=lambda audio, vad_filter: (language, certainty, []),
        transcribe=lambda audio, **options: (segments, SimpleNamespace(language=options["language"] or language)),
    )


def test_speech_in_another_language_is_turned_away_when_the_model_is_sure(make_talk):
    video = make_talk("tone.mp4", [False], np.zeros(16000, np.float32))
    (row,) = spoken_words([_video(video)], own_path, FasterWhisper(_multilingual("es", 0.9), "en"), None)
    assert isinstance(row, Rejected)
    assert (row.kind, row.reason) == ("filtered", "other_language")
    assert "'es' (0.90)" in row.detail
    words, language = FasterWhisper(_multilingual("es", 0.3), "en")(np.zeros(16000, np.float32))
    assert (words, language) == ([{"start": 0.12, "end": 0.46, "word": "Hola"}], "en")
    assert FasterWhisper(_multilingual("es", 0.9), None)(np.zeros(16000, np.float32))[1] == "es"
    with pytest.raises(OtherLanguageError):
        FasterWhisper(_multilingual("es", 0.5), "en")(np.zeros(16000, np.float32))


@pytest.mark.parametrize("change", [{"compute_type": "nonsense"}])
def test_what_this_machine_cannot_load_is_said_with_the_remedy(change, tmp_path: Path):
    with pytest.raises(UserError, match=r"asr\.device"):
        FasterWhisper.load({**ASR, **change}, tmp_path)


def test_read_audio_and_whisper_agree_on_the_clock(media: Media):
    assert len(read_audio(str(media / "jfk.flac"))) == pytest.approx(11 * 16000, rel=0.01)
