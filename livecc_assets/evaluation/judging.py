"""Judging every event of the benchmark with the judge that the profile names (method 4.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.evaluation.event_f1 import EventF1
from livecc_assets.evaluation.judge import EventF1Judge, Judge, LikelihoodJudge, judgements
from livecc_assets.evaluation.loss_cache import CachedLosses
from livecc_assets.evaluation.opponent import opponent_texts
from livecc_assets.models.reference import digest
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.parts import Row


def make_judge(config: dict[str, Any], home: Path, events: Sequence[dict[str, Any]]) -> Judge:
    """The judge that the profile's section `judge` names: likelihood, openai or event-f1."""
    kind = config["kind"]
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
    return EventF1Judge(EventF1(events).vocabulary)


def judge_events(task: Task, commentary: Artifact, benchmark: Artifact) -> None:
    """Write the judgements of every event."""
    events = list(benchmark.rows())
    opponent, texts = opponent_texts(task.config["opponent"], events)
    judge = make_judge(task.config["judge"], task.home, events)
    task.writer.metadata |= {"judge": judge.name, "opponent": opponent}
    said = {(row["video_id"], row["event_id"]): row["pred"] for row in commentary.rows()}

    def judged(some: list[dict[str, Any]]) -> Iterator[Row]:
        return judgements(judge, said, some, opponent, texts)

    paid = task.config["judge"]["kind"] == "openai"
    rows = task.resumable(events, judged, len(events), "events", at_once=judge.workers, paid=paid)
    task.writer.extend(rows)
    if isinstance(judge, LikelihoodJudge) and isinstance(judge.model, CachedLosses):
        judge.model.save()
