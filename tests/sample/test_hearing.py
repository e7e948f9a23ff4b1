"""The embedded Whisper reads the commentary: right words, right times, sentences that start with a capital."""

import re
from difflib import SequenceMatcher

import numpy as np
import pytest

from livecc_assets.core.words import Word
from livecc_assets.graph.settings import load_settings
from livecc_assets.live_whisperx.clips import sentence_clips
from livecc_assets.sample.match import ACTORS, VERBS
from livecc_assets.sample.videos import match_video
from livecc_assets.store.rows import Rejected

pytest.importorskip("faster_whisper")
MATCHES = 4


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[list, list[Word]]]:
    """(words said, words read) of a few matches."""
    from livecc_assets.live_whisperx.asr import FasterWhisper

    home = tmp_path_factory.mktemp("home")
    read = FasterWhisper.load(load_settings(home).profile.asr.as_config(), home)
    tracks = [match_video("x", 700 + number).sound for number in range(MATCHES)]
    return [(sound.words, read(sound.samples)[0]) for sound in tracks]


def bare(word: str) -> str:
    return re.sub(r"\W", "", word.lower())


def pairs(said: list, read: list[dict]) -> list[tuple]:
    """Words said and read that agree, in order."""
    blocks = SequenceMatcher(None, [w.word for w in said], [bare(w["word"]) for w in read], autojunk=False)
    return [(said[m.a + k], read[m.b + k]) for m in blocks.get_matching_blocks() for k in range(m.size)]


def test_at_most_one_word_in_twelve_is_misread(heard) -> None:
    errors = total = 0
    for said, read in heard:
        matcher = SequenceMatcher(None, [w.word for w in said], [bare(w["word"]) for w in read], autojunk=False)
        errors += sum(max(b - a, d - c) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal")
        total += len(said)
    assert total > 100
    assert errors <= total / 12


def test_who_does_what_is_read_right_almost_always(heard) -> None:
    names = {*ACTORS, *VERBS}
    said = [word for words, _ in heard for word in words if word.word in names]
    right = [a for words, read in heard for a, _ in pairs(words, read) if a.word in names]
    assert len(right) >= 0.97 * len(said)


def test_who_does_what_is_read_when_it_is_said(heard) -> None:
    """Whisper may stretch a sentence's last words into the pause that follows; actor and verb stand before them."""
    agreed = [(a, b) for said, read in heard for a, b in pairs(said, read)]
    assert np.median([abs(a.end - b["end"]) for a, b in agreed]) < 0.15
    named = [abs(a.end - b["end"]) for a, b in agreed if a.word in {*ACTORS, *VERBS}]
    assert np.quantile(named, 0.95) < 0.4


def test_sentences_end_with_a_stop_and_start_with_a_capital_so_that_clips_can_start_there(heard) -> None:
    openers = [read[k]["word"] for _, read in heard for k in range(1, len(read)) if read[k - 1]["word"].endswith(".")]
    assert len(openers) >= 0.7 * sum(sum(bare(w["word"]) in ACTORS for w in read) - 1 for _, read in heard)
    assert all(opener[0].isupper() for opener in openers)


def test_a_match_becomes_one_sentence_clip(heard, tmp_path) -> None:
    section = load_settings(tmp_path).profile.sentence_clips.as_config()
    videos = [
        {"video_id": str(n), "batch": "b", "path": "", "sha256": "", "title": "", "category": "", "words": r}
        for n, (_, r) in enumerate(heard)
    ]
    rows = list(sentence_clips(videos, section))
    clips = [row for row in rows if not isinstance(row, Rejected)]
    assert len(clips) == MATCHES
    assert all(1 <= clip["words_per_second"] <= 4 for clip in clips)
