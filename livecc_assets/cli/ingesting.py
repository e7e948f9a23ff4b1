"""The command that brings in videos: ``ingest``."""

from pathlib import Path

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.core.names import checked_name
from livecc_assets.graph.settings import Settings


@click.command()
@click.argument("folder")
@click.option("--batch", required=True, help="Name of the new source batch.")
@click.option("--captions", type=click.Choice(["required", "optional"]), default="optional", show_default=True)
@click.option("--category", help='Category of videos whose .info.json names none, for instance "Sports".')
@click.option(
    "--follow-links",
    is_flag=True,
    help="Follow links that lead out of FOLDER, now and whenever the batch is read again.",
)
@click.option(
    "--fetch", is_flag=True, help="FOLDER is a text file of http(s) addresses, one a line: download them first."
)
@click.pass_obj
def ingest(
    settings: Settings,
    folder: str,
    batch: str,
    captions: str,
    category: str | None,
    follow_links: bool,
    fetch: bool,
) -> None:
    """Register FOLDER (or s3://bucket/prefix) of videos as a source batch with a selection of its own."""
    from livecc_assets.orchestration.batches import register

    checked_name(batch)
    if fetch:
        from livecc_assets.source.fetch_list import fetch_list

        downloads = settings.home / "fetched" / batch
        for line in fetch_list(Path(folder), downloads):
            say(line, err=True)
        folder = str(downloads)
    elif folder.startswith(("http://", "https://")) or Path(folder).is_file():
        raise UserError(
            f"{folder}: no folder. Nothing is downloaded unless you ask for it: write the addresses into a text file, one a "
            "line, and name that with --fetch"
        )
    for line in register(settings, folder, batch, captions, category, follow_links):
        say(line)
