"""Judgements and answers outlive a killed worker: none is asked for twice, and the scores are the same."""

import threading
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.commentary.schemas import SCHEMAS as COMMENTARY
from livecc_assets.evaluation import assets, judging, mcq_model
from livecc_assets.evaluation.answering import answered, as_row
from livecc_assets.evaluation.judge import LikelihoodJudge, Verdict
from livecc_assets.evaluation.loss_cache import CachedLosses
from livecc_assets.evaluation.mcq import Answered, lettered_item
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.runtime.task import Task
from livecc_assets.store.parts import Parts, mark
from livecc_assets.store.store import Store
from tests.artifacts import new_store, task_of, write
from tests.evaluation.builders import event, said
from tests.killing import Killed, Work, resumed_alike

EVENTS = [event(f"v{n}", event_asr_text=f"Red jumps over {n} men.") for n in range(60)]
SAID = [said(f"v{n}", 0, (1.0, "Red jumps" if n % 3 else "Blue falls")) for n in range(60)]


def judging_tasks(folder: Path, judge: dict[str, Any]):
    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(folder / name)
        inputs = [
            write(store, "livesports_commentary", "x", SAID, COMMENTARY["livesports_commentary"]),
            write(store, "livesports_events", "all", EVENTS, SCHEMAS["livesports_events"]),
        ]
        asset, config = "livesports_judgements", {"judge": judge, "opponent": {"kind": "title-caption"}}
        return store, task_of(store, folder / name, asset, "x", SCHEMAS[asset], config, inputs)

    return tasks


class Company:
    """A text model whose last digits depend on what is scored together."""

    max_tokens = 120

    def __init__(self, work: Work) -> None:
        self.work = work

    def losses(self, pairs: Any) -> list[tuple[float, int]]:
        for messages, answer in pairs:
            self.work((messages[-1]["content"], answer))
        return [(len(messages[-1]["content"]) / 7 + len(pairs) * 1e-5, 9) for messages, _ in pairs]


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_judging_by_likelihood_goes_on(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()

    def judge(config: Any, home: Path, *_: Any) -> LikelihoodJudge:
        return LikelihoodJudge(CachedLosses(Company(work), "m", home / "cache"), "m")

    monkeypatch.setattr(judging, "make_judge", judge)
    whole, made = resumed_alike(
        assets.livesports_judgements, work, judging_tasks(tmp_path, {"kind": "likelihood", "model": "m"}), seed
    )
    assert list(made.rows()) == list(whole.rows())


def test_a_loss_is_the_same_whatever_was_known_before(tmp_path: Path) -> None:
    pairs: Any = [([{"role": "user", "content": text}], "a") for text in ("p", "qq", "rrr")]
    alone = CachedLosses(Company(Work()), "w", tmp_path)
    one_by_one = [alone.losses([pair])[0] for pair in pairs]
    assert CachedLosses(Company(Work()), "w", tmp_path).losses(pairs) == one_by_one


class Paid:
    """A judge that is asked by several threads."""

    name, workers = "openai:gpt", 4

    def __init__(self, work: Work) -> None:
        self.work, self.lock = work, threading.Lock()

    def judge(self, event: dict[str, Any], model: str, opponent: str) -> Verdict:
        with self.lock:
            self.work(event["video_id"])
        return Verdict("model", "tie")


def test_no_verdict_that_came_before_the_kill_is_paid_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()
    monkeypatch.setattr(judging, "make_judge", lambda *_: Paid(work))
    monkeypatch.setattr(judging, "check", lambda *_: {})  # a judge's memory serves its canaries
    tasks = judging_tasks(tmp_path, {"kind": "openai"})
    work.again(33)
    with pytest.raises(Killed):
        assets.livesports_judgements(tasks("x")[1])
    paid = set(work.again())
    _, task = tasks("x")
    assets.livesports_judgements(task)
    assert len(paid) == 33 and paid.isdisjoint(work.done) and len(work.done) == 27
    assert task.writer.commit().rows == 60


# -- questions -----------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    item = lettered_item("q", "v", {"video": "v.mp4"}, "Who?", ("A. red", "B. blue"), "A", groups=("q_type:who",))
    one = Answered(item, "B", "B. blue", False, (-1 / 3, float("-inf")))
    blobs = new_store(tmp_path).blobs
    parts = Parts(blobs, "a/b/c/parts/first", 1)
    parts.keep(mark(0, [item]), 1, [as_row(one)])
    found = Parts(blobs, "a/b/c/parts/first", 1).take(mark(0, [item]))
    assert found is not None and isinstance(found[0], dict)
    assert answered(item, found[0]) == one


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_answering_goes_on_and_its_scores_are_the_same(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()

    class Answerer:
        def scores(self, item: Any) -> list[float]:
            work(item.id)
            return [-len(item.text) / 3, -1 / (7 + int(item.id[1:]) % 5), -9.0, -2 / 3]

    monkeypatch.setattr(mcq_model.Answerer, "load", lambda *_: Answerer())
    monkeypatch.setattr("livecc_assets.evaluation.answering.checkpoint_folder", lambda *_: tmp_path)
    blank = {field.name: None for field in SCHEMAS["livesports_questions"]}
    row = blank | {"batch": "", "path": "v.mp4", "ocr": False, "question": "Who?", "answer": "B", "q_type": "who"}
    good, bad = ["A. red", "B. blue", "C. black", "D. white"], ["red", "blue"]
    rows = [row | {"question_id": f"q{n}", "video_id": f"v{n}", "options": bad if n == 30 else good} for n in range(61)]

    def tasks(name: str) -> tuple[Store, Task]:
        store = new_store(tmp_path / name)
        inputs = [
            write(store, "livecc_instruct", "x", [], None),
            write(store, "livesports_questions", "all", rows, SCHEMAS["livesports_questions"]),
        ]
        config = {"video": {}, "device": "cpu"}
        return store, task_of(
            store, tmp_path, "livesports_qa_score", "x", SCHEMAS["livesports_qa_score"], config, inputs
        )

    whole, made = resumed_alike(assets.livesports_qa_score, work, tasks, seed)
    assert made.path("answers.jsonl").read_bytes() == whole.path("answers.jsonl").read_bytes()
    assert made.manifest.metadata["questions_answered"] == 60 and made.manifest.metadata["questions_in_error"] == 1
