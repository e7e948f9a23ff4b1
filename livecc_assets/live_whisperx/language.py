"""Language of a clip's words (method 1.10). Scores only; the selection decides which language and how sure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from livecc_assets.store.rows import Rejected


def language_scores(
    clips: Iterable[dict[str, Any]], detect: Callable[[str], tuple[str, float]]
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``language_scores``: the most likely language of all words joined by spaces, and its probability."""
    for clip in clips:
        language, score = detect(" ".join(word["word"] for word in clip["words"]))
        yield {"clip_id": clip["clip_id"], "video_id": clip["video_id"], "language": language, "score": float(score)}
