"""Captions of every kind say what is said, at the time it is said, when read back by the source stage."""

import re

import pytest

from livecc_assets.sample.captions import KINDS, TIMED, clock, write_captions
from livecc_assets.sample.match import plan_match
from livecc_assets.sample.videos import commentary, shuffled
from livecc_assets.source.captions import read_captions

LINES = commentary(plan_match(21, 26.0)).lines


def read_back(tmp_path, kind: str):
    path = write_captions(tmp_path, "film", LINES, kind)
    return path, read_captions(path.read_bytes(), path.name)


@pytest.mark.parametrize("kind", KINDS)
def test_captions_read_back_are_the_lines_that_were_said(tmp_path, kind: str) -> None:
    _, captions = read_back(tmp_path, kind)
    assert not captions.problems
    assert [line["text"] for line in captions.lines] == [" ".join(word.word for word in line) for line in LINES]
    assert [line["start"] for line in captions.lines] == pytest.approx([line[0].start for line in LINES], abs=0.002)
    assert [line["end"] for line in captions.lines] == pytest.approx([line[-1].end for line in LINES], abs=0.012)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_kinds_that_promise_it_carry_the_exact_time_of_every_word(tmp_path, kind: str) -> None:
    _, captions = read_back(tmp_path, kind)
    if kind not in TIMED:
        assert captions.words is None
        return
    said = [word for line in LINES for word in line]
    assert captions.words is not None
    assert [word["word"] for word in captions.words] == [word.word for word in said]
    assert [word["start"] for word in captions.words] == pytest.approx([word.start for word in said], abs=0.002)


@pytest.mark.parametrize("kind", KINDS)
def test_captions_have_neither_capitals_nor_punctuation(tmp_path, kind: str) -> None:
    _, captions = read_back(tmp_path, kind)
    assert all(re.fullmatch(r"[a-z ]+", line["text"]) for line in captions.lines)


def test_subrip_names_the_language_with_an_underscore_and_the_others_with_a_dot(tmp_path) -> None:
    names = {kind: write_captions(tmp_path, "film", LINES, kind, "de").name for kind in KINDS}
    assert names["srt"] == "film_de.srt"
    assert names["ttml"] == "film.de.ttml"


def test_the_clock_carries_over_into_minutes_and_hours() -> None:
    assert clock(0.0004) == "00:00:00.000"
    assert clock(59.9996) == "00:01:00.000"
    assert clock(3661.25, ",") == "01:01:01,250"


def test_shuffled_captions_keep_times_and_words_but_not_their_order() -> None:
    mixed = [word for line in shuffled(LINES, 4) for word in line]
    said = [word for line in LINES for word in line]
    assert [(word.start, word.end) for word in mixed] == [(word.start, word.end) for word in said]
    assert sorted(word.word for word in mixed) == sorted(word.word for word in said)
    assert [word.word for word in mixed] != [word.word for word in said]
