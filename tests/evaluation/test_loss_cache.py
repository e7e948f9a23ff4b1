"""Losses are computed once, shared between runs of the same weights, and never trusted across weights."""

from livecc_assets.evaluation.judge import LikelihoodJudge
from livecc_assets.evaluation.loss_cache import CachedLosses
from tests.evaluation.builders import event


class Counting:
    max_tokens = 120

    def __init__(self, loss=1.0):
        self.asked, self.loss = [], loss

    def losses(self, pairs):
        self.asked += pairs
        return [(self.loss + len(prompt[-1]["content"]) / 1e7, len(answer)) for prompt, answer in pairs]


def test_a_second_run_computes_only_what_is_new(tmp_path):
    first = CachedLosses(Counting(), "weights-1", tmp_path)
    before = LikelihoodJudge(first, "x").judge(event(), "red jumps", "a caption")
    first.save()
    model = Counting()
    second = CachedLosses(model, "weights-1", tmp_path)
    judge = LikelihoodJudge(second, "x")
    assert judge.judge(event(), "red jumps", "a caption") == before
    assert model.asked == []
    judge.judge(event(), "blue falls", "a caption")
    assert len(model.asked) == 1
    assert "blue falls" in model.asked[0][0][-1]["content"]


def test_other_weights_have_their_own_file(tmp_path):
    one = CachedLosses(Counting(1.0), "weights-1", tmp_path)
    one.losses([([{"role": "user", "content": "p"}], "a")])
    one.save()
    other = CachedLosses(Counting(2.0), "weights-2", tmp_path)
    assert other.losses([([{"role": "user", "content": "p"}], "a")]) == [(2.0, 1)]


def test_two_writers_keep_each_others_losses_and_a_damaged_file_is_made_anew(tmp_path):
    pairs = [([{"role": "user", "content": text}], "a") for text in ("p", "q")]
    writers = [CachedLosses(Counting(), "w", tmp_path) for _ in pairs]
    for writer, pair in zip(writers, pairs, strict=True):
        writer.losses([pair])
    for writer in writers:
        writer.save()
    third = CachedLosses(model := Counting(), "w", tmp_path)
    third.losses(pairs)
    assert model.asked == []
    third.path.write_text("{broken")
    fourth = CachedLosses(model, "w", tmp_path)
    assert fourth.losses(pairs) == third.losses(pairs)
    assert len(model.asked) == 2


def test_the_same_question_twice_in_one_call_is_computed_once(tmp_path):
    pair = ([{"role": "user", "content": "p"}], "a")
    assert len(set(CachedLosses(model := Counting(), "w", tmp_path).losses([pair, pair]))) == 1
    assert len(model.asked) == 1
