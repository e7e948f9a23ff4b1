"""Metrics of a run: the points of a training's curve and the scores of a benchmark."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from resources.tracking.names import key_of
from resources.tracking.records import Score


def read_curve(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a training_log.jsonl; a last line that a killed worker left half-written is passed over."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line) if line.strip() else None
        except json.JSONDecodeError as error:
            if number == len(lines):
                return
            raise UserError(f"{path}, line {number}: not JSON ({error.msg}); remove the line or train again") from error
        if row is not None and "step" in row:
            yield row


def score_metrics(benchmark: str, scores: Iterable[Score]) -> Iterator[tuple[str, float]]:
    """(key, value) of each finite number: ``benchmark/metric[/subset]``, with ``/low``, ``/high`` and ``/n`` beside."""
    for score in scores:
        parts = [benchmark, score.metric] + ([score.subset] if score.subset not in ("", "all") else [])
        key = "/".join(key_of(part) for part in parts)
        if score.value is None or not math.isfinite(score.value):
            continue
        for suffix, value in (("", score.value), ("/low", score.low), ("/high", score.high), ("/n", score.n)):
            if value is not None and math.isfinite(value):
                yield key + suffix, float(value)


def curve_metrics(run: Any, rows: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    """Points carry the row's own time (or the run's start), so that logging them again makes no second point."""
    from mlflow.entities import Metric

    for row in rows:
        step = int(row["step"])
        stamp = int(float(row["time"]) * 1000) if "time" in row else run.info.start_time + step
        for name, value in row.items():
            if name not in ("step", "time") and _is_number(value):
                yield Metric(key_of(name), float(value), stamp, step)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
