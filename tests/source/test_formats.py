"""The caption formats of downloaders beside WebVTT, SubRip and json3."""

import json

import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.source.candidates import scan
from livecc_assets.source.captions import read_captions
from livecc_assets.source.cues import Captions


def read(text: str, name: str) -> Captions:
    return read_captions(text.encode(), name)


def lines(captions: Captions) -> list[tuple[float, float, str]]:
    return [(line["start"], line["end"], line["text"]) for line in captions.lines]


def starts(captions: Captions) -> list[tuple[float, str]]:
    assert captions.words is not None
    return [(word["start"], word["word"]) for word in captions.words]


def test_srv1_counts_in_seconds_and_escapes_twice():
    text = (
        '<?xml version="1.0" encoding="utf-8" ?><transcript><text start="0.5" dur="1.25">don&amp;#39;t &amp;quot;go</text>'
        '<text start="2" dur="1">two\nrows</text></transcript>'
    )
    captions = read(text, "a.en.srv1")
    assert captions.format == "srv1"
    assert lines(captions) == [(0.5, 1.75, "don't \"go"), (2.0, 3.0, "two rows")]


def test_srv2_of_people_counts_in_milliseconds():
    text = '<timedtext><text t="500" d="1250">one &amp;amp; two</text><text t="2000" d="1000">three</text></timedtext>'
    captions = read(text, "a.srv2")
    assert (captions.format, captions.words) == ("srv2", None)
    assert lines(captions) == [(0.5, 1.75, "one & two"), (2.0, 3.0, "three")]


def test_srv2_of_a_machine_appends_words_to_a_window():
    text = (
        '<timedtext><window id="1" t="0" op="define"/><text t="1000" d="3000" w="1">what</text>'
        '<text t="1300" w="1" append="1"> a</text><text t="1600" w="1" append="1"> goal</text>'
        '<text t="3000" w="1" append="1">\n</text><text t="4000" d="1000" w="1">from</text>'
        '<text t="4500" w="1" append="1"> here</text></timedtext>'
    )
    captions = read(text, "a.srv2")
    assert starts(captions) == [(1.0, "what"), (1.3, "a"), (1.6, "goal"), (4.0, "from"), (4.5, "here")]
    assert [line["text"] for line in captions.lines] == ["what a goal", "from here"]


@pytest.mark.parametrize("name", ["a.srv3", "a.json3"])
def test_text_that_is_appended_to_a_window_goes_on_with_its_last_word(name: str):
    events = [
        (1000, 4000, "10"),
        (1500, 3500, ",000 fans"),
        (3000, 2000, "\n"),
        (3000, 2000, "here"),
        (9000, 1000, "Bye"),
    ]
    if name == "a.srv3":
        marks = ["", *[' a="1"'] * 4]
        rows = (f'<p t="{t}" d="{d}" w="1"{mark}>{text}</p>' for mark, (t, d, text) in zip(marks, events, strict=True))
        captions = read(f'<timedtext format="3"><body>{"".join(rows)}</body></timedtext>', name)
    else:
        listed = [
            {"tStartMs": t, "dDurationMs": d, "wWinId": 1, "segs": [{"utf8": text}]} | ({"aAppend": 1} if k else {})
            for k, (t, d, text) in enumerate(events)
        ]
        captions = read(json.dumps({"events": listed}), name)
    assert [line["text"] for line in captions.lines] == ["10,000 fans", "here", "Bye"]
    assert starts(captions)[:2] == [(1.0, "10,000"), (1.5, "fans")]


SRV3 = """<?xml version="1.0" encoding="utf-8" ?><timedtext format="3">
<head><ws id="0"/><wp id="0"/></head><body><w t="0" id="1" wp="1" ws="1"/>
<p t="1000" d="4000" w="1"><s ac="252">10</s><s t="300" ac="252">,000</s><s t="600"> fans</s></p>
<p t="2490" d="10" w="1" a="1">
</p><p t="3000" d="2000" w="1"><s>from</s><s t="500"> here</s></p></body></timedtext>"""


def test_srv3_of_a_machine_gives_word_times():
    captions = read(SRV3, "name.en.srv3")
    assert captions.format == "srv3"
    assert lines(captions) == [(1.0, 3.0, "10,000 fans"), (3.0, 5.0, "from here")]
    assert starts(captions) == [(1.0, "10,000"), (1.6, "fans"), (3.0, "from"), (3.5, "here")]
    assert captions.problems == []


def test_srv3_of_people_has_lines_only():
    text = '<timedtext format="3"><body><p t="0" d="1500">two<br/>lines &amp;#39;here</p></body></timedtext>'
    captions = read(text, "a.srv3")
    assert (lines(captions), captions.words) == ([(0.0, 1.5, "two lines 'here")], None)


def test_xml_captions_with_broken_times_lose_only_these():
    text = '<timedtext format="3"><body><p t="soon" d="1">lost</p><p t="0" d="900">kept</p></body></timedtext>'
    captions = read(text, "a.srv3")
    assert [line["text"] for line in captions.lines] == ["kept"]
    assert [(p.number, p.reason) for p in captions.problems] == [(1, "caption_malformed")]
    assert '"lost"' in captions.problems[0].detail


@pytest.mark.parametrize("name", ["a.srv3", "a.ttml", "a.vtt"])
def test_xml_that_is_nested_without_end_is_refused(name: str):
    with pytest.raises(MediaError, match="elements inside each other"):
        read("<timedtext>" * 100_000, name)
    with pytest.raises(MediaError, match="DTD is not allowed"):
        read('<!DOCTYPE a [<!ENTITY b "c">]><timedtext><text t="0" d="1">&b;</text></timedtext>', name)


def tt(body: str) -> str:
    return f'<tt xmlns="http://www.w3.org/ns/ttml"><body>{body}</body></tt>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<div timeContainer="seq"><p dur="2s">one</p><p dur="1s">two</p></div>', [(0, 2, "one"), (2, 3, "two")]),
        ('<div timeContainer="seq" begin="5s"><p begin="1s" dur="2s">one</p><p begin="1s" end="2s">two</p></div>',
         [(6, 8, "one"), (9, 10, "two")]),
        ('<div timeContainer="seq"><div><p begin="1s" end="2s">one</p></div><p dur="1s">two</p></div>',
         [(1, 2, "one"), (2, 3, "two")]),
        ('<div begin="1s" end="3s"><p>one</p></div>', [(1, 3, "one")]),
        ('<div begin="10s" end="12s"><p begin="1s" end="9s">one</p></div>', [(11, 12, "one")]),
        ('<div><p begin="3s" end="4s">two</p></div><div><p begin="1s" end="2s">one</p></div>',
         [(1, 2, "one"), (3, 4, "two")]),
    ],
)  # fmt: skip
def test_ttml_times_count_from_their_container(body: str, expected: list):
    assert lines(read(tt(body), "a.ttml")) == expected


def test_spans_in_sequence_time_the_words_of_ttml():
    spans = '<span dur="1s">so</span> <span dur="500ms">we</span> <span dur="1s">go</span>'
    body = f'<p begin="1s" end="4s" timeContainer="seq">{spans}</p>'
    assert starts(read(tt(body), "a.dfxp")) == [(1.0, "so"), (2.0, "we"), (2.5, "go")]


def test_ttml_whose_spans_alone_are_timed_takes_their_times():
    body = '<p><span begin="1s" end="2s">so</span> <span begin="2s" end="3s">we</span></p>'
    captions = read(tt(body), "a.ttml")
    assert (lines(captions), starts(captions)) == ([(1.0, 3.0, "so we")], [(1.0, "so"), (2.0, "we")])


def test_a_ttml_paragraph_without_an_end_is_left_out_with_its_text():
    captions = read(tt('<p begin="1s">lost</p><p begin="2s" end="3s">kept</p>'), "a.ttml")
    assert [(p.reason, '"lost"' in p.detail) for p in captions.problems] == [("caption_malformed", True)]


ASS = """[Script Info]
Title: a
[V4+ Styles]
Format: Name, Fontname
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:05.00,0:00:06.50,Default,,0,0,0,,two, {\\i1}with{\\i0} comma\\Nand row
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,a comment
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{\\k50}ka{\\k50}ra {\\k30}o{\\kf20}ke{note}
Dialogue: 0,0:00:07.00,0:00:08.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}
Dialogue: 0,soon,0:00:09.00,Default,,0,0,0,,lost
"""


def test_ass_is_read_by_start_with_karaoke_as_word_times():
    captions = read(ASS, "a.ass")
    assert captions.format == "ass"
    assert lines(captions) == [(1.0, 3.0, "kara oke"), (5.0, 6.5, "two, with comma and row")]
    assert starts(captions)[:2] == [(1.0, "kara"), (2.0, "oke")]
    assert [(p.number, p.reason, '"lost"' in p.detail) for p in captions.problems] == [(4, "caption_malformed", True)]


def test_ssa_and_another_order_of_fields_are_read():
    text = "[Events]\nFormat: Marked, Start, End, Text\nDialogue: Marked=0,0:00:01.00,0:00:02.00,well, yes\n"
    assert lines(read(text, "a.ssa")) == [(1.0, 2.0, "well, yes")]
    ssa = "[Script Info]\n[Events]\nDialogue: Marked=0,0:00:01.00,0:00:02.00,D,,0000,0000,0000,,hi\n"
    assert lines(read(ssa, "a.ssa")) == [(1.0, 2.0, "hi")]


@pytest.mark.parametrize(
    "times",
    [
        "00:00:01 --> 00:00:03",
        "00:00:01.000 --> 00:00:03.000",
        "0:0:1,0 -> 0:0:3",
        "0:0:1 --> 0:0:3,0",
        "00:01,000 --> 00:03,000",
        "00: 00: 01, 000 --> 00: 00: 03, 000",
        "00:00:01:000 --> 00:00:03:000",
        "00:00:01,000-->00:00:03,000",
        "00:00:01,000 --&gt; 00:00:03,000",
        "00:00:01,000 —> 00:00:03,000",
        "00:00:01,000 → 00:00:03,000",
        "  00:00:01,000  ==>  00:00:03,000  X1:0 X2:9",
    ],
)
def test_subrip_times_are_taken_however_sloppily_they_are_written(times: str):
    text = f"1\n{times}\nhello -> there\n\nlast row\n2\n{times.replace('1', '4', 1).replace('3', '5', 1)}\nbye\n"
    captions = read(text, "a.srt")
    assert captions.lines[0] == {"start": 1.0, "end": 3.0, "text": "hello -> there last row"}
    assert captions.lines[1]["text"] == "bye"


def test_subrip_gives_half_a_second_for_one_digit():
    assert lines(read("1\n0:0:1,5 -> 0:0:3\nhi\n", "a.srt")) == [(1.5, 3.0, "hi")]


def test_microdvd_counts_frames_of_the_rate_in_its_first_line():
    captions = read("{1}{1}25\n{25}{50}one|{y:i}two\n{75}{100}three\nno line\n", "a.sub")
    assert lines(captions) == [(1.0, 2.0, "one two"), (3.0, 4.0, "three")]
    assert [(p.number, p.reason) for p in captions.problems] == [(4, "caption_malformed")]


def test_microdvd_without_its_rate_is_refused_with_the_remedy():
    with pytest.raises(MediaError, match="does not say how many a second; use SubRip"):
        read("{25}{50}one\n{75}{100}three\n", "a.sub")


def test_the_content_of_every_format_tells_it_whatever_the_ending():
    for text, format in [(SRV3, "srv3"), (ASS, "ass"), (tt('<p begin="0s" end="1s">a</p>'), "ttml")]:
        assert read(text, "a.vtt").format == format


@pytest.mark.parametrize("ending", ["srv1", "srv2", "srv3", "ass", "ssa", "ttml", "dfxp", "json3", "vtt", "srt"])
def test_caption_files_are_found_beside_their_video_as_downloaders_name_them(ending: str, tmp_path):
    (tmp_path / "name.mp4").write_bytes(b"x")
    (tmp_path / f"name.en-orig.{ending}").write_bytes(b"x")
    (found,) = scan(str(tmp_path))
    assert [(file.name, file.tag) for file in found.captions] == [(f"name.en-orig.{ending}", "en")]
