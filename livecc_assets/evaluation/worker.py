"""Worker program: judging and multiple choice, the benchmark's steps that run a model."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.evaluation import ovobench, qa, videomme
from livecc_assets.evaluation.event_f1 import EventF1
from livecc_assets.evaluation.judge import EventF1Judge, Judge, LikelihoodJudge, judgements
from livecc_assets.evaluation.loss_cache import CachedLosses
from livecc_assets.evaluation.mcq import Answered, Item
from livecc_assets.evaluation.opponent import opponent_texts
from livecc_assets.evaluation.sample_questions import EMBEDDED, sample_questions
from livecc_assets.evaluation.tasks import headline, rows_of
from livecc_assets.models.checkpoint import checkpoint_folder
from livecc_assets.models.reference import digest
from livecc_assets.runtime.worker import Task, run
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path

Score = Callable[[Sequence[Answered]], list[dict[str, Any]]]


def make_judge(config: dict[str, Any], home: Path, events: Sequence[dict[str, Any]]) -> Judge:
    """The judge that the profile's section `judge` names: likelihood, openai or event-f1."""
    kind = config.get("kind")
    if kind == "likelihood":
        from livecc_assets.models.text_lm import TextLM

        settings = {key: config[key] for key in ("dtype", "device", "max_tokens") if key in config}
        model = TextLM.load(config["model"], home, **settings)
        identity = json.dumps([digest(config["model"]), settings])
        return LikelihoodJudge(CachedLosses(model, identity, home / "cache" / "judge"), config["model"])
    if kind == "openai":
        from livecc_assets.evaluation.judge_openai import OpenAIJudge

        names = ("model", "base_url", "api_key_env", "seed", "workers", "attempts", "timeout")
        return OpenAIJudge(**{name: config[name] for name in names if name in config})
    if kind == "event-f1":
        return EventF1Judge(EventF1(events).vocabulary)
    raise UserError(f"judge.kind {kind!r} is unknown: use likelihood, openai or event-f1")


def livesports_judgements(task: Task) -> None:
    """Judge every event of the benchmark."""
    events = list(rows_of(task, "livesports_events"))
    commentary = list(rows_of(task, "livesports_commentary"))
    opponent, texts = opponent_texts(task.config["opponent"], events)
    judge = make_judge(task.config["judge"], task.home, events)
    task.writer.metadata |= {"judge": judge.name, "opponent": opponent}
    task.writer.extend(judgements(judge, commentary, events, opponent, texts, task.progress))
    if isinstance(judge, LikelihoodJudge) and isinstance(judge.model, CachedLosses):
        judge.model.save()


def livesports_qa_score(task: Task) -> None:
    """LiveSports-3K QA."""
    _choose(
        task, list(qa.livesports_items(rows_of(task, "livesports_questions"), task.videos.address)), qa.livesports_score
    )


def videomme_score(task: Task) -> None:
    """Video-MME; the answers are kept in the official format, with the official report."""
    options = question_options(task.config)
    subtitles = bool(options.get("subtitles", False))
    records = _records(task, "videomme", lambda path, videos: videomme.read_videomme(path, videos, subtitles))
    answered = _choose(task, list(videomme.videomme_items(records, subtitles)), videomme.videomme_score)
    results = videomme.results(records, answered)
    _add_text(task, "results.json", json.dumps(results))
    _add_text(task, "report.txt", videomme.report(results))


def mvbench_score(task: Task) -> None:
    """MVBench."""
    _choose(task, list(qa.mvbench_items(_records(task, "mvbench", qa.read_mvbench))), qa.mvbench_score)


def ovobench_score(task: Task) -> None:
    """OVO-Bench."""
    rule: Rule = task.config.get("rule", "corrected")
    templates = ovobench.read_templates(question_options(task.config).get("templates", ""))
    note = "prompts paraphrased" if templates is ovobench.TEMPLATES else ""
    items = list(ovobench.ovobench_items(_records(task, "ovobench", ovobench.read_ovobench), templates, rule))
    _choose(
        task,
        items,
        lambda done: ovobench.ovobench_score(done, rule, note),
        lambda item, response: ovobench.is_correct(item, response, rule),
    )


def question_options(config: dict[str, Any]) -> dict[str, Any]:
    """The profile's entry of one benchmark: a path alone, or {path, videos, subtitles, templates}."""
    questions = config.get("questions") or ""
    return {"path": questions} if isinstance(questions, str) else dict(questions)


def _records(task: Task, benchmark: str, read: Callable[[Path, str], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    options = question_options(task.config)
    path = options.get("path") or ""
    if not path:
        raise UserError(f"benchmarks.{benchmark} is empty: set it to the question file in the profile")
    if path == EMBEDDED:
        task.writer.metadata["questions"] = "made from the sample world's truth; not the published benchmark"
        source = rows_of(task, "yt_cc_source", ["video_id", "batch", "path", "duration", "subtitles", "truth"])
        events = rows_of(task, "livesports_events", ["video_id"])
        return sample_questions(benchmark, source, events, task.videos.address)
    return read(local_path(path), options.get("videos", ""))


def _choose(
    task: Task,
    items: Sequence[Item | Rejected],
    score: Score,
    correct: Callable[[Item, str], bool] | None = None,
) -> list[Answered]:
    """Answer all items, write score rows, what was in error, and every answer (answers.jsonl)."""
    from livecc_assets.evaluation.mcq_model import Answerer, answers

    config = task.config
    answerer = Answerer.load(
        checkpoint_folder(task.inputs["livecc_instruct"][0], task.home),
        config["video"],
        config.get("device", "cpu"),
        config.get("dtype"),
        config.get("rule", "corrected"),
        bool(config.get("blank_frames", False)),
    )
    done: list[Answered] = []
    for one in answers(answerer, items, correct, lambda count: task.progress(count, len(items), "questions")):
        if isinstance(one, Rejected):
            task.writer.add(one)
        else:
            done.append(one)
    if not done:
        raise UserError(f"{task.asset}: not one of {len(items)} questions could be answered; see its rejected rows")
    rows = score(done)
    task.writer.extend(rows)
    task.writer.metadata |= headline(rows) | {
        "questions_answered": len(done),
        "questions_in_error": len(items) - len(done),
    }
    _add_text(task, "answers.jsonl", "".join(json.dumps(line) + "\n" for line in answer_lines(done)))
    return done


def answer_lines(answered: Iterable[Answered]) -> Iterable[dict[str, Any]]:
    """What was answered to each question, with the candidates' log probabilities."""
    for one in answered:
        yield {
            "id": one.item.id,
            "video_id": one.item.video_id,
            "groups": one.item.groups,
            "answer": one.item.answer,
            "choice": one.choice,
            "response": one.response,
            "correct": one.correct,
            "log_probs": dict(zip(one.item.candidates, (round(p, 4) for p in one.log_probs), strict=True)),
        }


def _add_text(task: Task, name: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8")
        task.writer.add_file(path, name)


MAINS = {
    "livesports_judgements": livesports_judgements,
    "livesports_qa_score": livesports_qa_score,
    "videomme_score": videomme_score,
    "mvbench_score": mvbench_score,
    "ovobench_score": ovobench_score,
}

if __name__ == "__main__":
    run(MAINS)
