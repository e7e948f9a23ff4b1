"""What commentary looks like as text: how much, how fast, how repetitive (method 5.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from livecc_assets.evaluation.schemas import score_row

REPETITIVE = 0.3
#: Words of the runs that are looked for again.
NGRAM = 4


def words_of(pred: str) -> list[str]:
    """Words of a prediction; the closing ellipsis is none."""
    return pred.strip().removesuffix("...").split()


def repeated_share(words: Sequence[str], size: int = NGRAM) -> float:
    """Share of the n-grams of `size` words that occur before in the same text."""
    grams = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
    return 1 - len(grams) / grams.total() if grams else 0.0


def text_rows(commentary: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Score rows: words an event, words a second, share of empty and of repetitive commentaries."""
    if not commentary:
        return []
    words = [words_of(row["pred"]) for row in commentary]
    lengths = np.array([len(one) for one in words])
    seconds = sum(row["end"] - row["begin"] for row in commentary)
    repetitive = float(np.mean([repeated_share(one) > REPETITIVE for one in words]))
    n = len(words)
    note = f"median {np.median(lengths):.0f}, longest {lengths.max()}"
    return [
        score_row("words_per_event", "all", float(lengths.mean()), n, note=note),
        score_row("words_per_second", "all", float(lengths.sum() / seconds) if seconds else None, n),
        score_row("empty_share", "all", 100 * float(np.mean(lengths == 0)), n, note="commentaries without a word"),
        score_row("repetitive_share", "all", 100 * repetitive, n, note="more than 30 % of the 4-grams are repeats"),
    ]
