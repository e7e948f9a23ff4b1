"""Judging every event of the benchmark with the judge that the profile names (method 4.3)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from livecc_assets.evaluation.canaries import canaries, check
from livecc_assets.evaluation.event_f1 import EventF1
from livecc_assets.evaluation.judge import EventF1Judge, Judge, LikelihoodJudge, Texts, judgements
from livecc_assets.evaluation.judge_openai import OpenAIJudge
from livecc_assets.evaluation.jury import Jury
from livecc_assets.evaluation.loss_cache import CachedLosses
from livecc_assets.evaluation.opponent import opponent_texts
from livecc_assets.models.chat_budget import Budget, Spent, budget_of
from livecc_assets.models.reference import digest
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.interface import Blobs
from livecc_assets.store.rows import Row

Events = Sequence[dict[str, Any]]


def make_judge(config: dict[str, Any], home: Path, events: Events, blobs: Blobs | None = None) -> Judge:
    """The judge that the profile's section `judge` names: likelihood, openai or event-f1.

    ``blobs``: the store in which a chat judge's replies are kept; without it nothing is.
    """
    kind = config["kind"]
    if kind == "likelihood":
        from livecc_assets.models.text_lm import TextLM

        settings = {key: config[key] for key in ("dtype", "device", "max_tokens") if key in config}
        model = TextLM.load(config["model"], home, **settings)
        identity = json.dumps([digest(config["model"]), settings])
        return LikelihoodJudge(CachedLosses(model, identity, home / "cache" / "judge"), config["model"])
    if kind == "openai":
        first, *others = (_chat_judge(config | juror, blobs) for juror in ({}, *_jurors(config)))
        return Jury([first, *others]) if others else first
    return EventF1Judge(EventF1(events).vocabulary)


def _jurors(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What further judges have of their own."""
    for juror in config.get("jury") or []:
        yield {"price": None} | {key: value for key, value in juror.items() if value}


def _chat_judge(config: dict[str, Any], blobs: Blobs | None) -> OpenAIJudge:
    names = ("model", "base_url", "api_key_env", "seed", "temperature", "workers", "attempts", "timeout", "pause")
    names += ("rule", "json_schema", "retry_refused")
    given = {name: config[name] for name in names if name in config}
    return OpenAIJudge(**given, blobs=blobs, budget=budget_of(config, blobs))


def judge_events(task: Task, commentary: Artifact, benchmark: Artifact) -> None:
    """Write the judgements of every event."""
    events = list(benchmark.rows())
    opponent, texts = opponent_texts(task.config["opponent"], events)
    judge = make_judge(task.config["judge"], task.home, events, task.writer.blobs)
    task.writer.metadata |= {"judge": judge.name, "opponent": opponent}
    said = {(row["video_id"], row["event_id"]): row["pred"] for row in commentary.rows()}
    if (expected := would_spend(judge, events, said, texts)) is not None:
        print(f"{judge.name}: {told(expected)}", file=sys.stderr, flush=True)

    def judged(some: list[dict[str, Any]]) -> Iterator[Row]:
        return judgements(judge, said, some, opponent, texts)

    paid = task.config["judge"]["kind"] == "openai"
    rows = task.resumable(events, judged, len(events), "events", at_once=judge.workers, paid=paid)
    task.writer.extend(rows)
    if paid:
        task.writer.metadata["canaries"] = check(judge, events)
    task.writer.metadata |= account(judge)
    save(judge)


def save(judge: Judge) -> None:
    """Let a likelihood judge keep what it computed."""
    if isinstance(judge, LikelihoodJudge) and isinstance(judge.model, CachedLosses):
        judge.model.save()


def would_spend(judge: Judge, events: Events, said: Texts, others: Texts) -> Spent | None:
    """About what a chat judge would spend on these events and its canaries, kept replies left out; None for one that is not
    paid."""
    if not isinstance(judge, OpenAIJudge | Jury):
        return None

    keyed = [(event, (event["video_id"], event["event_id"])) for event in events]
    asked = [(event, said[key], others[key]) for event, key in keyed if key in said and key in others]
    asked += [(one.event, one.model, one.opponent) for one in canaries(events)]
    with ThreadPoolExecutor(judge.workers) as pool:  # the store may be far away
        return sum(pool.map(lambda one: judge.would_spend(*one), asked), Spent())


def budgets(judge: Judge) -> list[Budget]:
    """The budgets of the endpoints that a judge asks."""
    judges = judge.judges if isinstance(judge, Jury) else [judge]
    return [one.client.endpoint.budget for one in judges if isinstance(one, OpenAIJudge)]


def account(judge: Judge) -> dict[str, Any]:
    """What a chat judge spent, for the asset's page: calls, tokens, and money where prices are known."""
    if not (all_of := budgets(judge)):
        return {}
    spent = sum((one.spent for one in all_of), Spent())
    money = {"judge_cost": round(spent.cost, 4)} if any(one.priced for one in all_of) else {}
    return {"judge_calls": spent.calls, "judge_tokens": spent.tokens_in + spent.tokens_out} | money


def told(spent: Spent) -> str:
    """An estimate in words."""
    money = f", {spent.cost:.2f} by the prices of the settings" if spent.cost else ""
    return f"about {spent.calls:,} calls, {spent.tokens_in:,} tokens in and {spent.tokens_out:,} out{money}"
