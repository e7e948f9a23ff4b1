"""OVO-Bench's tasks, their groups, and what each task weighs in the overall score (method 4.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

GROUPS = {
    "RTVP": ("OCR", "ACR", "ATR", "STU", "FPD", "OJR"),
    "BT": ("EPM", "ASI", "HLD"),
    "FAR": ("REC", "SSR", "CRR"),
}
FORWARD = GROUPS["FAR"]
GROUP_OF = {task: group for group, tasks in GROUPS.items() for task in tasks}


def task_weights(tasks: Iterable[str]) -> dict[Any, float]:
    """What each task weighs in the mean over groups of the mean over their tasks; the weights add up to 1."""
    present = dict.fromkeys(tasks)
    inside = Counter(GROUP_OF[task] for task in present)
    return {task: 1 / len(inside) / inside[GROUP_OF[task]] for task in present}
