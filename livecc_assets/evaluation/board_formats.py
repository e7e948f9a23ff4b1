"""The leaderboard's page as text for a terminal, as Markdown and as HTML. Every text from outside is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from livecc_assets.evaluation.board_page import Block, Line, Page, Part, cell, number, p_text
from livecc_assets.evaluation.board_page import page as page_of

if TYPE_CHECKING:
    from rich.console import RenderableType

TITLE = "Leaderboard"
#: Columns of text that a page has where nothing says how wide the screen is.
WIDTH = 80
#: What Markdown acts on within a line, beside what HTML acts on.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$])")


def heading(part: Part) -> str:
    """A section's title with its unit."""
    about = f" ({part.measure.about})" if part.measure.about else ""
    return f"{part.measure.title}, {part.measure.unit}{about}"


def columns(part: Part, block: Block) -> list[str]:
    """Titles of a block's columns."""
    tested = ["diff", "p"] if block.tested else []
    return ["model", "percent" if part.measure.unit == "%" else part.measure.unit, *block.parts, "n", *tested, "where"]


def cells(part: Part, block: Block, line: Line) -> list[str]:
    """What stands in a line under :func:`columns`."""
    parts = ["" if value is None else number(value, part.measure) for value in line.parts]
    tested = [
        "" if line.difference is None else f"{line.difference:+.1f}",
        "" if line.p is None else p_text(line.p),
    ]
    n = "" if line.n is None else f"{line.n:,}"
    return [line.model, cell(line, part.measure), *parts, n, *(tested if block.tested else []), where(line)]


def where(line: Line) -> str:
    """Whose row it is, and the letter of its note."""
    return f"{line.mark} {line.letter}"


def text(page: Page, width: int = WIDTH) -> str:
    """The page as plain text, `width` characters wide."""
    from rich.console import Console

    console = Console(width=width, no_color=True, force_terminal=False, highlight=False)
    with console.capture() as capture:
        for one in renderables(page, width):
            console.print(one, markup=False)
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))


def render(document: Mapping[str, Any]) -> None:
    """Print what a document measured on the terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    for one in renderables(page_of(document), console.width):
        console.print(one, markup=False)


def renderables(page: Page, width: int) -> list[RenderableType]:
    """The page in pieces for a terminal of `width` columns."""
    from rich.padding import Padding
    from rich.text import Text

    pieces: list[RenderableType] = []
    for part in page.parts:
        pieces.append(Text(heading(part), "bold"))
        for block in part.blocks:
            pieces += [Text(f" {block.about}", "italic"), *_tables(part, block, width)]
        pieces += [Padding(Text(f"{letter}: {note}", "dim"), (0, 0, 0, 2)) for letter, note in part.notes]
        pieces.append(Text(""))
    return [*pieces, *map(Text, page.remarks), *map(Text, page.legend)]


def _tables(part: Part, block: Block, width: int) -> list[Any]:
    """A block as one table; where that is too wide, its parts as a second one."""
    whole = [columns(part, block), *(cells(part, block, line) for line in block.lines)]
    if not block.parts or sum(max(map(len, column)) + 2 for column in zip(*whole, strict=True)) <= width:
        return [_table(whole)]
    first, last = 2, 2 + len(block.parts)
    apart = [[row[0], *row[first:last], row[-1]] for row in whole]
    return [_table([row[:first] + row[last:] for row in whole]), _table(apart)]


def _table(rows: Sequence[Sequence[str]]) -> Any:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="")
    head, *lines = rows
    for name in head:
        text = name in ("model", "where")
        shown.add_column(Text(name), justify="left" if text else "right", no_wrap=name != "model", overflow="fold")
    for line in lines:
        shown.add_row(*map(Text, line))
    return Padding(shown, (0, 0, 0, 1))


def markdown(page: Page, level: int = 1) -> str:
    """The page as GitHub's Markdown; `level` is that of its title."""
    lines = [f"{'#' * level} {TITLE}", ""]
    for part in page.parts:
        lines += [f"{'#' * (level + 1)} {_md(heading(part))}", ""]
        for block in part.blocks:
            head = columns(part, block)
            rule = [":---" if name in ("model", "where") else "---:" for name in head]
            rows = [head, *(cells(part, block, line) for line in block.lines)]
            table = [f"| {' | '.join(map(_md, row))} |" for row in rows]
            lines += [f"*{_md(block.about)}*", "", table[0], f"| {' | '.join(rule)} |", *table[1:], ""]
        lines += [*(f"- {letter}: {_md(note)}" for letter, note in part.notes), ""]
    lines += [f"- {_md(line)}" for line in (*page.remarks, *page.legend)]
    return "\n".join(lines) + "\n"


def _md(line: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(line, quote=False))


def html_page(page: Page) -> str:
    """The page as one HTML file that needs nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Everything is escaped; a name that the template does not get is a mistake.
    templates = Environment(
        loader=PackageLoader("livecc_assets.evaluation", "."), autoescape=True, undefined=StrictUndefined
    )
    given = {"title": TITLE, "page": page, "heading": heading, "columns": columns, "cells": cells}
    return templates.get_template("board.html").render(given)
