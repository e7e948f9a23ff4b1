"""Judges decide by what they read, treat both orders alike where they score, and answer for every event."""

import pytest

from livecc_assets.evaluation.event_f1 import Vocabulary
from livecc_assets.evaluation.judge import (
    EventF1Judge,
    JudgeError,
    LikelihoodJudge,
    Verdict,
    by_score,
    is_order_free,
    judgements,
)
from livecc_assets.evaluation.schemas import SCHEMAS
from tests.evaluation.builders import event, happening
from tests.rows import kept, rejected


class OverlapModel:
    """A text model whose loss falls with the share of the answer's words that the prompt holds."""

    max_tokens = 120

    def __init__(self):
        self.seen = []

    def losses(self, pairs):
        found = []
        for messages, answer in pairs:
            prompt = " ".join(message["content"] for message in messages).split()
            self.seen.append((prompt, answer))
            words = answer.split()
            found.append((5.0 - sum(word in prompt for word in words) / len(words), len(words)))
        return found


def test_the_likelihood_judge_prefers_the_candidate_that_foretells_the_human_words():
    judge = LikelihoodJudge(OverlapModel(), "overlap")
    human = event(event_asr_text="blue falls over there")
    verdict = judge.judge(human, "blue falls ...", "a green pitch")
    assert (verdict.ab, verdict.ba) == ("model", "model")
    assert verdict.score_model == pytest.approx(0.5)
    assert verdict.score_opponent == pytest.approx(0.0)
    assert judge.judge(human, "a green pitch", "blue falls over").ab == "opponent"
    assert judge.name == "likelihood:overlap"


def test_an_empty_candidate_scores_zero_and_equal_candidates_tie():
    judge = LikelihoodJudge(OverlapModel(), "overlap")
    verdict = judge.judge(event(), "...", "...")
    assert verdict == Verdict("tie", "tie", 0.0, 0.0)


def test_long_texts_are_cut_alike_so_that_the_model_need_not_cut():
    model = OverlapModel()
    judge = LikelihoodJudge(model, "overlap")
    judge.judge(event(event_asr_text="word " * 500), "long " * 500, "short")
    answers = {answer for _, answer in model.seen}
    assert len(answers) == 1
    assert len(answers.pop().split()) == judge.words == 20
    assert max(len(prompt) for prompt, _ in model.seen) < 60


def test_a_model_that_cuts_unequally_is_an_error_not_a_score():
    class Cutting(OverlapModel):
        def losses(self, pairs):
            return [(1.0, 10 - n) for n, _ in enumerate(pairs)]

    with pytest.raises(JudgeError, match="cut the human words differently"):
        LikelihoodJudge(Cutting(), "x").judge(event(), "a", "b")
    with pytest.raises(JudgeError, match="no human words"):
        LikelihoodJudge(OverlapModel(), "x").judge(event(event_asr_text=" "), "a", "b")


def test_the_event_f1_judge_counts_named_pairs_whatever_their_time():
    judge = EventF1Judge(Vocabulary(("blue", "red"), ("falls", "jumps")))
    row = event(truth=[happening(3), happening(9, "blue", "falls")])
    verdict = judge.judge(row, "red jumps and blue falls...", "red jumps and red falls")
    assert verdict.score_model == 100
    assert verdict.score_opponent == 50
    assert verdict.ab == verdict.ba == "model"
    assert judge.judge(row, "red jumps red jumps red jumps", "red jumps").ab == "opponent", "repeating costs"
    with pytest.raises(JudgeError, match="no truth"):
        judge.judge(event(truth=None), "a", "b")


def test_scores_closer_than_the_margin_tie():
    assert by_score(1.0, 1.0 + 1e-9).ab == "tie"
    assert by_score(1.0, 1.1).ba == "opponent"


@pytest.mark.parametrize(
    ("name", "free"), [("likelihood:embedded:smollm2", True), ("event-f1", True), ("openai:gpt", False)]
)
def test_only_judges_that_score_have_no_order(name, free):
    assert is_order_free(name) is free


class Silent:
    """A judge that has nothing to say about video 'bad'."""

    name, workers = "silent", 1

    def judge(self, event, model, opponent):
        if event["video_id"] == "bad":
            raise JudgeError("the line went dead")
        return Verdict("model", "opponent")


def test_every_event_gets_a_judgement_or_a_reason_in_order():
    events = [event(f"v{n}") for n in range(20)] + [event("bad"), event("unsaid")]
    texts = {(row["video_id"], 0): "opponent" for row in events}
    ours = {key: "ours" for key in texts if key[0] != "unsaid"}
    rows = list(judgements(Silent(), ours, events, "other", texts))
    judged, refused = kept(rows[:20]), rejected(rows[20:])
    assert [row["video_event_id"] for row in judged] == [f"v{n}_0" for n in range(20)]
    assert list(judged[0]) == SCHEMAS["livesports_judgements"].names
    assert [(row.reason, row.kind) for row in refused] == [
        ("no_verdict", "error"),
        ("no_commentary", "error"),
    ]
    assert "line went dead" in refused[0].detail
