"""Published results as rows of the leaderboard: those that ship, and those of the user's own files (method 4.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.graph.settings.results import Conditions, Figure, Results, Table

#: How each row was measured, as the leaderboard's own rows tell it.
_TOLD = ("chance", "judge", "opponent", "protocol", "rules")


def read_results(home: Path, files: Sequence[Path] = ()) -> list[dict[str, Any]]:
    """Rows of the package's result files, of those under `home`/results, and of further `files`.

    A file of the state folder stands in place of one that ships under the same name. UserError names file and line.
    """
    from livecc_assets.graph.settings import checking

    found = {path.name: path for path in checking.files("results", home)}
    paths = {path.resolve(): path for path in (*found.values(), *files)}  # one that is named twice counts once
    entries: list[dict[str, Any]] = []
    for path in paths.values():
        rows = published_rows(checking.read_model(path, "results"))
        entries += ({**row, "entry": f"{path} {row['entry']}"} for row in rows)
    return entries


def published_rows(results: Results) -> Iterator[dict[str, Any]]:
    """A row for each figure: as those of the leaderboard, with `source` and `url`; `entry` is the model's place in the file."""
    for number, table in enumerate(results.tables):
        source = ", ".join(filter(None, (results.source, table.where)))
        for place, row in enumerate(table.rows):
            for measure, figure in row.figures.items():
                about = {"source": source, "url": results.url, "note": row.note or None, "entry": f"{number}.{place}"}
                yield {
                    "experiment": row.model,
                    "metric": measure,
                    "data": "published",
                    **about,
                    **_told(table, measure, figure),
                }


def _told(table: Table, measure: Any, figure: Figure) -> dict[str, Any]:
    own = table.conditions.get(measure, Conditions())
    low, high = figure.interval or (None, None)
    values = {"value": float(figure.value), "low": low, "high": high, "n": figure.n or own.n, "clusters": own.videos}
    return values | {name: getattr(own, name) for name in _TOLD}


def as_entries(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the JSON document has them."""
    return [
        {
            "model": row["experiment"],
            "metric": row["metric"],
            "value": row["value"],
            "interval": None if row["low"] is None else [row["low"], row["high"]],
            "n": row["n"],
            "videos": row["clusters"],
            **{name: row[name] for name in (*_TOLD, "note", "source", "url")},
        }
        for row in rows
    ]
