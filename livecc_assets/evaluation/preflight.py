"""What an evaluation would do, and what it lacks, each with the option or command that brings it; nothing is computed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.evaluation.naming import BENCHMARKS, LIVESPORTS_QA
from livecc_assets.graph.settings.choices import SAMPLE_QUESTIONS
from livecc_assets.graph.step import named_batches
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from livecc_assets.store.uris import local_path

if TYPE_CHECKING:
    from livecc_assets.graph.settings.models import Profile

Row = dict[str, Any]

#: What the commentary track's score is made of, in order.
COMMENTED = ("livesports_commentary", "livesports_judgements", "livesports_cc_score")
QA = "livesports_qa_score"
_SHOWN = 3
_NAME_QUESTIONS = "name its questions with --benchmark {}=FILE"
_SAMPLE = "make the sample world's with `livecc demo`"


@dataclass
class Plan:
    """Assets of the benchmark and of the experiment that can be made; by score that cannot, what brings it; notes in words."""

    benchmark: list[str] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def unnamed(profile: Profile) -> dict[str, str]:
    """The scores for which the profile names no questions, with the option that names them."""
    found = {}
    if profile.livesports.proposer == "published" and not profile.livesports.questions_file:
        found[QA] = _NAME_QUESTIONS.format(LIVESPORTS_QA)
    for name in BENCHMARKS:
        if not getattr(profile.benchmarks, name).path:
            found[f"{name}_score"] = _NAME_QUESTIONS.format(name)
    return found


def plan(profile: Profile, store: Store, partial: bool = False) -> Plan:
    """What can be scored with the data that a profile names. ``partial``: videos may be missing.

    Raises UserError where nothing can be scored, and where data that are named cannot be used as they are.
    """
    made = Plan(left_out=unnamed(profile))
    sampled = bool(set(named_batches(profile.livesports.batches, store)) & set(store.batches()))
    _livesports(made, profile, sampled, partial)
    for name in BENCHMARKS:
        _questions(made, profile, name, sampled, partial)
    if not made.scores:
        lacking = "; ".join(f"{name}: {how}" for name, how in made.left_out.items())
        raise UserError(f"there is nothing to score the model on: {lacking}")
    return made


def _livesports(made: Plan, profile: Profile, sampled: bool, partial: bool) -> None:
    about = profile.livesports
    if about.proposer != "published":
        if sampled:
            made.benchmark += ["livesports_events", "livesports_questions", "evaluation_videos"]
            made.scores += [*COMMENTED, QA]
        else:
            made.left_out["livesports_cc_score"] = f"name events with --events FILE --videos FOLDER, or {_SAMPLE}"
        return
    events = _published_events(made, about.events_file)
    _there(made, profile, _addresses(events, about.videos), f"videos of {about.events_file}", "--videos", partial)
    _opponent(profile, events)
    _judge(made, profile, events)
    made.benchmark += ["livesports_events", "evaluation_videos"]
    made.scores += COMMENTED
    if not about.questions_file:
        return
    from livecc_assets.evaluation.livesports_files import import_questions

    questions = _usable(made, import_questions(local_path(about.questions_file)), about.questions_file, "questions")
    _there(made, profile, _addresses(questions, about.videos), f"videos of {about.questions_file}", "--videos", partial)
    made.benchmark.append("livesports_questions")
    made.scores.append(QA)


def _published_events(made: Plan, file: str) -> list[Row]:
    from livecc_assets.evaluation.livesports_files import import_events

    events = _usable(made, import_events(local_path(file)), file, "events")
    videos = len({event["video_id"] for event in events})
    made.notes.insert(0, f"{len(events):,} events of {videos:,} videos ({file})")
    return events


def _usable(made: Plan, rows: Iterable[Row | Rejected], file: str, what: str) -> list[Row]:
    """The rows of a published file that can be used; a note counts the others."""
    found, wrong = [], list[Rejected]()
    for row in rows:
        wrong.append(row) if isinstance(row, Rejected) else found.append(row)
    if not found:
        why = f" ({brief(wrong[0].detail)})" if wrong else ""
        raise UserError(f"{file}: none of its {len(wrong)} {what} can be used{why}; mend the file or download it again")
    if wrong:
        made.notes.append(f"{len(wrong):,} {what} cannot be used, the first: {brief(wrong[0].detail)}")
    return found


def _opponent(profile: Profile, events: Sequence[Row]) -> None:
    from livecc_assets.evaluation.opponent import opponent_texts

    about = profile.opponent.as_config()
    if about["kind"] == "file" and not about["path"]:
        raise UserError(
            "no opponent is named: add --opponent FILE (rows of video_id, event_id, pred), or --opponent title-caption, "
            "a caption written from the title alone"
        )
    opponent_texts(about, events)


def _judge(made: Plan, profile: Profile, events: Sequence[Row]) -> None:
    judge = profile.judge
    if judge.kind == "event-f1" and not any(event["truth"] for event in events):
        raise UserError(
            "the judge event-f1 counts events that are known, and none is in published files: add --judge openai "
            "--judge-model NAME (with --base-url for an endpoint of your own), or --judge likelihood"
        )
    if judge.kind != "openai":
        made.notes.append(f"judge {judge.kind}, no paid calls")
        return
    from livecc_assets.evaluation.judging import make_judge, told, would_spend
    from livecc_assets.evaluation.opponent import opponent_texts

    try:
        asked = make_judge(judge.as_config(), Path(), events)
    except UserError as error:
        raise UserError(f"{error} (--base-url), or judge without one: --judge likelihood") from None
    # What the model will say is not known yet; it is told as if it said as much as the human.
    human = {(event["video_id"], event["event_id"]): event["event_asr_text"] for event in events}
    others = opponent_texts(profile.opponent.as_config(), events)[1]
    spent = would_spend(asked, events, human, others)
    made.notes.append(f"judge {asked.name}, {told(spent) if spent else 'no paid calls'}")


def _questions(made: Plan, profile: Profile, name: str, sampled: bool, partial: bool) -> None:
    from livecc_assets.evaluation.ovobench import read_ovobench, read_templates
    from livecc_assets.evaluation.qa import read_mvbench
    from livecc_assets.evaluation.videomme import read_videomme

    about, score = getattr(profile.benchmarks, name), f"{name}_score"
    if about.path == SAMPLE_QUESTIONS and not sampled:
        made.left_out[score] = f"{_NAME_QUESTIONS.format(name)}, or {_SAMPLE}"
    if score in made.left_out:
        return
    if about.path != SAMPLE_QUESTIONS:
        readers: dict[str, Callable[[Path, str], list[Row]]] = {
            "videomme": lambda path, videos: read_videomme(path, videos, bool(about.subtitles)),
            "mvbench": read_mvbench,
            "ovobench": read_ovobench,
        }
        records = readers[name](local_path(about.path), about.videos)
        if name == "ovobench":
            read_templates(about.templates)
        option = f"--benchmark {name}.videos"
        _there(made, profile, [str(one["video"]) for one in records], f"videos of {about.path}", option, partial)
        made.notes.append(f"{len(records):,} questions of {name} ({about.path})")
    made.scores.append(score)


def _addresses(rows: Iterable[Row], folder: str) -> list[str]:
    return [f"{folder.rstrip('/')}/{row['path']}" if folder else row["path"] for row in rows]


def _there(made: Plan, profile: Profile, addresses: Sequence[str], what: str, option: str, partial: bool) -> None:
    """Whether the video of each row is there, as far as this machine can look."""
    each = list(dict.fromkeys(addresses))
    missing = [one for one in each if "://" not in one and not os.path.exists(one)]  # false for any name
    if not missing:
        return
    more = ", …" if len(missing) > _SHOWN else ""
    lack = f"{len(missing)} of {len(each)} {what} are missing ({', '.join(map(brief, missing[:_SHOWN]))}{more})"
    if len(missing) == len(each):
        raise UserError(f"{lack}; name their folder with {option}")
    share = sum(one in set(missing) for one in addresses) / len(addresses)
    if partial and share > profile.error_limit:
        limit = f"{100 * profile.error_limit:g} % of the rows, the profile's error_limit"
        raise UserError(f"{lack}, more than {limit}; add them, or take their rows out of the file")
    if not partial:
        raise UserError(f"{lack}; add them, take their rows out of the file, or score the others with --partial")
    made.notes.append(f"{lack}; their rows count as errors")
