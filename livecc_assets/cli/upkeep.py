"""Commands that look after the machine and the store: ``doctor verify gc``."""

import json
import sys

import click

from livecc_assets.cli.saying import say
from livecc_assets.graph.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """What this machine has, and the remedy for what it lacks."""
    from livecc_assets.cli.doctor.reporting import report

    sys.exit(report(settings.home, settings.root, as_json))


@click.command()
@click.option(
    "--repair", is_flag=True, help="Take the manifests of damaged artifacts away; the next job makes them again."
)
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@click.pass_obj
def verify(settings: Settings, repair: bool, as_json: bool) -> None:
    """Read every stored artifact and compare it with its manifest: files, sizes and sha256."""
    from livecc_assets.store.verify import verify as verdicts

    found, damaged = 0, []
    for one in verdicts(settings.store(), repair):
        found += 1
        if one.wrong:
            damaged.append({"place": one.place, "wrong": one.wrong})
            if not as_json:
                say(f"damaged  {one.place}: {one.wrong}")
    if as_json:
        click.echo(json.dumps({"artifacts": found, "damaged": damaged, "repaired": repair}, indent=1))
    else:
        after = "; the next job makes them again" if repair else "; `livecc verify --repair` has them made again"
        say(f"{found} artifacts, {len(damaged)} damaged{after if damaged else ''}")
    sys.exit(1 if damaged and not repair else 0)


@click.command()
@click.option(
    "--older-than", "hours", default=24.0, show_default=True, help="Leave files younger than this many hours."
)
@click.option(
    "--messages-older-than",
    "days",
    default=30.0,
    show_default=True,
    help="Leave messages and logs of workers that said something in these many days.",
)
@click.option("--delete", is_flag=True, help="Delete; without it the garbage is only listed.")
@click.pass_obj
def gc(settings: Settings, hours: float, days: float, delete: bool) -> None:
    """List or delete stored bytes that no manifest names (killed or losing writers) and old messages of workers."""
    from livecc_assets.store.garbage import collect

    removed = list(collect(settings.store(), hours * 3600, delete, days * 86400))
    for item in removed:
        say(f"{item.size:>12}  {item.key}")
    say(f"{len(removed)} objects, {sum(item.size for item in removed)} bytes {'deleted' if delete else 'are garbage'}")
