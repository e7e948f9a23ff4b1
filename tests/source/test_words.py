"""Words of caption files: cut at space alone, in spoken order, each once, with the times that the file gives."""

import json

import pytest

from livecc_assets.source.captions import read_captions
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Captions


def read(text: str, name: str = "a.vtt") -> Captions:
    return read_captions(text.encode(), name)


def vtt(*cues: tuple[str, str]) -> str:
    return "WEBVTT\n\n" + "\n\n".join(f"{times}\n{text}" for times, text in cues) + "\n"


def one(body: str) -> str:
    return vtt(("00:01.000 --> 00:03.000", body))


def json3(*segments: tuple[str, int | None]) -> str:
    segs = [{"utf8": text, **({} if at is None else {"tOffsetMs": at})} for text, at in segments]
    return json.dumps({"events": [{"tStartMs": 1000, "dDurationMs": 3000, "segs": segs}]})


def starts(captions: Captions) -> list[tuple[float, str]]:
    assert captions.words is not None
    assert " ".join(word["word"] for word in captions.words) == " ".join(line["text"] for line in captions.lines)
    assert all(0 <= word["end"] - word["start"] <= 2.0 for word in captions.words)
    return [(word["start"], word["word"]) for word in captions.words]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<i>Titanic</i>, the film", "Titanic, the film"),
        ("Is it <b>him</b>?", "Is it him?"),
        ("that is un<i>believ</i>able", "that is unbelievable"),
        ("Apollo 12<i>, get ready</i>", "Apollo 12, get ready"),
        ('<font color="#fff">"</font>Go<font>"</font>', '"Go"'),
        ("{\\i1}Mad Max{\\i0}: Fury Road", "Mad Max: Fury Road"),
        ("ex<c.colorE5E5E5>tra</c> time", "extra time"),
        ("extra\u00adordinary", "extraordinary"),
        ("extra&shy;ordinary", "extraordinary"),
        ("3\u2060-\u20602 and don\ufeff't", "3-2 and don't"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("wo\u200crd and wo\u200drd", "word and word"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 ok", "\U0001f468\u200d\U0001f469\u200d\U0001f467 ok"),
        ("\u200ehello there\u200f", "hello there"),
        ("don&amp;#39;t &amp;amp; won&amp;#39;t", "don't & won't"),
        ("a&nbsp;b\u3000c\u2009d\u202fe", "a b c d e"),
        ("one<br>two<br/>three", "one two three"),
        ("&lt;i&gt;him&lt;/i&gt; said", "him said"),
        ("AT&T &amp;lt;3 R&amp;D", "AT&T <3 R&D"),
        ("3 < 4, a <b and c", "3 < 4, a <b and c"),
        ("<ruby>\u6f22<rt>kan</rt></ruby>\u5b57", "\u6f22\u5b57"),
        ("bell\x07 and\ttab", "bell and tab"),
    ],
)
def test_a_word_is_cut_only_at_white_space(markup: str, text: str):
    assert plain(markup) == text


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([("10", None), (",000", 300), (" fans", 1000)], [(1.0, "10,000"), (2.0, "fans")]),
        ([("it", None), ("'s", 200), (" in", 600)], [(1.0, "it's"), (1.6, "in")]),
        ([("state", None), ("-of", 200), ("-the", 300), ("-art", 600)], [(1.0, "state-of-the-art")]),
        ([("done", None), (".", 200), (" Next", 1000)], [(1.0, "done."), (2.0, "Next")]),
        ([("we", 0), (" ", 100), ("go", 500)], [(1.0, "we"), (1.5, "go")]),
        ([("we ", 0), ("go", 500), ("\n", 600), ("on", 900)], [(1.0, "we"), (1.5, "go"), (1.9, "on")]),
        ([("I", None), ("'m", 100), (" in", 500), ("side", 700)], [(1.0, "I'm"), (1.5, "inside")]),
        ([("we", 0), (" can do", 500), (" it", 1500)], [(1.0, "we"), (1.5, "can"), (2.0, "do"), (2.5, "it")]),
    ],
)
def test_a_timed_piece_that_begins_without_space_goes_on_with_the_word_before(segments, expected):
    assert starts(read(json3(*segments), "a.json3")) == expected


def test_pieces_of_webvtt_join_to_words_too():
    pieces = "un<00:01.200><c>believ</c><00:01.400><c>able</c><00:02.000><c> goal</c>"
    assert starts(read(one(pieces))) == [(1.0, "unbelievable"), (2.0, "goal")]


def test_words_that_share_a_stamp_keep_their_order_and_last_until_the_next_later_one():
    text = "<00:01.000><c>we</c><00:01.000><c> can</c><00:01.000><c> do</c><00:02.000><c> it</c>"
    captions = read(one(text))
    assert starts(captions) == [(1.0, "we"), (1.0, "can"), (1.0, "do"), (2.0, "it")]
    assert [word["end"] for word in captions.words or []] == [2.0, 2.0, 2.0, 3.0]
    five = "will<00:01.400> you<00:01.400> be<00:01.400> at<00:01.400> all<00:01.400> okay"
    assert [word for _, word in starts(read(one(five)))] == ["will", "you", "be", "at", "all", "okay"]


def test_cues_that_overlap_by_milliseconds_keep_their_words_times():
    captions = read(
        vtt(
            ("00:00.000 --> 00:03.000", "one<00:02.000><c> two</c><00:02.200><c> three</c><00:02.460><c> four</c>"),
            ("00:02.450 --> 00:05.000", "five<00:03.000><c> six</c>"),
        )
    )
    expected = [(0.0, "one"), (2.0, "two"), (2.2, "three"), (2.46, "four"), (2.45, "five"), (3.0, "six")]
    assert starts(captions) == expected


def test_a_row_without_times_in_a_timed_cue_is_spread_between_its_neighbours():
    captions = read(
        vtt(
            ("00:00.000 --> 00:03.000", "Ladies\nand<00:01.000><c> gentlemen</c><00:02.000><c> welcome</c>"),
            ("00:03.000 --> 00:06.000", "to<00:03.500><c> the</c><00:04.000><c> final</c>\ntonight"),
        )
    )
    assert starts(captions) == [
        (0.0, "Ladies"), (0.5, "and"), (1.0, "gentlemen"), (2.0, "welcome"),
        (3.0, "to"), (3.5, "the"), (4.0, "final"), (5.0, "tonight"),
    ]  # fmt: skip


@pytest.mark.parametrize("bad", ["00:09:00.000", "00:00:00.000"])
def test_a_word_time_that_cannot_be_is_replaced_and_the_others_kept(bad: str):
    captions = read(one(f"one<00:00:01.600> two<{bad}> three<00:00:02.600> four").replace("00:01.000", "00:01.200"))
    assert starts(captions) == [(1.2, "one"), (1.6, "two"), (2.1, "three"), (2.6, "four")]


def test_two_cues_of_one_time_in_two_places_are_both_kept_in_order():
    captions = read(
        vtt(
            ("00:01.000 --> 00:03.000 line:0", "Hello there"),
            ("00:01.000 --> 00:03.000 line:90%", "General Kenobi"),
            ("00:03.000 --> 00:04.000", "Yes"),
        )
    )
    assert [line["text"] for line in captions.lines] == ["Hello there", "General Kenobi", "Yes"]
    assert captions.problems == []
    assert [line["start"] for line in captions.lines] == [1.0, 2.0, 3.0]


def test_a_cue_that_is_repeated_at_its_own_time_is_one():
    cue = ("00:01.000 --> 00:03.000", "Hello there")
    assert [line["text"] for line in read(vtt(cue, cue, ("00:03.000 --> 00:04.000", "Hello there"))).lines] == [
        "Hello there",
        "Hello there",
    ]


def test_cues_swapped_by_a_moment_are_put_right():
    captions = read(
        vtt(
            ("00:01.000 --> 00:03.000", "two"), ("00:00.800 --> 00:01.000", "one"), ("00:03.000 --> 00:04.000", "three")
        )
    )
    assert [line["text"] for line in captions.lines] == ["one", "two", "three"]


def test_a_whole_transcript_in_one_cue_keeps_its_words_and_says_that_times_are_guessed():
    transcript = " ".join(f"word{k}" for k in range(200))
    captions = read(vtt(("00:00.000 --> 01:40.000", transcript)))
    assert [line["text"] for line in captions.lines] == [transcript]
    (problem,) = captions.problems
    assert (problem.number, problem.reason) == (1, "times_guessed")
    assert "200 words in 100.0 s" in problem.detail


def test_one_new_word_in_a_long_rolling_cue_does_not_last_as_long():
    rolling = vtt(
        ("00:00.000 --> 00:02.000", "we go<00:01.000> on"),
        ("00:02.000 --> 00:12.000", "we go on\nyeah"),
        ("00:12.000 --> 00:14.000", "yeah\nso<00:13.000> then"),
    )
    captions = read(rolling)
    assert [(line["start"], line["end"], line["text"]) for line in captions.lines][1] == (2.0, 4.0, "yeah")
    assert (2.0, "yeah") in starts(captions)


def test_paint_on_captions_are_read_as_they_are_heard():
    captions = read(
        vtt(
            ("00:01.000 --> 00:01.500", "the"),
            ("00:01.500 --> 00:02.000", "the ball"),
            ("00:02.000 --> 00:03.000", "the ball goes"),
        )
    )
    assert [(line["start"], line["text"]) for line in captions.lines] == [(1.0, "the"), (1.5, "ball"), (2.0, "goes")]


@pytest.mark.parametrize(
    "texts",
    [
        ["no no no", "no no no", "what a game", "no no no"],
        ["la la la", "we sing along", "la la la", "we sing along"],
        ["goal!"] * 5,
        ["I", "I think so", "they came late", "and then they left", "again and again"],
        ["yes yes", "yes we can", "yes we can", "and we will", "yes"],
    ],
)
def test_honest_repetitions_in_ordinary_captions_survive(texts: list[str]):
    captions = read(vtt(*[(f"00:{2 * k:02d}.000 --> 00:{2 * k + 2:02d}.000", text) for k, text in enumerate(texts)]))
    assert [line["text"] for line in captions.lines] == texts


def test_a_turn_mark_takes_no_time_from_the_word_behind_it():
    captions = read(json3((">> Hello", None), (" there", 800), (" - no", 1000)))
    assert starts(captions) == [(1.0, ">>"), (1.0, "Hello"), (1.8, "there"), (2.0, "-"), (2.0, "no")]


def highlighted(*marked: int, words: tuple[str, ...] = ("we", "go", "now"), mark: str = "<u>{}</u>") -> str:
    """Whisper's --highlight_words: the line once a second, with another word marked, or none (-1) in a pause."""
    texts = (" ".join(mark.format(w) if k == at else w for k, w in enumerate(words)) for at in marked)
    return vtt(*((f"00:{k:02d}.000 --> 00:{k + 1:02d}.000", text) for k, text in enumerate(texts)))


@pytest.mark.parametrize(
    "mark", ["<u>{}</u>", '<font color="#0f0">{}</font>', "<c.now>{}</c>", "{{\\c&HFF&}}{}{{\\r}}"]
)
def test_a_line_that_is_shown_once_a_word_is_said_once(mark: str):
    assert starts(read(highlighted(0, 1, -1, 2, mark=mark))) == [(0.0, "we"), (1.0, "go"), (3.0, "now")]


def test_a_line_with_marked_words_that_is_said_twice_is_there_twice():
    assert [line["text"] for line in read(highlighted(0, 1, 2, 0, 1, 2)).lines] == ["we go now"] * 2


def test_a_line_that_is_said_again_in_italics_is_said_twice():
    captions = read(vtt(("00:00.000 --> 00:01.000", "Come on"), ("00:01.000 --> 00:02.000", "<i>Come on</i>")))
    assert [line["text"] for line in captions.lines] == ["Come on", "Come on"]


def test_marked_lines_of_ass_are_said_once():
    events = ["{\\b1}we{\\b0} go", "we {\\b1}go{\\b0}"]
    rows = [f"Dialogue: 0,0:00:0{k}.00,0:00:0{k + 1}.00,D,,0,0,0,,{text}" for k, text in enumerate(events)]
    assert starts(read("[Events]\n" + "\n".join(rows), "a.ass")) == [(0.0, "we"), (1.0, "go")]
