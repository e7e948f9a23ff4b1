"""Utterances as words in time, WebVTT and JSON Lines."""

import io
import itertools
import json
import re

import pytest

from livecc_assets.cli.sinks import JsonLines
from livecc_assets.commentary.subtitles import VTT_HEADER, clock, jsonl_line, vtt_cue, words_in_time
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
    text = VTT_HEADER + "".join(map(vtt_cue, SAID))
    assert text.startswith("WEBVTT\n\n")
    cues = re.findall(r"^(\S+) --> (\S+)\n(.+)\n$", text, re.M)
    assert cues == [
        ("00:00:00.000", "00:00:03.000", "the red player"),
        ("01:00:00.500", "01:00:01.500", "a &lt; b &amp; c --&gt; d"),
    ]


def test_a_model_cannot_break_out_of_its_cue() -> None:
    text = VTT_HEADER + vtt_cue(Utterance(0.0, 1.0, "one\n\n00:00:05.000 --> 00:00:06.000\ntwo"))
    assert text.count("\n\n") == 2 and text.count("-->") == 1


def test_jsonl_keeps_silence_and_every_script() -> None:
    rows = [json.loads(jsonl_line(one)) for one in [*SAID, Utterance(5.0, 6.0, "tor für “Köln”")]]
    assert rows[1] == {"start": 3.0, "end": 4.0, "text": ""}
    assert rows[3]["text"] == "tor für “Köln”"


def test_jsonl_tells_of_a_timed_interval_its_words_latency_and_ending() -> None:
    row = json.loads(jsonl_line(Utterance(0.0, 3.0, "what a goal", 0.12345, "loop")))
    assert row == {"start": 0.0, "end": 3.0, "text": "what a goal", "words": 3, "latency": 0.123, "stopped": "loop"}


def test_lines_are_flushed_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    class Target(io.StringIO):
        flushed: list[str]

        def flush(self) -> None:
            self.flushed.append(self.getvalue())

    target = Target()
    target.flushed = []
    monkeypatch.setattr("sys.stdout", target)
    lines = JsonLines(None)
    for one in SAID[:2]:
        lines.add(one)
    assert [text.count("\n") for text in target.flushed] == [1, 2]
