"""HLS captions: X-TIMESTAMP-MAP says which media time cue time 0 stands for; joined segments are one file."""

import pytest

from livecc_assets.source.captions import read_captions
from livecc_assets.source.cues import Captions

MAP = "X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000"


def read(*segments: str) -> Captions:
    return read_captions("\n".join(segments).encode(), "a.vtt")


def segment(header: str, *cues: tuple[str, str]) -> str:
    return f"WEBVTT\n{header}\n\n" + "".join(f"{times}\n{text}\n\n" for times, text in cues)


ONE, TWO = ("00:01.000 --> 00:03.000", "one"), ("00:05.000 --> 00:07.000", "two")
THREE = ("00:08.000 --> 00:09.000", "three")


def texts(captions: Captions) -> list[tuple[float, str]]:
    return [(line["start"], line["text"]) for line in captions.lines]


@pytest.mark.parametrize(
    ("header", "offset"),
    [
        (MAP, 10.0),
        ("X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000", 10.0),
        ("X-TIMESTAMP-MAP=LOCAL:00:01:00.000,MPEGTS:900000", -50.0),
        ("X-TIMESTAMP-MAP=MPEGTS:900000, LOCAL:00:00.500", 9.5),
        (f"X-TIMESTAMP-MAP=MPEGTS:{2**33 + 900000},LOCAL:00:00:00.000", 10.0),
        ("Kind: captions", None),
    ],
)
def test_the_map_gives_the_media_time_of_cue_zero(header: str, offset: float | None):
    captions = read(segment(header, ONE))
    assert captions.offset == (None if offset is None else pytest.approx(offset))
    assert texts(captions) == [(1.0, "one")]


def test_a_cue_on_the_boundary_of_joined_segments_is_there_once():
    captions = read(segment(MAP, ONE, TWO), segment(MAP, TWO, THREE))
    assert texts(captions) == [(1.0, "one"), (5.0, "two"), (8.0, "three")]
    assert (captions.problems, captions.offset) == ([], 10.0)


def test_two_cues_on_the_boundary_keep_their_order():
    other = ("00:06.000 --> 00:07.500", "other")
    assert [text for _, text in texts(read(segment(MAP, ONE, TWO, other), segment(MAP, TWO, other, THREE)))] == [
        "one", "two", "other", "three",
    ]  # fmt: skip


def test_segments_that_count_from_their_own_start_come_onto_one_clock():
    second = "X-TIMESTAMP-MAP=MPEGTS:1800000,LOCAL:00:00:00.000"
    captions = read(segment(MAP, ONE), segment(second, ONE), segment(second, THREE))
    assert texts(captions) == [(1.0, "one"), (11.0, "one"), (18.0, "three")]
    assert captions.offset == 10.0


def test_the_clock_of_33_bits_may_wrap_between_segments():
    first = f"X-TIMESTAMP-MAP=MPEGTS:{2**33 - 450000},LOCAL:00:00:00.000"
    captions = read(segment(first, ONE), segment("X-TIMESTAMP-MAP=MPEGTS:450000,LOCAL:00:00:00.000", ONE))
    assert texts(captions) == [(1.0, "one"), (11.0, "one")]


def test_word_times_move_with_their_cue():
    timed = ("00:01.000 --> 00:03.000", "one<00:00:02.000> more")
    captions = read(segment(MAP, timed), segment("X-TIMESTAMP-MAP=MPEGTS:1800000,LOCAL:00:00:00.000", timed))
    assert [word["start"] for word in captions.words or []] == [1.0, 2.0, 11.0, 12.0]


def test_a_map_that_cannot_be_read_is_noted_and_costs_no_cue():
    captions = read(segment("X-TIMESTAMP-MAP=MPEGTS:soon", ONE))
    assert texts(captions) == [(1.0, "one")]
    assert [problem.reason for problem in captions.problems] == ["timestamp_map"]
    assert captions.offset is None


def test_segments_joined_without_a_blank_row_keep_their_headers_out_of_the_text():
    joined = f"WEBVTT\n{MAP}\n\n00:01.000 --> 00:03.000\none\n\ufeffWEBVTT\n{MAP}\n\n00:08.000 --> 00:09.000\nthree\n"
    assert texts(read(joined)) == [(1.0, "one"), (8.0, "three")]
