"""What the model is told about a clip before its first word: title, previous speech, or the viewer's query (method 2.3)."""

from dataclasses import dataclass
from typing import get_args

from livecc_assets.graph.settings.choices import ContextMode

CONTEXT_MODES: tuple[ContextMode, ...] = get_args(ContextMode)


@dataclass(frozen=True)
class Context:
    """Text of the first user turn, and how many of the oldest previous words were left out to bound it."""

    text: str
    dropped_words: int = 0


def newest_words(text: str, limit: int | None) -> tuple[str, int]:
    """``text`` cut from the left to its last ``limit`` words, and how many went; None keeps all, untouched."""
    if limit is None:
        return text, 0
    words = text.split()
    if len(words) <= limit:
        return text, 0
    return " ".join(words[len(words) - limit :]), len(words) - limit


def clip_context(
    mode: ContextMode, title: str = "", previous: str = "", query: str = "", max_previous_words: int | None = None
) -> Context:
    """Context of a clip. The published layout is query, title, previous on a line each, stripped; unused ones stay empty.

    The previous speech of a long video may be thousands of words and is unbounded in the published code;
    ``max_previous_words`` keeps the newest. None of this text is in the loss.
    """
    if mode not in CONTEXT_MODES:
        raise ValueError(f"context is one of {', '.join(CONTEXT_MODES)}, not {mode!r}")
    with_previous = mode in ("previous", "title_and_previous", "title_or_previous")
    kept, dropped = newest_words(previous, max_previous_words) if with_previous else ("", 0)
    with_title = mode in ("title", "title_and_previous") or (mode == "title_or_previous" and not kept)
    return Context(f"{query}\n{title if with_title else ''}\n{kept}".strip(), dropped)
