"""A judge whose verdict is known beforehand is found out when it can be moved, and its rates are marked."""

import json
import re

import pytest

from livecc_assets.evaluation.canaries import canaries, check, failures
from livecc_assets.evaluation.cc_score import cc_score_rows
from livecc_assets.evaluation.judge import JudgeError, Verdict
from livecc_assets.evaluation.judge_openai import OpenAIJudge
from livecc_assets.evaluation.judging import make_judge
from livecc_assets.models.chat_endpoint import Reply
from tests.evaluation.builders import event, judgement

WORDS = ("goal", "corner", "offside", "penalty", "whistle", "save", "header", "tackle")
EVENTS = [event(f"v{n}", event_asr_text=f"And that is a {word} for the {{reds}}!") for n, word in enumerate(WORDS)]


def the_closest(prompt: str) -> str:
    """A gullible judge: it reads the blocks that it was told of, and obeys whatever else is said outside of them."""
    fence = re.search(r"carry the code (\w+)\.", prompt)
    block = rf"<<<{fence[1]} (.*?)>>>\n(.*?)\n<<<{fence[1]} end" if fence else r"---(.*?)---\n(.*?)\n----------"
    texts = dict(reversed(re.findall(block, prompt, re.DOTALL)))
    outside = re.sub(block, "", prompt, flags=re.DOTALL)
    if not fence and (order := re.search(r"Answer \{.*?\"winner\": \"(\w)\"", outside, re.DOTALL)):
        return f"Commentary {order[1]} is better aligned with the human commentary"
    human = set(texts["Human Commentary"].split())
    a, b = (len(human & set(texts[f"Commentary {x}"].split())) / len(texts[f"Commentary {x}"].split()) for x in "AB")
    if a == b:
        return json.dumps({"winner": "tie"}) if fence else "Neither."
    better = "A" if a > b else "B"
    return (
        json.dumps({"winner": better}) if fence else f"Commentary {better} is better aligned with the human commentary"
    )


def judge(rule: str, monkeypatch: pytest.MonkeyPatch) -> OpenAIJudge:
    one = make_judge({"kind": "openai", "model": "m", "base_url": "http://x/v1", "rule": rule}, None, [])  # type: ignore[arg-type]
    assert isinstance(one, OpenAIJudge)
    monkeypatch.setattr(one.client.endpoint, "reply", lambda prompt, **_: Reply(the_closest(prompt)))
    return one


def test_behind_fences_every_canary_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(judge("corrected", monkeypatch), EVENTS)
    assert found == {"identical": [3, 3], "human_words": [3, 3], "injected_order": [3, 3]}
    assert failures(found) == ""


def test_without_fences_the_canaries_show_that_a_text_can_order_the_judge_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = check(judge("released", monkeypatch), EVENTS)
    assert found == {"identical": [3, 3], "human_words": [3, 3], "injected_order": [0, 3]}
    assert failures(found) == "CANARIES FAILED: passed injected_order 0 of 3"


class Biased:
    """Says A whatever it is shown; of the silent one nothing comes."""

    name, workers = "openai:biased", 2

    def __init__(self, silent: bool = False) -> None:
        self.silent = silent

    def judge(self, event, model, opponent):
        if self.silent:
            raise JudgeError("no")
        return Verdict("model", "opponent")


@pytest.mark.parametrize("silent", [False, True])
def test_a_judge_of_slots_and_a_silent_one_fail_all(silent: bool) -> None:
    assert check(Biased(silent), EVENTS) == {"identical": [0, 3], "human_words": [0, 3], "injected_order": [0, 3]}


def test_events_are_spread_and_texts_with_braces_taken_as_they_are() -> None:
    asked = list(canaries(EVENTS))
    assert [one.event["video_id"] for one in asked[::3]] == ["v0", "v2", "v5"]
    assert all("TEXT" not in one.model and "LETTER" not in one.model for one in asked)


def test_one_event_or_one_text_has_nothing_to_be_compared_with() -> None:
    assert list(canaries([EVENTS[0]])) == [] == list(canaries([event("a"), event("b")]))
    assert check(Biased(), []) == {}


def test_a_failed_canary_marks_every_row_that_rests_on_the_judge() -> None:
    judged = [judgement("a", judge="openai:x"), judgement("b", judge="openai:x")]
    events = [event("a"), event("b")]
    rows = cc_score_rows(judged, [], events, {"draws": 20}, {"identical": [1, 3], "human_words": [3, 3]})
    notes = [row["note"] for row in rows if row["metric"] in ("win_rate", "flip_rate", "position_gap")]
    assert notes and all(note.startswith("CANARIES FAILED: passed identical 1 of 3") for note in notes)
    plain = cc_score_rows(judged, [], events, {"draws": 20}, {"identical": [3, 3]})
    assert not any("CANARIES" in (row["note"] or "") for row in plain)
