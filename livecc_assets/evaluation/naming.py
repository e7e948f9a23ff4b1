"""What a command line says of the benchmark, as sections of the profile: events, opponent, questions (method 4)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.benchmark import Benchmarks, LiveSports
from livecc_assets.graph.settings.choices import SAMPLE_QUESTIONS

#: Names of the multiple-choice benchmarks on the command line.
BENCHMARKS = ("videomme", "mvbench", "ovobench")
LIVESPORTS_QA = "livesports-qa"


def address(text: str, option: str) -> str:
    """An absolute path of what is there, or an s3:// address as it stands. UserError names the option."""
    if text.startswith("s3://"):
        return text
    path = Path(text).expanduser()
    if not os.path.exists(path):  # which takes a name of any length
        raise UserError(f"{option} {text}: there is no such file or folder")
    return str(path.resolve())


def livesports_section(old: LiveSports, events: str, videos: str, questions: str) -> dict[str, Any] | None:
    """The section `livesports` with published files; None where nothing is named. What was named before stays."""
    if not (events or videos or questions):
        return None
    published = old.proposer == "published"
    if not events and not published:
        what = "--videos" if videos else f"--benchmark {LIVESPORTS_QA}"
        raise UserError(f"{what}: no published events are known; add --events FILE (LiveSports_3K_CC)")
    section = {
        "proposer": "published",
        "events_file": address(events, "--events") if events else old.events_file,
        "questions_file": questions or (old.questions_file if published else ""),
        "videos": address(videos, "--videos") if videos else (old.videos if published else ""),
    }
    if not section["videos"]:
        raise UserError("--events: add --videos FOLDER, where the events' videos lie")
    return {key: value for key, value in section.items() if value}


def benchmark_sections(old: Benchmarks, told: Iterable[str]) -> tuple[dict[str, Any], str]:
    """(The section `benchmarks`, LiveSports-3K QA's file) from ``NAME=FILE`` and ``NAME.KEY=VALUE``.

    A KEY is one of the profile's: ``videos``, ``subtitles``, ``templates``. What is not named stays.
    """
    found: dict[str, Any] = old.as_config()
    questions = ""
    for text in told:
        where, equals, value = text.partition("=")
        name, _, key = where.partition(".")
        option = f"--benchmark {where}"
        if name == LIVESPORTS_QA and equals and value and not key:
            questions = address(value, option)
            continue
        if name not in BENCHMARKS or not equals or not value:
            known = ", ".join((*BENCHMARKS, LIVESPORTS_QA))
            raise UserError(f"--benchmark {text}: write NAME=FILE or NAME.KEY=VALUE; NAME is one of {known}")
        found[name] |= {key or "path": _value(key or "path", value, option)}
    Benchmarks.of(found, "benchmarks")
    return found, questions


def without_sample(benchmarks: dict[str, Any]) -> dict[str, Any]:
    """The section without questions of the sample world, whose videos published events are not about."""
    return {
        name: one | {"path": ""} if isinstance(one, dict) and one["path"] == SAMPLE_QUESTIONS else one
        for name, one in benchmarks.items()
    }


def opponent_section(text: str) -> dict[str, Any]:
    """The section `opponent`: a captions file, or the caption from the title alone."""
    if text == "title-caption":
        return {"kind": "title-caption"}
    return {"kind": "file", "path": address(text, "--opponent")}


def _value(key: str, text: str, option: str) -> Any:
    if key in ("path", "videos", "templates"):
        return text if text == SAMPLE_QUESTIONS else address(text, option)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise UserError(f"{option}={text}: no value; write for instance true or a path") from None
    return address(value, option) if isinstance(value, str) else value
