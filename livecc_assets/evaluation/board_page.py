"""The leaderboard as people read it: sections by measure, blocks by what was asked about, notes by letter."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from livecc_assets.core.text import plain_line
from livecc_assets.evaluation.cc_score import NOT_APPLICABLE
from livecc_assets.evaluation.intervals import FEW
from livecc_assets.evaluation.leaderboard import GAIN, rows_of
from livecc_assets.evaluation.measures import MEASURES, Measure, shown_as

Rows = Sequence[Mapping[str, Any]]

#: What each block's rows were asked about; rows on other items than the benchmark's never stand among those on it.
BLOCKS = {
    "sample": "on the generated sample world, not the benchmark",
    "own": "on videos of one's own or a part of the benchmark, not all of it",
    "published": "on the benchmark as published",
    None: "on earlier items than those of today, or on some that an earlier version did not record",
}
#: Why a line has parts and no value.
_PARTS = "only parts of it are given"
#: Parts of a score's note that other columns tell.
_TOLD = re.compile(
    r"against .*, judge .*|\d+ of \d+ (calls tied|right)|guessing [\d.]+ %|mean (over|of) .*|\d+ of \d+ events named .*"
)


@dataclass(frozen=True)
class Line:
    """One model under one measure. `mark` says whose row it is, `letter` which note tells how it was got."""

    model: str
    mark: str
    value: float | None
    low: float | None
    high: float | None
    few: bool
    n: int | None
    letter: str
    difference: float | None = None
    p: float | None = None
    url: str = ""
    parts: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Block:
    """Lines that were asked about the same; `parts` are the titles of their lines' parts."""

    about: str
    lines: list[Line]
    parts: tuple[str, ...] = ()

    @property
    def tested(self) -> bool:
        """Whether a line of it was compared with a chosen model."""
        return any(line.difference is not None for line in self.lines)


@dataclass(frozen=True)
class Part:
    """A section of the page: one measure."""

    measure: Measure
    blocks: list[Block]
    notes: list[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """The whole page. `against` is the model that differences are to."""

    parts: list[Part]
    against: str | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def legend(self) -> list[str]:
        """How to read it."""
        few = f"*: of fewer than {FEW} videos, too few to tell." if self._few else ""
        said = [f"[ ]: 95 % interval over videos. n: events or questions. Where: see the letter. {few}".strip()]
        if self.against:
            said.append(
                f"diff: points above {self.against}, on what both were asked; p: changes of sign by video, after Holm's "
                "correction for the models of a section."
            )
        return said

    @property
    def _few(self) -> bool:
        return any(line.few for part in self.parts for block in part.blocks for line in block.lines)


def page(document: Mapping[str, Any], published: Rows = (), against: str | None = None, compared: Rows = ()) -> Page:
    """The page of a leaderboard document, of published rows beside it, and of the comparisons with `against`."""
    rows = [*rows_of(document), *published]
    by_measure: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_measure.setdefault(shown_as(row["metric"], row["protocol"]), []).append(row)
    tested = {(one["experiment"], one["measure"]): one for one in compared}
    parts = []
    for measure in MEASURES:
        found = by_measure.get(measure.name, [])
        below = [one for one in MEASURES if one.of == measure.name and one.name in by_measure]
        if not measure.of and (below or any(row["note"] != NOT_APPLICABLE for row in found)):
            inner = {one.title: {_key(row): row["value"] for row in by_measure[one.name]} for one in below}
            whole = [*found, *_without_whole(found, [row for one in below for row in by_measure[one.name]])]
            parts.append(_part(measure, whole, inner, tested, against))
    gains = [row for row in rows if row["metric"] == GAIN]
    remarks = [*map(_gain, gains), *_sight(document.get("sight", ()))]
    return Page(parts, plain_line(against) if against else None, [plain_line(line) for line in remarks])


def number(value: float, measure: Measure) -> str:
    """A value as it is printed."""
    return f"{value:.2f}" if measure.unit == "words a second" else f"{value:.1f}"


def cell(line: Line, measure: Measure) -> str:
    """Value and interval as people read them."""
    if line.value is None:
        return "none"
    shown = number(line.value, measure)
    if line.low is not None and line.high is not None:
        shown += f" [{number(line.low, measure)}, {number(line.high, measure)}]"
    return shown + ("*" if line.few else "")


def p_text(p: float) -> str:
    """A p as people read it."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells one model's rows of one run from others'; a source may name a model twice."""
    return row["experiment"], row.get("entry"), row["data"]


def _without_whole(found: Rows, below: Rows) -> list[dict[str, Any]]:
    """A row without a value for each model of which parts of the measure alone are known."""
    known = {_key(row) for row in found}
    missing = {_key(row): row for row in below if _key(row) not in known}
    empty = dict.fromkeys(("value", "low", "high", "n", "clusters", "chance"))
    return [{**row, **empty, "note": "; ".join(filter(None, (row["note"], _PARTS)))} for row in missing.values()]


def _part(
    measure: Measure,
    rows: Rows,
    inner: Mapping[str, Mapping[tuple[Any, ...], float]],
    tested: Mapping[tuple[str, str], Mapping[str, Any]],
    against: str | None,
) -> Part:
    letters = _letters()
    notes: dict[str, str] = {}
    blocks = []
    for data, about in BLOCKS.items():
        chosen = [row for row in rows if row["data"] == data]
        if not chosen:
            continue
        chances = {row["chance"] for row in chosen if row["chance"] is not None}
        level = f"; guessing {next(iter(chances)):.1f} %" if len(chances) == 1 else ""
        chosen.sort(key=lambda row: (row["value"] is None, -(row["value"] or 0.0), row["experiment"]))
        titles = tuple(title for title, by_key in inner.items() if any(_key(row) in by_key for row in chosen))
        lines = []
        for row in chosen:
            test = {} if row.get("source") else tested.get((row["experiment"], row["metric"]), {})
            note = _note(row, len(chances) > 1, test.get("reason"))
            letter = notes.setdefault(note, "") or next(letters)
            notes[note] = letter
            parts = tuple(inner[title].get(_key(row)) for title in titles)
            difference, p = test.get("difference"), test.get("p_holm")
            shown = Line(
                plain_line(row["experiment"]),
                "published" if row.get("source") else "sample" if data == "sample" else "here",
                row["value"],
                row["low"],
                row["high"],
                row["clusters"] is not None and row["clusters"] < FEW,
                row["n"],
                letter,
                difference,
                p,
                row.get("url", ""),
                parts,
            )
            lines.append(shown)
        blocks.append(Block(f"{about}{level}", lines, titles))
    return Part(measure, blocks, [(letter, plain_line(note)) for note, letter in notes.items()])


def _note(row: Mapping[str, Any], with_chance: bool, reason: str | None) -> str:
    """How the row was got, in a line."""
    said = [row["source"] if row.get("source") else "measured here"]
    said.append(row["protocol"] or "protocol not stated")
    if row["judge"] or row["opponent"]:
        said.append(f"judge {row['judge'] or 'not stated'}, against {row['opponent'] or 'not stated'}")
    if row["rules"]:
        said.append(f"rules {row['rules']}")
    if with_chance and row["chance"] is not None:
        said.append(f"guessing {row['chance']:.1f} %")
    if row.get("source") and row["low"] is None:
        said.append("no interval published")
    # What the columns tell already is left out of what was noted here; a published row's note is its author's.
    noted = [row["note"] or ""] if row.get("source") else (row["note"] or "").split("; ")
    own = [part for part in noted if part and (row.get("source") or not _TOLD.fullmatch(part))]
    if row["value"] is None:
        said.append(f"no value: {'; '.join(own) or 'not applicable'}")
    else:
        said += own
    return "; ".join(said + ([f"no difference: {reason}"] if reason else []))


def _letters() -> Iterator[str]:
    for size in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_lowercase, repeat=size))


def _gain(row: Mapping[str, Any]) -> str:
    low, high = row["low"], row["high"]
    return f"event_f1_gain: {row['experiment']} = {row['value']:.1f} [{low:.1f}, {high:.1f}] {row['note']}"


def _sight(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Whether models that see stand above those that do not, in a line a finding."""
    pairs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in entries:
        pairs.setdefault((entry["first"], entry["second"]), []).append(entry)
    for (first, second), found in pairs.items():
        tested = [one for one in found if "above" in one]
        told = [one for one in tested if not one["above"] and one["told_apart"]]
        kinds = (
            (f"{first} (sees) stands above {second} (blind), intervals apart", [one for one in tested if one["above"]]),
            (f"{first} stands above {second}, intervals overlap", [one for one in told if one["difference"] > 0]),
            (f"{first} stands below {second}, though it sees", [one for one in told if one["difference"] <= 0]),
            (
                f"{first} (sees) and {second} (blind) cannot be told apart",
                [one for one in tested if not one["above"] and not one["told_apart"]],
            ),
        )
        for sentence, some in kinds:
            if some:
                listed = ", ".join(
                    f"{one['measure']} {one['difference']:+.1f} (p = {p_text(one['p_holm'])})" for one in some
                )
                yield f"{sentence}: {listed}".replace("p = <", "p < ")
