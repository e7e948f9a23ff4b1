"""The benchmark itself, the runs over it and what they add up to (paper 4 and 5, spec 4)."""

from typing import Any

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, named_batches, same, section, unpartitioned
from livecc_assets.store.store import Store

#: Scores that the leaderboard gathers.
SCORES = ("livesports_cc_score", "livesports_qa_score", "videomme_score", "mvbench_score", "ovobench_score")


_ANSWERING = (
    "livecc_assets.evaluation.mcq",
    "livecc_assets.evaluation.mcq_model",
    "livecc_assets.evaluation.sample_questions",
    "livecc_assets.evaluation.statistics",
)


#: A benchmark's question file, or {path, videos, subtitles, templates}; what is no text there names no file.
_QUESTION_FILES = ("questions", "questions.path", "questions.videos", "questions.subtitles", "questions.templates")


def _event_batches(settings: Settings, store: Store, partition: str) -> list[str]:
    return named_batches(section(settings, "livesports").get("batches") or [], store)


def _benchmark_config(*others: str) -> Any:
    """The section without what is not read here: a file of another step, the folder of the benchmark's own videos."""

    def config(settings: Settings, store: Store, partition: str) -> dict[str, Any]:
        own = {key: value for key, value in section(settings, "livesports").items() if key not in ("videos", *others)}
        return own | {"batches": _event_batches(settings, store, partition)}

    return config


def _own_videos(settings: Settings) -> dict[str, Any]:
    """The folder of the videos that a published benchmark came with; proposed events lie in source batches."""
    about = section(settings, "livesports")
    return {"videos": about["videos"]} if about.get("proposer") == "published" and about.get("videos") else {}


def _frames(settings: Settings, experiment: str) -> dict[str, Any]:
    """Whether the experiment's models were trained blind; they are then run blind, too."""
    text = settings.experiments[experiment]
    stage = text.get("stage2") or text.get("stage1") or {}
    return {"video": section(settings, "video"), "blank_frames": bool(stage.get("blank_frames", False))}


def _commentary_config(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
    text = settings.experiments[experiment]
    instruct = bool(text.get("live_whisperx")) or bool(text.get("instruct", False))
    own = dict(text.get("commentary") or {})
    run = dict(section(settings, "commentary")) | _frames(settings, experiment) | {"instruct": instruct} | own
    return run | _own_videos(settings)


def _judge_config(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
    from livecc_assets.evaluation.opponent import name_of

    opponent = dict(section(settings, "opponent"))
    if opponent.get("kind") == "file" and opponent.get("path") and not opponent.get("name"):
        opponent["name"] = name_of(opponent["path"])  # what the rows call it; the path itself is in no key
    return {"judge": section(settings, "judge"), "opponent": opponent}


def _choice_config(name: str) -> Any:
    def config(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
        questions = section(settings, "benchmarks").get(name, "")
        run = {key: section(settings, "commentary")[key] for key in ("dtype", "device")}
        return run | _frames(settings, experiment) | {"questions": questions}

    return config


def _questions_config(settings: Settings, store: Store, experiment: str) -> dict[str, Any]:
    run: dict[str, Any] = _choice_config("livesports_qa")(settings, store, experiment)
    return run | _own_videos(settings)


def _experiments(settings: Settings, store: Store, partition: str) -> list[str]:
    return sorted(settings.experiments)


def _choice(asset: str, benchmark: str, description: str, *modules: str) -> Step:
    return Step(
        asset=asset,
        group="scores",
        partitioned_by="experiment",
        description=description,
        code_version="1",
        covers=(*_ANSWERING, *modules),
        config=_choice_config(benchmark),
        files=_QUESTION_FILES,
        upstream={"livecc_instruct": same, "livesports_events": unpartitioned, "yt_cc_source": _event_batches},
        worker="livecc_assets.evaluation.worker",
        pool="gpu",
        pictures="livecc_assets.evaluation.pictures:accuracy",
    )


STEPS = [
    Step(
        asset="livesports_events",
        group="livesports",
        partitioned_by=None,
        description="LiveSports-3K CC events: imported, or proposed from sentence clips of the benchmark's batches "
        "(paper 4.1). Their videos leave training through `evaluation_videos`.",
        code_version="2",
        covers=("livecc_assets.evaluation.livesports", "livecc_assets.evaluation.livesports_files"),
        config=_benchmark_config("questions_file"),
        files=("events_file",),
        upstream={"sentence_clips": _event_batches, "yt_cc_source": _event_batches},
        admit=True,
        run="livecc_assets.evaluation.tasks:livesports_events",
        pictures="livecc_assets.evaluation.pictures:events",
    ),
    Step(
        asset="livesports_questions",
        group="livesports",
        partitioned_by=None,
        description="LiveSports-3K QA: who, what and when questions with four options (paper 4.1).",
        code_version="2",
        covers=("livecc_assets.evaluation.questions", "livecc_assets.evaluation.livesports_files"),
        config=_benchmark_config("events_file"),
        files=("questions_file",),
        upstream={"livesports_events": unpartitioned},
        run="livecc_assets.evaluation.tasks:livesports_questions",
    ),
    Step(
        asset="livesports_commentary",
        group="scores",
        partitioned_by="experiment",
        description="The experiment's model comments every event of the benchmark, live, from what is visible so far "
        "(spec 4.2).",
        code_version="1",
        covers=(
            "livecc_assets.commentary",
            "livecc_assets.models.qwen2_vl",
            "livecc_assets.training.chat",
            "livecc_assets.training.positions",
            "livecc_assets.training.reading",
            "livecc_assets.media",
        ),
        config=_commentary_config,
        files=("videos",),
        upstream={"livecc_instruct": same, "livesports_events": unpartitioned},
        worker="livecc_assets.commentary.worker",
        pool="gpu",
        pictures="livecc_assets.evaluation.pictures:commentary",
    ),
    Step(
        asset="livesports_judgements",
        group="scores",
        partitioned_by="experiment",
        description="For every event: which of model and opponent is closer to the human commentary, in both orders "
        "where the judge has one (spec 4.3).",
        code_version="1",
        covers=(
            "livecc_assets.evaluation.judge",
            "livecc_assets.evaluation.judge_openai",
            "livecc_assets.evaluation.opponent",
            "livecc_assets.models.text_lm",
        ),
        config=_judge_config,
        files=("opponent.path",),
        upstream={"livesports_commentary": same, "livesports_events": unpartitioned},
        models=lambda config: [config["judge"]["model"]] if config["judge"]["kind"] == "likelihood" else [],
        worker="livecc_assets.evaluation.worker",
        pool="judge",
    ),
    Step(
        asset="livesports_cc_score",
        group="scores",
        partitioned_by="experiment",
        description="Win rate with interval, position gap and flip rate; event F1 where the truth is known (spec 4.3).",
        code_version="1",
        covers=(
            "livecc_assets.evaluation.cc_score",
            "livecc_assets.evaluation.event_f1",
            "livecc_assets.evaluation.statistics",
            "livecc_assets.evaluation.text_statistics",
            "livecc_assets.evaluation.win_rate",
        ),
        config=lambda settings, store, experiment: {"judge": section(settings, "judge")["kind"]},
        upstream={
            "livesports_judgements": same,
            "livesports_commentary": same,
            "livesports_events": unpartitioned,
        },
        run="livecc_assets.evaluation.tasks:livesports_cc_score",
        pictures="livecc_assets.evaluation.pictures:cc_score",
    ),
    Step(
        asset="livesports_qa_score",
        group="scores",
        partitioned_by="experiment",
        description="LiveSports-3K QA accuracy by question type, by the logits of the option letters (spec 4.4).",
        code_version="1",
        covers=(*_ANSWERING, "livecc_assets.evaluation.qa"),
        config=_questions_config,
        files=("videos",),
        upstream={"livecc_instruct": same, "livesports_questions": unpartitioned},
        worker="livecc_assets.evaluation.worker",
        pool="gpu",
        pictures="livecc_assets.evaluation.pictures:accuracy",
    ),
    _choice(
        "videomme_score",
        "videomme",
        "Video-MME accuracy by duration, domain and task (spec 4.4, 5.3).",
        "livecc_assets.evaluation.videomme",
    ),
    _choice(
        "mvbench_score", "mvbench", "MVBench accuracy, mean over task types (spec 4.4).", "livecc_assets.evaluation.qa"
    ),
    _choice(
        "ovobench_score",
        "ovobench",
        "OVO-Bench accuracy by task and group (spec 4.5).",
        "livecc_assets.evaluation.ovobench",
    ),
    Step(
        asset="leaderboard",
        group="scores",
        partitioned_by=None,
        description="Every experiment's scores with their intervals and the data versions behind them; the gain in "
        "event F1 of streaming over blind.",
        code_version="1",
        covers=("livecc_assets.evaluation.leaderboard",),
        config=lambda settings, store, partition: {"experiments": sorted(settings.experiments)},
        upstream={name: _experiments for name in (*SCORES, "livesports_commentary")}
        | {"livesports_events": unpartitioned},
        optional=frozenset((*SCORES, "livesports_commentary")),
        run="livecc_assets.evaluation.tasks:leaderboard",
        pictures="livecc_assets.evaluation.pictures:leaderboard",
    ),
]
