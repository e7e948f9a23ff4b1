"""Caption files of every format, and what is wrong with some."""

import json
import re

import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.source.captions import read_captions
from livecc_assets.source.cue_text import plain
from livecc_assets.source.cues import Captions
from tests.recordings import Media


def read(text: str | bytes, name: str = "a.vtt") -> Captions:
    return read_captions(text.encode() if isinstance(text, str) else text, name)


def lines(captions: Captions) -> list[tuple[float, float, str]]:
    return [(line["start"], line["end"], line["text"]) for line in captions.lines]


def words(captions: Captions) -> list[tuple[float, float, str]]:
    assert captions.words is not None
    return [(round(word["start"], 3), round(word["end"], 3), word["word"]) for word in captions.words]


def reasons(captions: Captions) -> list[tuple[int, str]]:
    return [(problem.number, problem.reason) for problem in captions.problems]


def vtt(*cues: tuple[str, str]) -> str:
    return "WEBVTT\n\n" + "\n\n".join(f"{times}\n{text}" for times, text in cues) + "\n"


ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:01.829 align:start position:0%
\x20
we<00:00:00.160><c> go</c><00:00:00.480><c> on</c>

00:00:01.829 --> 00:00:01.839 align:start position:0%
we go on
\x20

00:00:01.839 --> 00:00:04.550 align:start position:0%
we go on
and<00:00:02.240><c> on</c><00:00:02.800><c> and</c><00:00:03.040><c> on</c>

00:00:04.550 --> 00:00:04.560 align:start position:0%
and on and on
\x20

00:00:04.560 --> 00:00:06.000 align:start position:0%
and on and on
yeah

00:00:06.000 --> 00:00:06.010 align:start position:0%
yeah
\x20

00:00:06.010 --> 00:00:08.000 align:start position:0%
yeah
yeah
"""


def test_rolling_captions_of_youtube_are_unrolled_with_their_word_times():
    captions = read(ROLLING)
    assert lines(captions) == [
        (0.0, 1.829, "we go on"),
        (1.839, 4.55, "and on and on"),
        (4.56, 6.0, "yeah"),
        (6.01, 8.0, "yeah"),
    ]
    assert words(captions)[:7] == [
        (0.0, 0.16, "we"),
        (0.16, 0.48, "go"),
        (0.48, 1.829, "on"),
        (1.839, 2.24, "and"),
        (2.24, 2.8, "on"),
        (2.8, 3.04, "and"),
        (3.04, 4.55, "on"),
    ]
    assert captions.problems == []


def test_the_real_youtube_sample_reads_as_it_was_spoken(media: Media):
    captions = read((media / "youtube_auto_demo.vtt").read_bytes())
    assert [text for _, _, text in lines(captions)] == [
        "my career in side projects and open",
        "source basically this is so i've been",
    ]
    assert len(words(captions)) == 14


def test_rolling_captions_whose_word_times_were_stripped_are_unrolled_too():
    captions = read(re.sub(r"<[^>]*>", "", ROLLING))
    assert [text for _, _, text in lines(captions)] == ["we go on", "and on and on", "yeah", "yeah"]
    assert captions.words is None


def test_honest_repetitions_survive():
    times = [f"00:00:0{k}.000 --> 00:00:0{k + 1}.000" for k in range(6)]
    captions = read(vtt(*[(time, "goal!") for time in times]))
    assert len(captions.lines) == 6


def test_word_times_without_rolling():
    captions = read(vtt(("00:01.000 --> 00:03.000", "one<00:00:01.500> two<00:00:02.000> three four")))
    assert words(captions) == [(1.0, 1.5, "one"), (1.5, 2.0, "two"), (2.0, 2.5, "three"), (2.5, 3.0, "four")]


def test_a_word_before_silence_does_not_last_until_the_next():
    captions = read(vtt(("00:00.000 --> 00:09.000", "one<00:00:08.000> two")))
    assert words(captions) == [(0.0, 2.0, "one"), (8.0, 9.0, "two")]


def test_words_say_what_the_lines_say_marks_included():
    captions = read(vtt(("00:00.000 --> 00:01.000", "a<00:00:00.500> b"), ("00:01.000 --> 00:02.000", "[Music]")))
    assert [word for _, _, word in words(captions)] == ["a", "b", "[Music]"]
    assert captions.lines[1]["text"] == "[Music]"


def test_notes_styles_regions_and_cue_names_are_no_captions():
    text = (
        "WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nNOTE\nnot spoken\n\nREGION\nid:fred\n\n"
        "intro\n00:00.000 --> 00:01.000 line:0\nhello\n"
    )
    assert lines(read(text)) == [(0.0, 1.0, "hello")]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<i>Well</i> played", "Well played"),
        ("<v Mary>Hello <c.yellow>there</c>", "Hello there"),
        ('<font color="#fff">white</font>', "white"),
        ("{\\an8}up &amp; over", "up & over"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("fish&nbsp;&lt;chips&gt;", "fish <chips>"),
        ("a\u200bb\u00a0 c", "ab c"),
        ("caf\u00e9 &#39;n&#x27; tea", "caf\u00e9 'n' tea"),
        ("first\\Nsecond", "first second"),
    ],
)
def test_markup_and_entities_become_plain_text(markup, text):
    assert plain(markup) == text


def test_subrip_takes_commas_hours_and_missing_blank_lines():
    text = "1\n00:00:01,500 --> 00:00:02,000\none\n2\n01:00:03,000 --> 01:00:04,250 X1:0\ntwo\nlines\n"
    assert lines(read(text, "a.srt")) == [(1.5, 2.0, "one"), (3603.0, 3604.25, "two lines")]


def test_the_real_subrip_sample_is_read(media: Media):
    captions = read((media / "nasa_13013_en.srt").read_bytes(), "nasa_13013_en.srt")
    assert captions.format == "srt"
    assert captions.lines[2]["text"] == "at NASA’s Goddard Space Flight Center in Greenbelt, Maryland."


def json3(*events: dict) -> str:
    return json.dumps({"wireMagic": "pb3", "events": list(events)})


def test_json3_of_automatic_captions_gives_words_and_cuts_overlaps():
    text = json3(
        {"tStartMs": 0, "dDurationMs": 90000, "id": 1, "wpWinPosId": 1},
        {
            "tStartMs": 1000,
            "dDurationMs": 4000,
            "segs": [{"utf8": "what"}, {"utf8": " a", "tOffsetMs": 300}, {"utf8": " goal", "tOffsetMs": 600}],
        },
        {"tStartMs": 2500, "dDurationMs": 2500, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        {"tStartMs": 3000, "dDurationMs": 2000, "segs": [{"utf8": "from"}, {"utf8": " here", "tOffsetMs": 500}]},
    )
    captions = read(text, "a.en.json3")
    assert captions.format == "json3"
    assert lines(captions) == [(1.0, 3.0, "what a goal"), (3.0, 5.0, "from here")]
    expected = [(1.0, 1.3, "what"), (1.3, 1.6, "a"), (1.6, 3.0, "goal"), (3.0, 3.5, "from"), (3.5, 5.0, "here")]
    assert words(captions) == expected
    assert captions.problems == []


def test_json3_of_people_has_lines_only():
    captions = read(json3({"tStartMs": 0, "dDurationMs": 1500, "segs": [{"utf8": "two\nlines"}]}), "a.json3")
    assert lines(captions) == [(0.0, 1.5, "two lines")]
    assert captions.words is None


def test_json3_event_with_broken_times_is_left_out():
    good = {"tStartMs": 0, "dDurationMs": 1000, "segs": [{"utf8": "fine"}]}
    captions = read(json3(good, {"tStartMs": "soon", "segs": [{"utf8": "lost"}]}), "a.json3")
    assert reasons(captions) == [(2, "caption_malformed")]
    assert '"lost"' in captions.problems[0].detail


TTML = """<?xml version="1.0" encoding="utf-8" ?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" ttp:tickRate="1000">
<head><styling><style xml:id="s1"/></styling></head>
<body><div>
<p begin="00:00:00.500" end="00:00:01.500">one<br/>line &amp; <span style="s1">more</span></p>
<p begin="2s" dur="500ms">two</p>
<p begin="00:00:03:05" end="4000t">three</p>
</div><div begin="10s"><p begin="1s" end="2s">four</p></div></body></tt>"""


def test_ttml_takes_clock_offset_frame_and_tick_times():
    assert lines(read(TTML, "a.ttml")) == [
        (0.5, 1.5, "one line & more"),
        (2.0, 2.5, "two"),
        (3.2, 4.0, "three"),
        (11.0, 12.0, "four"),
    ]


def test_ttml_with_timed_spans_gives_words():
    spans = '<span begin="0s">a</span> <span begin="1s">b</span>'
    text = f'<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="3s">{spans}</p></body></tt>'
    assert words(read(text, "a.ttml")) == [(1.0, 2.0, "a"), (2.0, 3.0, "b")]


def test_ttml_that_defines_entities_is_refused():
    bomb = '<!DOCTYPE tt [<!ENTITY a "aaaa">]><tt><body><p begin="0s" end="1s">&a;</p></body></tt>'
    with pytest.raises(MediaError, match="DTD is not allowed"):
        read(bomb, "a.ttml")


def test_web_page_saved_as_captions_is_malformed():
    with pytest.raises(MediaError) as caught:
        read("<html><body>404</body></html>", "a.vtt")
    assert caught.value.reason == "captions_malformed"
    assert "the root is <html>" in caught.value.detail


def test_content_decides_the_format_and_not_the_ending():
    assert read(vtt(("00:00.000 --> 00:01.000", "hi")), "a.srt").format == "vtt"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_unicode_encodings_are_told_apart(encoding):
    text = "1\n00:00:00,000 --> 00:00:01,000\ncafé über\n"
    assert read(text.encode(encoding), "a.srt").lines[0]["text"] == "café über"


def test_other_encodings_are_refused_with_the_place_and_the_remedy():
    text = "1\n00:00:00,000 --> 00:00:01,000\ncafé über\n".encode("latin-1")
    with pytest.raises(MediaError) as caught:
        read(text, "a.srt")
    assert caught.value.reason == "captions_encoding"
    assert "byte 0xe9 at offset 35); convert it to UTF-8" in caught.value.detail


def test_binary_file_named_captions_is_refused():
    with pytest.raises(MediaError) as caught:
        read(b"ab\x00cd" + bytes(3), "a.srt")
    assert caught.value.reason == "captions_encoding"


@pytest.mark.parametrize("text", ["", "WEBVTT\n", "no captions here\n"])
def test_file_without_a_cue_is_malformed(text):
    with pytest.raises(MediaError, match="holds no caption cue"):
        read(text, "a.srt")


def test_overlapping_cue_is_cut_where_the_next_begins():
    captions = read(vtt(("00:00.000 --> 00:05.000", "one"), ("00:03.000 --> 00:06.000", "two")))
    assert lines(captions) == [(0.0, 3.0, "one"), (3.0, 6.0, "two")]
    assert captions.problems == []


def test_cues_that_stand_on_the_screen_together_share_its_time_in_their_order():
    captions = read(vtt(("00:00.000 --> 00:05.000", "one or two"), ("00:00.050 --> 00:06.000", "three")))
    assert lines(captions) == [(0.0, 4.5, "one or two"), (4.5, 6.0, "three")]
    assert captions.problems == []


def test_cue_that_ends_before_it_starts_is_left_out():
    times = ["00:00.000 --> 00:01.000", "00:04.000 --> 00:02.000", "00:05.000 --> 00:05.000", "00:06.000 --> 00:07.000"]
    captions = read(vtt(*[(time, f"cue at {time[:9]}") for time in times]))
    assert reasons(captions) == [(2, "caption_ends_early"), (3, "caption_ends_early")]
    assert len(captions.lines) == 2


def test_one_cue_far_ahead_costs_only_itself():
    starts = [0, 1, 50, 2, 3, 4]
    captions = read(vtt(*[(f"00:{s:02d}.000 --> 00:{s + 1:02d}.000", f"at {s}") for s in starts]))
    assert [start for start, _, _ in lines(captions)] == [0, 1, 2, 3, 4]
    assert reasons(captions) == [(3, "caption_backwards")]
    assert '"at 50"' in captions.problems[0].detail


def test_captions_that_run_backwards_throughout_are_malformed():
    with pytest.raises(MediaError) as caught:
        read(vtt(*[(f"00:{s:02d}.000 --> 00:{s + 1:02d}.000", f"at {s}") for s in range(9, 0, -1)]))
    assert caught.value.reason == "captions_malformed"
    assert "8 of the 9 cues of a.vtt are unusable" in caught.value.detail
    assert "backwards" in caught.value.detail


def test_cue_of_markup_only_is_left_out():
    captions = read(vtt(("00:00.000 --> 00:01.000", "<i></i>"), ("00:01.000 --> 00:02.000", "words")))
    assert reasons(captions) == [(1, "caption_empty")]


def test_cue_with_unreadable_times_is_left_out():
    captions = read(vtt(("00:00.000 --> soon", "lost"), ("00:01.000 --> 00:02.000", "words")))
    assert reasons(captions) == [(1, "caption_malformed")]


def test_captions_of_blank_cues_are_empty():
    with pytest.raises(MediaError) as caught:
        read(vtt(("00:00.000 --> 00:01.000", "<i></i>"), ("00:01.000 --> 00:02.000", "{\\an8}")))
    assert caught.value.reason == "captions_empty"


def test_a_number_is_text_in_a_file_without_counters():
    def read(first: str, *texts: str) -> list[str]:
        cues = (f"00:00:0{k},000 --> 00:00:0{k + 1},000\n{text}" for k, text in enumerate(texts, start=1))
        return [line["text"] for line in read_captions((first + "\n\n".join(cues)).encode(), "a.srt").lines]

    assert read("", "10", "9", "8") == ["10", "9", "8"]
    assert read("", "ten\n\n2", "nine\n\n3", "eight") == ["ten", "nine", "eight"]
    assert read("1\n", "ten\n\n7", "nine\n\n9", "eight") == ["ten", "nine", "eight"]
