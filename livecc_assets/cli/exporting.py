"""The command that writes a training set in the published format: ``export``."""

from pathlib import Path

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings


@click.command()
@click.argument("asset", type=click.Choice(["live_cc", "live_whisperx"]))
@click.argument("selection")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--released", is_flag=True, help="Escape and count characters as the published files do.")
@click.pass_obj
def export(settings: Settings, asset: str, selection: str, output: Path, released: bool) -> None:
    """Write a training set as the published JSON Lines format with its seek index."""
    from livecc_assets.live_cc.records import write_records
    from livecc_assets.store.videos import Videos

    found = settings.store().current(asset, selection)
    if found is None:
        raise UserError(f"{asset}[{selection}] was never materialised; run `livecc select {selection}`")
    address_of = Videos(found.blobs).address
    count = write_records(found.rows(), output, "released" if released else "corrected", address_of)
    say(f"{output}: {count} records")
