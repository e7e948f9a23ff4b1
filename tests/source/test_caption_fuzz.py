"""Whatever a caption file holds, it is read as captions or refused with a reason, soon and in little memory."""

import json
import math
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from livecc_assets.core.errors import MediaError
from livecc_assets.source.captions import read_captions
from livecc_assets.source.spoken import spoken, spoken_lines

VTT = """WEBVTT
X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000

00:00:00.000 --> 00:00:01.829 align:start
\x20
we<00:00:00.160><c> go</c><00:00:00.480><c> on</c> [Music] &amp;gt;&gt; JIM:

00:00:01.829 --> 00:00:01.839
we go on ♪ la ♪
\x20

NOTE none

00:01.839 --> 00:04.550 line:0
we go on
and<00:00:02.240><c> on</c> (applause)
"""
SRT = "1\n00:00:01,500 --> 00:00:02,000\n<i>one</i> - two\n\n2\n0:0:3 -> 00:00:04,250\ntwo\nlines {\\an8}\n"
JSON3 = json.dumps(
    {
        "events": [
            {"tStartMs": 0, "dDurationMs": 900, "id": 1},
            {"tStartMs": 1000, "dDurationMs": 4000, "segs": [{"utf8": "10"}, {"utf8": ",000", "tOffsetMs": 300}]},
            {"tStartMs": 3000, "dDurationMs": 2000, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        ]
    }
)
SRV1 = '<transcript><text start="0.5" dur="1.25">don&amp;#39;t go</text><text start="2">two</text></transcript>'
SRV2 = '<timedtext><text t="1000" d="3000" w="1">a</text><text t="1300" w="1" append="1"> b</text></timedtext>'
SRV3 = '<timedtext format="3"><body><p t="1000" d="400"><s>10</s><s t="30">,0</s></p><p t="5" d="9">x</p></body></timedtext>'
TTML = """<tt xmlns="http://www.w3.org/ns/ttml" frameRate="25" tickRate="1000"><body><div timeContainer="seq">
<p dur="2s">one<br/>line <span begin="1s">more</span></p><p begin="1s" end="00:00:03:05">two</p></div></body></tt>"""
ASS = """[Script Info]
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{\\k50}ka{\\kt9}ra\\N{\\p1}m 0 0{\\p0}
"""
SUB = "{1}{1}25\n{25}{50}one|{y:i}two\n{75}{100}three\n"
FILES = {
    "a.vtt": VTT, "a.srt": SRT, "a.json3": JSON3, "a.srv1": SRV1, "a.srv2": SRV2, "a.srv3": SRV3, "a.ttml": TTML,
    "a.ass": ASS, "a.sub": SUB,
}  # fmt: skip
PIECES = [
    *"<>&;[]{}\\/:-.,0123456789 \n\r\t\x00\ud83d\u200d\u2028♪*()#>",
    "-->", "&amp;", "&#x110000;", "<c>", "</s>", "9" * 400, "1e999", "NaN", "null", "-1", '""', "begin=", "\\k99999",
    "<00:00:01.000>", "WEBVTT", "X-TIMESTAMP-MAP=", "{1}{1}", "]]>", "<!--", "<![CDATA[", "0:00:99.00", 't="-5"',
]  # fmt: skip


def read(content: bytes, name: str) -> None:
    """Reads the file and checks what it says; a MediaError is an answer."""
    try:
        captions = read_captions(content, name)
    except MediaError:
        return
    assert captions.lines
    for item in [*captions.lines, *(captions.words or [])]:
        assert math.isfinite(item["start"]) and item["start"] <= item["end"] < math.inf
        (item.get("text") or item["word"]).encode()
    for problem in captions.problems:
        assert problem.reason and problem.detail.encode()
    lines = [(line["start"], line["end"], line["text"]) for line in captions.lines]
    spoken_lines(lines)
    if captions.words is not None:
        said = [word["word"] for word in captions.words]
        assert said == [word for _, _, text in lines for word in text.split()]
        assert all(word["end"] - word["start"] <= 2.001 for word in captions.words)
        spoken(captions.words, "corrected", [text for _, _, text in lines])  # type: ignore[arg-type]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[bytes, str]:
    """A valid file in which a few places were cut, doubled, overwritten or filled with something nasty."""
    name = draw(st.sampled_from(sorted(FILES)))
    text = FILES[name]
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        new = draw(st.sampled_from(PIECES)) * draw(st.sampled_from([1, 1, 1, 2, 50]))
        text = draw(
            st.sampled_from([text[:start] + new + text[end:], text[:end] + text[start:], text[:start] + text[end:]])
        )
    return text.encode("utf-8", "surrogatepass"), name


@tries(max_examples=400, deadline=2000)
@given(spoilt())
def test_a_spoilt_file_is_read_or_refused(file: tuple[bytes, str]):
    read(*file)


@tries(max_examples=200, deadline=2000)
@given(st.binary(max_size=400), st.sampled_from(sorted(FILES)))
def test_random_bytes_are_read_or_refused(content: bytes, name: str):
    read(content, name)
    head = FILES[name].encode()
    read(head[: len(content)] + content + head[len(content) :], name)


BODY = 300_000
HUGE = {
    "tags never closed": b"1\n00:00:01,000 --> 00:00:02,000\n" + b"<" * BODY,
    "tags that open": b"1\n00:00:01,000 --> 00:00:02,000\n" + b"<a" * (BODY // 2),
    "entities": b"1\n00:00:01,000 --> 00:00:02,000\n" + b"&" * BODY,
    "escaped without end": b"1\n00:00:01,000 --> 00:00:02,000\n" + b"&amp;" * (BODY // 5),
    "brackets": b"1\n00:00:01,000 --> 00:00:02,000\n" + b"[" * BODY,
    "digits": b"1:" * (BODY // 2) + b" --> ",
    "spaces": b"1\n00:00:01" + b" " * BODY + b"--> 00:00:02\n",
    "blank rows": b"1\n00:00:01,000 --> 00:00:02,000\n" + b"\n" * BODY + b"x",
    "notes": b"WEBVTT\n\n" + b"NOTE\n\n" * (BODY // 6),
    "word times": b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<00:00:01.000>a" * (BODY // 15),
    "word times apart": b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<00:00:01.000> a" * (BODY // 15),
    "rows of one cue": b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"a\n" * (BODY // 2),
    "a cue twice": (b"WEBVTT\n\n" + (b"00:01.000 --> 00:02.000\n" + b"a\n" * (BODY // 4) + b"\n") * 2),
    "cues at one time": b"WEBVTT\n\n" + b"".join(b"00:01.000 --> 00:02.000\nw%d\n\n" % k for k in range(10_000)),
    "cues backwards": b"WEBVTT\n\n"
    + b"".join(b"00:%02d:%02d.000 --> 01:00:00.000\nw\n\n" % (k // 60 % 60, k % 60) for k in range(10_000, 0, -1)),
    "json inside json": b'{"events":' + b"[" * 200_000,
    "xml": b"<timedtext>" + b"<p>" * (BODY // 3),
    "xml attributes": b"<tt " + b" ".join(b'a%d="b"' % k for k in range(60_000)) + b"/>",
    "overrides": b"[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,," + b"{\\k1}a" * (BODY // 6),
    "override never closed": b"[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,," + b"{\\k" * (BODY // 3),
}


@pytest.mark.parametrize("case", sorted(HUGE))
def test_a_huge_file_takes_time_and_memory_in_proportion(case: str):
    started = time.monotonic()
    read(HUGE[case], "a.vtt" if HUGE[case].startswith(b"WEBVTT") else "a.srt")
    assert time.monotonic() - started < 10


def test_a_megabyte_of_cues_takes_some_tens_of_megabytes():
    times = [f"00:{k // 60:02d}:{k % 60:02d}" for k in range(1_500)]
    cues = [f"{at}.000 --> {at}.900\nsome words <{at}.500> here" for at in times]
    content = ("WEBVTT\n\n" + "\n\n".join(cues)).encode()
    tracemalloc.start()
    try:
        read(content, "a.vtt")
        assert tracemalloc.get_traced_memory()[1] < 100 * len(content)
    finally:
        tracemalloc.stop()
