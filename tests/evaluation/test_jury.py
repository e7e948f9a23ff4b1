"""Several judges: the majority decides, and their agreement is told beside chance."""

import json
import types
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.cc_score import cc_score_rows
from livecc_assets.evaluation.judge import JudgeError, Verdict, Winner, judgements
from livecc_assets.evaluation.judging import make_judge
from livecc_assets.evaluation.jury import Jury, jury_rows, kappa, majority
from tests.evaluation.builders import event, judgement
from tests.rows import kept


def judge(name: str, ab: Winner | None, ba: Winner = "model") -> Any:
    def call(event, model, opponent):
        if ab is None:
            raise JudgeError("ab: the reply is empty")
        return Verdict(ab, ba)

    return types.SimpleNamespace(name=f"openai:{name}", workers=3, judge=call)


@pytest.mark.parametrize(
    ("calls", "winner"),
    [
        (["model", "model", "opponent"], "model"),
        (["opponent", "tie", "opponent"], "opponent"),
        (["model", "opponent"], "tie"),
        (["model", "tie", "opponent"], "tie"),
        (["model"], "model"),
    ],
)
def test_the_majority_decides_each_order(calls, winner) -> None:
    assert majority(calls) == winner


def test_a_jury_gives_one_verdict_with_the_votes_beside() -> None:
    jury = Jury([judge("x", "model", "opponent"), judge("y", "model"), judge("z", "opponent")])
    assert (jury.name, jury.workers) == ("jury:x+y+z", 3)
    (row,) = kept(judgements(jury, {("v", 0): "a"}, [event()], "o", {("v", 0): "b"}))
    assert (row["ab_winner"], row["ba_winner"]) == ("model", "model")
    assert json.loads(row["votes"])["openai:x"] == ["model", "opponent"]


def test_a_judge_that_is_named_twice_is_told_and_no_jury() -> None:
    with pytest.raises(UserError, match="the jury names gpt-4o twice; name different models"):
        Jury([judge("gpt-4o", "model"), judge("other", "model"), judge("gpt-4o", "model")])


def test_most_of_the_jury_has_to_answer() -> None:
    assert Jury([judge("x", None), judge("y", "model"), judge("z", "model")]).judge(event(), "a", "b").ab == "model"
    with pytest.raises(JudgeError, match=r"openai:x: ab: the reply is empty$"):
        Jury([judge("x", None), judge("y", "model")]).judge(event(), "a", "b")


def test_kappa_is_that_of_the_textbook() -> None:
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(first, second) == pytest.approx(0.4)
    assert kappa(["a", "b"], ["a", "b"]) == 1
    assert kappa(["a", "a"], ["a", "a"]) is None


def test_agreement_stands_on_the_score_page() -> None:
    votes = [{"openai:x": ["model", "opponent"], "openai:y": [call, "opponent"]} for call in ("model", "tie")]
    rows = [judgement(f"v{n}", judge="jury:x+y") | {"votes": json.dumps(one)} for n, one in enumerate(votes)]
    found = {row["metric"]: row for row in cc_score_rows(rows, [], [event("v0"), event("v1")], {"draws": 50})}
    assert (found["judge_agreement"]["value"], found["judge_agreement"]["n"]) == (75, 4)
    assert found["judge_kappa"]["value"] == pytest.approx((0.75 - 0.375) / (1 - 0.375))
    assert found["judge_agreement"]["subset"] == "judges:openai:x and openai:y"
    assert jury_rows([judgement()]) == []


def test_the_settings_name_a_jury(tmp_path) -> None:
    first = {"kind": "openai", "model": "a", "base_url": "http://127.0.0.1:1/v1", "seed": 7}
    jury = make_judge(first | {"jury": [{"model": "b", "base_url": "", "price": None}]}, tmp_path, [])
    assert isinstance(jury, Jury)
    assert [one.client.endpoint.url for one in jury.judges] == ["http://127.0.0.1:1/v1/chat/completions"] * 2
    assert jury.name == "jury:a+b"
