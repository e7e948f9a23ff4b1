"""``livecc leaderboard``: what was measured here, beside what was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livecc_assets.cli.saying import say, say_piece
from livecc_assets.cli.targets import check_target, is_stdout, target
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings

if TYPE_CHECKING:
    from livecc_assets.evaluation.board_page import Page
    from livecc_assets.store.artifact import Artifact

#: How to make it.
_REMEDY = "run `livecc demo`, or evaluate an experiment and run the job update_leaderboard"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the machine-readable document; short for --format json.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--against", metavar="NAME", help="Compare every experiment with this one on what both have (paired test)."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Also show the published rows of this file; those under $LIVECC_HOME/results are shown anyway.",
)
@click.option("--measured", is_flag=True, help="Only what was measured here, without published rows.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write [default: standard output].")
@click.pass_obj
def leaderboard(
    settings: Settings,
    as_json: bool,
    form: str,
    against: str | None,
    results: tuple[Path, ...],
    measured: bool,
    out: Path | None,
) -> None:
    """Show what was measured here, beside what was published, with intervals and tests."""
    from livecc_assets.evaluation import board_formats, published
    from livecc_assets.evaluation.board_page import page

    check_target(out)
    found = settings.store().current("leaderboard", "all")
    if found is None:
        raise UserError(f"there is no leaderboard yet; {_REMEDY}")
    document = json.loads(found.path("leaderboard.json").read_text("utf-8"))
    rows = [] if measured else published.read_results(settings.home, results)
    compared = _compared(found, document, against, [row["experiment"] for row in rows])
    if as_json or form == "json":
        document |= {} if measured else {"published": published.as_entries(rows)}
        document |= {"against": {"name": against, "compared": compared}} if against else {}
        _write(json.dumps(document, indent=1) + "\n", out)
        return
    made = page(document, rows, against, compared)
    if form == "text" and is_stdout(out):
        _show(made)
        return
    makers = {"text": board_formats.text, "markdown": board_formats.markdown, "html": board_formats.html_page}
    _write(makers[form](made), out)


def _compared(
    found: Artifact, document: dict[str, Any], against: str | None, published: list[str]
) -> list[dict[str, Any]]:
    """Every experiment against the named one; UserError where there is none of that name, or nothing to compare by."""
    from livecc_assets.evaluation.compared import compare
    from livecc_assets.evaluation.gathering import read_singles

    if against is None:
        return []
    known = list(document["experiments"])
    if against not in known:
        why = "its single answers are not known here" if against in published else "no experiment here is called so"
        raise UserError(f"--against {against}: {why}; name one of: {', '.join(known) or 'none'}")
    singles = read_singles(found)
    if singles is None:
        raise UserError(
            "this leaderboard was made by an earlier version, without single scores; run the job update_leaderboard"
        )
    return list(compare(singles, against))


def _show(made: Page) -> None:
    from rich.console import Console

    from livecc_assets.evaluation.board_formats import text

    say_piece(text(made, Console().width))


def _write(text: str, out: Path | None) -> None:
    """To standard output what a terminal does nothing with, to a file as it is."""
    if is_stdout(out):
        say_piece(text)
        return
    with target(out) as file:
        file.write(text)
    say(f"wrote {out}", err=True)
