"""What a multiple-choice score's config says of its questions, and of how they are answered (method 4.4)."""

from __future__ import annotations

from typing import Any


def question_options(config: dict[str, Any]) -> dict[str, Any]:
    """The profile's entry of one benchmark: a path alone, or {path, videos, answers, subtitles, templates}."""
    questions = config.get("questions") or ""
    return {"path": questions} if isinstance(questions, str) else dict(questions)


def answered_by(config: dict[str, Any]) -> str:
    """By what a benchmark's questions are answered: `letters` or `words` of the options, or `generated` replies."""
    return config.get("answers") or question_options(config).get("answers") or "letters"
