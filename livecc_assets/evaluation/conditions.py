"""Under what conditions a score was got, from the manifests of what it was made of (method 4.3 to 4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.measures import WITH_SUBTITLES
from livecc_assets.evaluation.question_config import answered_by, question_options
from livecc_assets.evaluation.sample_questions import EMBEDDED
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import digest

#: What was asked about: the sample world, other items than a benchmark's published ones, or all of these.
Data = Literal["sample", "own", "published"]
#: Items of each benchmark as published (method 4.1, 5.3); of those whose number no source gives, their tasks.
ITEMS = {"livesports_events": 1702, "livesports_qa_score": 1174, "videomme_score": 2700}
TASKS = {"mvbench_score": 20, "ovobench_score": 12}


@dataclass(frozen=True)
class Conditions:
    """How one score asset of an experiment was got; equal `basis`: on the same items, by the same judge and rules."""

    data: Data | None
    basis: str = ""
    judge: str | None = None
    opponent: str | None = None
    protocol: str | None = None
    rules: Rule = "corrected"


def events_data(events: Artifact) -> Data:
    """Where the events of LiveSports-3K come from; only the sample world knows what is true in them.

    A file in the published form may hold events of one's own, or a part of the benchmark: all of its events are the benchmark.
    """
    if events.manifest.config.get("proposer") == "published":
        return "published" if events.count == ITEMS["livesports_events"] else "own"
    return "sample" if any(row["truth"] is not None for row in events.rows(["truth"])) else "own"


def commentary_conditions(
    score: Artifact, commentary: Artifact | None, judgements: Artifact | None, events: str, data: Data | None
) -> Conditions:
    """Of the commentary track's scores; ``events`` is the version of those that were scored, and ``data`` None where they are no
    longer the current ones."""
    said = commentary.manifest.config if commentary else {}
    judged = judgements.manifest if judgements else None
    about = judged.metadata if judged else {}
    rules = score.manifest.config.get("rule", "corrected")
    prompt = judged.config.get("judge", {}).get("rule") if judged else None
    opponent = (judged.config.get("opponent"), judged.contents) if judged else None
    basis = digest(events, about.get("judge"), prompt, opponent, rules)
    mode = commentary.manifest.metadata.get("mode") if commentary else None
    shown = "offline, one text an event" if mode == "captioning" else f"live, {mode} mode"
    protocol = _joined(shown if mode else None, _blind(said))
    return Conditions(data, basis, about.get("judge"), about.get("opponent"), protocol, rules)


def answer_conditions(score: Artifact, events_of: Data | None) -> Conditions:
    """Of a multiple-choice benchmark's scores."""
    config, contents = score.manifest.config, score.manifest.contents
    rules = config.get("rule", "corrected")
    options = question_options(config)
    if score.asset == "livesports_qa_score" and events_of in (None, "sample"):
        data = events_of
    elif options.get("path") == EMBEDDED:
        data = "sample"
    else:
        data = "published" if _all_asked(score) else "own"
    # Questions that were made here are told by what they were made of, published ones by their files.
    read = contents or sorted(
        (pin.asset, pin.partition, pin.data_version)
        for pin in score.manifest.upstream
        if pin.asset != "livecc_instruct"
    )
    subtitles, answers = bool(options.get("subtitles")), answered_by(config)
    ways = {"words": "by logits of the options' words", "generated": "by written replies, as the benchmark itself"}
    protocol = _joined(ways.get(answers, "by logits"), WITH_SUBTITLES if subtitles else None, _blind(config))
    return Conditions(data, digest(score.asset, read, subtitles, answers, rules), None, None, protocol, rules)


def _all_asked(score: Artifact) -> bool:
    """Whether every item of the benchmark as published was asked."""
    if tasks := TASKS.get(score.asset):
        return len({row["subset"] for row in score.rows(["subset"]) if row["subset"].startswith("task:")}) == tasks
    about = score.manifest.metadata
    return about.get("questions_answered", 0) + about.get("questions_in_error", 0) == ITEMS[score.asset]


def _blind(config: Mapping[str, Any]) -> str | None:
    return "every frame blanked" if config.get("blank_frames") else None


def _joined(*parts: str | None) -> str | None:
    return ", ".join(filter(None, parts)) or None
