"""The benchmark itself, the judgements and answers of every experiment, and what they add up to (paper 4, 5; method 4)."""

from collections.abc import Sequence
from typing import Annotated, Any

from livecc_assets.commentary.assets import frames_as_trained, published_videos
from livecc_assets.evaluation import pictures
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.settings.choices import SAMPLE_QUESTIONS
from livecc_assets.graph.step import Only, Pick, named_batches, section, step, unpartitioned
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store

#: `proposer` of events and questions that are imported as published.
PUBLISHED = "published"


def _benchmark_batches(settings: Settings, store: Store, partition: str) -> list[str]:
    return named_batches(settings.profile.livesports.batches, store)


def _experiments(settings: Settings, store: Store, partition: str) -> list[str]:
    return sorted(settings.experiments)


#: A benchmark's question file and what else it names; what is no text there names no file.
QUESTION_FILES = ("questions.path", "questions.videos", "questions.subtitles", "questions.templates")


def _of_the_sample(benchmark: str, pick: Pick) -> Pick:
    """An input that is read only where the benchmark's questions are made from the sample world."""

    def picked(settings: Settings, store: Store, partition: str) -> list[str]:
        path = getattr(settings.profile.benchmarks, benchmark).path
        return pick(settings, store, partition) if path == SAMPLE_QUESTIONS else []

    return picked


def _proposed_events(settings: Settings, store: Store, partition: str) -> list[str]:
    """Published questions are read from their own file, whatever the events are."""
    return [] if settings.profile.livesports.proposer == PUBLISHED else unpartitioned(settings, store, partition)


#: How the chat model is asked, which changes no proposal; and the sheets that annotators filled in.
_WRITING = tuple(f"writer.{name}" for name in ("base_url", "api_key_env", "workers", "timeout", "price", "budget"))
_SHEETS = "decisions.*"

#: The artifacts of the benchmark's batches, and those of every experiment.
BenchmarkBatches = Annotated[Sequence[Artifact], _benchmark_batches]
Experiments = Annotated[Sequence[Artifact], _experiments]


def _livesports(*others: str) -> Any:
    """The section without what the asset does not read: another one's file, the benchmark's own videos, how it is answered."""

    def read(settings: Settings, partition: str) -> dict[str, Any]:
        return {
            key: value
            for key, value in section(settings, "livesports").items()
            if key not in ("videos", "answers", *others) and (value or key not in ("writer", "decisions"))
        }

    return read


def _judge(settings: Settings, experiment: str) -> dict[str, Any]:
    from livecc_assets.evaluation.opponent import name_of

    opponent = section(settings, "opponent")
    if opponent["kind"] == "file" and opponent.get("path") and not opponent.get("name"):
        opponent["name"] = name_of(opponent["path"])  # what the rows call it; the path itself is in no key
    judge, rules = section(settings, "judge"), settings.experiments[experiment].rules
    return {"judge": judge | ({"rule": rules} if rules and "rule" in judge else {}), "opponent": opponent}


def _judge_models(config: dict[str, Any]) -> list[str]:
    return [config["judge"]["model"]] if config["judge"]["kind"] == "likelihood" else []


#: How the judge is asked, which changes no verdict.
_ASKING = tuple(
    f"judge.{name}" for name in ("base_url", "api_key_env", "workers", "attempts", "timeout", "price", "budget")
)


def _counting(settings: Settings, experiment: str) -> dict[str, Any]:
    """Which judge it was, and how its ties count."""
    judge, rules = section(settings, "judge"), settings.experiments[experiment].rules
    return {"judge": judge["kind"], "rule": rules or judge.get("rule", "corrected")}


def _questions(benchmark: str = "") -> Any:
    """Settings of a multiple-choice score: how the model runs, which frames it sees, where the questions are."""

    def read(settings: Settings, experiment: str) -> dict[str, Any]:
        benchmarks, own = settings.profile.benchmarks, settings.experiments[experiment]
        questions = {"questions": getattr(benchmarks, benchmark).as_config()} if benchmark else {}
        commentary = section(settings, "commentary") | own.commentary.as_config()
        run = {key: commentary[key] for key in ("dtype", "device")} | {"rule": own.rules or benchmarks.rule}
        return run | frames_as_trained(settings, experiment) | questions

    return read


def _livesports_questions(settings: Settings, experiment: str) -> dict[str, Any]:
    answers = {"answers": settings.profile.livesports.answers}
    return _questions()(settings, experiment) | published_videos(settings) | answers


@step(
    by=None,
    group="livesports",
    version="3",
    settings=_livesports("questions_file"),
    files=("events_file", _SHEETS),
    unkeyed=_WRITING,
    leaves_out=True,
    preview=pictures.events,
)
def livesports_events(task: Task, sentence_clips: BenchmarkBatches, yt_cc_source: BenchmarkBatches) -> None:
    """LiveSports-3K CC events: imported, or proposed from sentence clips of the benchmark's batches and reviewed (paper 4.1).

    Their videos leave training through `evaluation_videos`.
    """
    from livecc_assets.evaluation.building import build_events
    from livecc_assets.evaluation.livesports_files import import_events, published_file
    from livecc_assets.evaluation.tables import rows_of

    config = task.config
    if config.get("proposer") == PUBLISHED:
        task.writer.extend(import_events(published_file(config, "events_file")))
    else:
        truth = rows_of(yt_cc_source, ["video_id", "truth"])
        build_events(task, rows_of(sentence_clips), truth)


@step(
    by=None,
    group="livesports",
    version="2",
    settings=_livesports("events_file"),
    files=("questions_file", _SHEETS),
    unkeyed=_WRITING,
)
def livesports_questions(task: Task, livesports_events: Annotated[Sequence[Artifact], _proposed_events]) -> None:
    """LiveSports-3K QA: who, what and when questions with four options (paper 4.1)."""
    from livecc_assets.evaluation.building import build_questions
    from livecc_assets.evaluation.livesports_files import import_questions, published_file
    from livecc_assets.evaluation.tables import rows_of

    config = task.config
    if config.get("proposer") == PUBLISHED:
        task.writer.extend(import_questions(published_file(config, "questions_file")))
    else:
        build_questions(task, rows_of(livesports_events))


@step(
    by="experiment",
    group="scores",
    version="3",
    settings=_judge,
    files=("opponent.path",),
    unkeyed=_ASKING,
    models=_judge_models,
    worker=True,
    pool="judge",
)
def livesports_judgements(task: Task, livesports_commentary: Artifact, livesports_events: Only) -> None:
    """For every event: which of model and opponent is closer to the human commentary (method 4.3).

    Asked in both orders where the judge has one.
    """
    from livecc_assets.evaluation.judging import judge_events

    judge_events(task, livesports_commentary, livesports_events)


@step(by="experiment", group="scores", version="3", settings=_counting, preview=pictures.cc_score)
def livesports_cc_score(
    task: Task, livesports_judgements: Artifact, livesports_commentary: Artifact, livesports_events: Only
) -> None:
    """Win rate with interval, position gap and flip rate; event F1 where the truth is known; timing (method 4.3, 4.8)."""
    from livecc_assets.evaluation.cc_score import cc_score_rows
    from livecc_assets.evaluation.tables import headline, with_rule

    judged, said, events = (
        list(one.rows()) for one in (livesports_judgements, livesports_commentary, livesports_events)
    )
    canaries = livesports_judgements.manifest.metadata.get("canaries")
    spoken = livesports_commentary.manifest.metadata
    rows = with_rule(cc_score_rows(judged, said, events, task.config, canaries, spoken), task.config.get("rule"))
    task.writer.extend(rows)
    task.writer.metadata |= headline(rows)


@step(
    by="experiment",
    group="scores",
    version="5",
    settings=_livesports_questions,
    files=("videos",),
    worker=True,
    pool="gpu",
    preview=pictures.accuracy,
)
def livesports_qa_score(task: Task, livecc_instruct: Artifact, livesports_questions: Only) -> None:
    """LiveSports-3K QA accuracy by question type, by the logits of the option letters (method 4.4)."""
    from livecc_assets.evaluation import qa
    from livecc_assets.evaluation.answering import choose

    items = list(qa.livesports_items(livesports_questions.rows(), task.videos.address))
    choose(task, livecc_instruct, items, qa.livesports_score)


@step(
    by="experiment",
    group="scores",
    version="5",
    settings=_questions("videomme"),
    files=QUESTION_FILES,
    worker=True,
    pool="gpu",
    preview=pictures.accuracy,
)
def videomme_score(
    task: Task,
    livecc_instruct: Artifact,
    livesports_events: Annotated[Sequence[Artifact], _of_the_sample("videomme", unpartitioned)],
    yt_cc_source: Annotated[Sequence[Artifact], _of_the_sample("videomme", _benchmark_batches)],
) -> None:
    """Video-MME accuracy by duration, domain and task, with the official report (method 4.4, 5.3)."""
    from livecc_assets.evaluation.videomme import answer_videomme

    answer_videomme(task, livecc_instruct, yt_cc_source, livesports_events)


@step(
    by="experiment",
    group="scores",
    version="5",
    settings=_questions("mvbench"),
    files=QUESTION_FILES,
    worker=True,
    pool="gpu",
    preview=pictures.accuracy,
)
def mvbench_score(
    task: Task,
    livecc_instruct: Artifact,
    livesports_events: Annotated[Sequence[Artifact], _of_the_sample("mvbench", unpartitioned)],
    yt_cc_source: Annotated[Sequence[Artifact], _of_the_sample("mvbench", _benchmark_batches)],
) -> None:
    """MVBench accuracy, mean over task types (method 4.4)."""
    from livecc_assets.evaluation import qa
    from livecc_assets.evaluation.answering import choose, question_records

    records = question_records(task, "mvbench", qa.read_mvbench, yt_cc_source, livesports_events)
    choose(task, livecc_instruct, list(qa.mvbench_items(records)), qa.mvbench_score)


@step(
    by="experiment",
    group="scores",
    version="5",
    settings=_questions("ovobench"),
    files=QUESTION_FILES,
    worker=True,
    pool="gpu",
    preview=pictures.accuracy,
)
def ovobench_score(
    task: Task,
    livecc_instruct: Artifact,
    livesports_events: Annotated[Sequence[Artifact], _of_the_sample("ovobench", unpartitioned)],
    yt_cc_source: Annotated[Sequence[Artifact], _of_the_sample("ovobench", _benchmark_batches)],
) -> None:
    """OVO-Bench accuracy by task and group (method 4.5)."""
    from livecc_assets.evaluation.ovobench import answer_ovobench

    answer_ovobench(task, livecc_instruct, yt_cc_source, livesports_events)


def _named_experiments(settings: Settings, partition: str) -> dict[str, Any]:
    return {"experiments": sorted(settings.experiments)}


@step(by=None, group="scores", version="5", settings=_named_experiments, preview=pictures.leaderboard)
def leaderboard(
    task: Task,
    livesports_events: Only | None = None,
    livesports_cc_score: Experiments = (),
    livesports_qa_score: Experiments = (),
    videomme_score: Experiments = (),
    mvbench_score: Experiments = (),
    ovobench_score: Experiments = (),
    livesports_commentary: Experiments = (),
    livesports_judgements: Experiments = (),
) -> None:
    """Every experiment's scores with their intervals, how they were got, and the data versions behind them (method 4).

    Also whether models that see stand above those that do not, and the single scores by which any two are compared.
    """
    from livecc_assets.evaluation.gathering import gather, write_board

    events = list(livesports_events.rows()) if livesports_events else []
    scores = (*livesports_cc_score, *livesports_qa_score, *videomme_score, *mvbench_score, *ovobench_score)
    found = gather((*scores, *livesports_commentary, *livesports_judgements), livesports_events)
    write_board(task, found, events)
