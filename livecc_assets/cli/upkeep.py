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
@click.option(
    "--replies-older-than",
    "reply_days",
    type=click.FloatRange(min=0),
    help="Also take replies of chat models that were paid for so many days ago.  [default: all are kept]",
)
@click.option(
    "--retired-older-than",
    "retired_days",
    default=30.0,
    show_default=True,
    help="Leave what was made of batches that were retired in these many days.",
)
@click.option(
    "--runs-older-than",
    "run_age",
    type=click.IntRange(min=1),
    help="Leave runs of Dagster that ended in these many days.  [default: 90, or LIVECC_RUN_DAYS]",
)
@click.option("--delete", is_flag=True, help="Delete; without it the garbage is only listed.")
@click.pass_obj
def gc(
    settings: Settings,
    hours: float,
    days: float,
    reply_days: float | None,
    retired_days: float,
    run_age: int | None,
    delete: bool,
) -> None:
    """List or delete what nothing needs: bytes that no manifest names, old messages, runs and retired batches.

    Such bytes are left by writers that were killed or lost a race, messages by workers. What something was made from
    that stands is kept, and so is a run that last made a partition of an asset, or last tried to.
    """
    from livecc_assets.orchestration.runs import has_instance, open_instance
    from livecc_assets.orchestration.steps import BATCH_ASSETS
    from livecc_assets.store.garbage import collect
    from livecc_assets.store.retirement import collect_retired

    store = settings.store()
    removed = list(
        collect(store, hours * 3600, delete, days * 86400, None if reply_days is None else reply_days * 86400)
    )
    removed += collect_retired(store, BATCH_ASSETS, retired_days * 86400, delete)
    for item in removed:
        say(f"{item.size:>12}  {item.key}")
    say(f"{len(removed)} objects, {sum(item.size for item in removed)} bytes {'deleted' if delete else 'are garbage'}")
    if has_instance(settings):
        from livecc_assets.orchestration.history import old_runs, run_days

        with open_instance(settings) as instance:
            runs = list(old_runs(instance, run_age or run_days(), delete))
        for run in runs:
            say(f"{run.ended:%Y-%m-%d}    run {run.run_id} ({run.job})")
        say(f"{len(runs)} old runs{' deleted' if delete else ''}")
