"""Utterances as words in time, WebVTT and JSON Lines."""

import io
import itertools
import json
import re

from livecc_assets.commentary.subtitles import clock, jsonl_lines, vtt_lines, words_in_time, write_lines
from livecc_assets.commentary.utterance import Utterance

SAID = [Utterance(0.0, 3.0, "the red  player"), Utterance(3.0, 4.0, ""), Utterance(3600.5, 3601.5, "a < b & c --> d")]


def test_words_share_their_interval_evenly() -> None:
    words = words_in_time(SAID)
    assert [w["word"] for w in words][:3] == ["the", "red", "player"]
    assert [(w["start"], w["end"]) for w in words[:3]] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]
    assert words[-1]["end"] == 3601.5 and all(a["end"] <= b["start"] for a, b in itertools.pairwise(words))


def test_clock_carries_rounding_upwards() -> None:
    assert clock(59.9996) == "00:01:00.000"
    assert clock(3661.25) == "01:01:01.250"
    assert clock(-1) == "00:00:00.000"


def test_vtt_holds_one_escaped_cue_for_each_utterance_with_words() -> None:
    text = "".join(vtt_lines(SAID))
    assert text.startswith("WEBVTT\n\n")
    cues = re.findall(r"^(\S+) --> (\S+)\n(.+)\n$", text, re.M)
    assert cues == [
        ("00:00:00.000", "00:00:03.000", "the red player"),
        ("01:00:00.500", "01:00:01.500", "a &lt; b &amp; c --&gt; d"),
    ]


def test_a_model_cannot_break_out_of_its_cue() -> None:
    text = "".join(vtt_lines([Utterance(0.0, 1.0, "one\n\n00:00:05.000 --> 00:00:06.000\ntwo")]))
    assert text.count("\n\n") == 2 and text.count("-->") == 1


def test_jsonl_keeps_silence_and_every_script() -> None:
    rows = [json.loads(line) for line in jsonl_lines([*SAID, Utterance(5.0, 6.0, "tor für “Köln”")])]
    assert rows[1] == {"start": 3.0, "end": 4.0, "text": ""}
    assert rows[3]["text"] == "tor für “Köln”"


def test_lines_are_flushed_as_they_come() -> None:
    class Target(io.StringIO):
        flushed: list[str]

        def flush(self) -> None:
            self.flushed.append(self.getvalue())

    target = Target()
    target.flushed = []
    write_lines(jsonl_lines(SAID[:2]), target)
    assert [text.count("\n") for text in target.flushed] == [1, 2]
