"""Commands that only read what stands: ``status rejected lineage``."""

import json

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.option("--all", "everything", is_flag=True, help="Also list what is current.")
@click.pass_obj
def status(settings: Settings, as_json: bool, everything: bool) -> None:
    """What is current, stale or missing, and why."""
    from livecc_assets.graph.status import partition_statuses
    from livecc_assets.orchestration.steps import STEPS

    found = partition_statuses(STEPS, settings, settings.store())
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found], indent=1))
        return
    for one in found:
        if everything or one.state != "current":
            say(f"{one.state:8} {one.asset}[{one.partition}]  {one.why}")
    current = sum(one.state == "current" for one in found)
    say(f"{current} of {len(found)} current")


@click.command()
@click.argument("asset")
@click.argument("partition", default="all")
@click.option("--kind", type=click.Choice(["filtered", "error"]), help="Only this kind.")
@click.pass_obj
def rejected(settings: Settings, asset: str, partition: str, kind: str | None) -> None:
    """List the rows that a stage filtered or could not use, with the reasons."""
    _check_asset(asset)
    found = settings.store().current(asset, partition)
    if found is None:
        raise UserError(f"{asset}[{partition}] was never materialised; see `livecc status`")
    for row in found.rejected():
        if kind in (None, row["kind"]):
            say(f"{row['kind']:8} {row['reason']:24} {row['id']}: {row['detail']}")


@click.command()
@click.argument("asset")
@click.argument("partition", default="all")
@click.pass_obj
def lineage(settings: Settings, asset: str, partition: str) -> None:
    """Print what an artifact was made from, back to the source batches."""
    from livecc_assets.store.lineage import tree

    _check_asset(asset)
    for line in tree(settings.store(), asset, partition):
        say(line)


def _check_asset(name: str) -> None:
    """UserError where the graph has no such asset."""
    from difflib import get_close_matches

    from livecc_assets.orchestration.steps import BY_ASSET

    if name not in BY_ASSET:
        near = get_close_matches(name, BY_ASSET, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(BY_ASSET)}"
        raise UserError(f"{name}: the graph has no such asset; {hint}")
