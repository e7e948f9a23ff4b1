"""``livecc livesports``: what annotators need to review a benchmark of one's own (method 4.1)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.graph.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Quality and size of the clips: annotators look at them, nothing is measured on them.
_CRF, _PIXELS = 28, 640 * 360
SHEET, PAGE, CLIPS = "review.csv", "index.html", "clips"


@click.group()
def livesports() -> None:
    """A LiveSports of your own: review what was proposed."""


@livesports.command()
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="New or empty folder to write."
)
@click.option("--without-clips", is_flag=True, help="Write the sheet and the page without cutting clips.")
@click.pass_obj
def review(settings: Settings, out: Path, without_clips: bool) -> None:
    """Write a review sheet, and a page with the clips on which it can be filled in.

    Name the sheets that come back in the profile, under livesports.decisions, and make livesports_events again.
    """
    from livecc_assets.core.folders import writable
    from livecc_assets.evaluation.review_page import review_page
    from livecc_assets.evaluation.review_sheet import write_sheet

    store = settings.store()
    events = store.current("livesports_events", "all")
    if events is None:
        raise UserError(
            "no events were proposed yet; materialise livesports_events first (`livecc evaluate`, or `livecc ui`)"
        )
    if events.manifest.config.get("proposer") == "published":
        raise UserError("livesports.proposer is published: its events were reviewed by their authors")
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out}: not empty; name a new folder, so that no annotator's work is written over")
    asked = store.current("livesports_questions", "all")
    rows, questions = list(events.rows()), list(asked.rows()) if asked else []
    reviewed = bool(events.manifest.config.get("decisions"))
    writable(out)
    clips = {} if without_clips else _cut(settings, rows, writable(out / CLIPS))
    (out / SHEET).write_text(write_sheet(rows, questions, reviewed=reviewed), "utf-8")
    (out / PAGE).write_text(review_page(rows, questions, clips, reviewed=reviewed), "utf-8")
    say(f"{out}: {len(rows)} events and {len(questions)} questions to review, {len(clips)} clips; open {out / PAGE}")


def _cut(settings: Settings, rows: Sequence[Mapping[str, Any]], folder: Path) -> dict[str, str]:
    """Cut each event out of its video; addresses beside the page, by the event's key. A clip that cannot be cut is told."""
    from livecc_assets.commentary.burn import burn
    from livecc_assets.evaluation.review_sheet import event_key
    from livecc_assets.store.videos import Videos

    address_of = Videos(settings.store().blobs, settings.profile.livesports.videos).address
    found: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        name = f"{number:04d}.mp4"
        with tempfile.TemporaryDirectory(dir=folder) as part:
            try:
                burn(address_of(row), (), Path(part) / name, row["begin"], row["end"], crf=_CRF, most_pixels=_PIXELS)
            except MediaError as error:
                say(f"{event_key(row)}: no clip, {error}", err=True)
                continue
            (Path(part) / name).replace(folder / name)
        found[event_key(row)] = f"{CLIPS}/{name}"
        say(f"{number}/{len(rows)} clips cut", err=True)
    return found
