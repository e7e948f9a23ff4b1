"""``livecc clip``: the clip stage alone, on row files in the release's formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livecc_assets.cli.saying import say
from livecc_assets.cli.targets import check_target, is_stdout, target
from livecc_assets.core.errors import UserError

if TYPE_CHECKING:
    from livecc_assets.core.rules import Rule
    from livecc_assets.live_whisperx.clip_files import Recipe, Told

#: Lines that are no rows, shown at the end.
_SHOWN = 3


@click.command()
@click.argument("source", metavar="IN.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", metavar="OUT.jsonl", type=click.Path(path_type=Path))
@click.option(
    "--recipe", type=click.Choice(["pretrain", "sft"]), required=True, help="A1 of captions, or B3 of speech."
)
@click.option(
    "--rules", type=click.Choice(["released", "corrected"]), required=True, help="As published, or as it should."
)
@click.option("--min-clip-sec", type=float, help="Shortest clip [default: 30].")
@click.option("--max-clip-sec", type=float, help="Longest clip [default: 240].")
@click.option("--max-empty-sec", type=float, help="Longest silence inside of a clip [default: 3].")
@click.option("--min-wps", type=float, help="Slowest speech, in words a second [default: 1].")
@click.option("--max-wps", type=float, help="Fastest speech [default: 4].")
@click.option("--part", metavar="I/N", default="1/1", show_default=True, help="Of every N rows the I-th.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of the rows as one object.")
def clip(
    source: Path, out: Path, recipe: Recipe, rules: Rule, part: str, as_json: bool, **limits: float | None
) -> None:
    """Cut the words of IN.jsonl into clips, a line each in OUT.jsonl: rows as the release has them, in and out."""
    from livecc_assets.graph.settings.video import ClipLimits
    from livecc_assets.live_whisperx.clip_files import Told, clips_of_file

    given = {name: value for name, value in limits.items() if value is not None}
    chosen = ClipLimits.of(given | {"rule": rules}, "clip")
    check_target(out)
    if out.exists() and out.samefile(source):
        raise UserError(f"{out} is what is read; name another file to write")
    told, places = Told(), _part(part)
    with target(out) as file:
        for row in clips_of_file(source, recipe, chosen, told, places):
            file.write(json.dumps(row) + "\n")
        if not told.rows:
            first = f": {told.faults[0].detail}" if told.faults else ""
            raise UserError(f"{source}: holds no row of the recipe {recipe}{first}")
    _tell(told, source, out, as_json)


def _part(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UserError(f"--part {text}: write I/N, I from 1 to N")
    return int(number), int(count)


def _tell(told: Told, source: Path, out: Path, as_json: bool) -> None:
    to_file = not is_stdout(out)
    if as_json and to_file:
        faults: list[Any] = [one._asdict() for one in told.faults]
        document = {"rows": told.rows, "clips": told.clips, "runs": dict(sorted(told.fates.items())), "faults": faults}
        click.echo(json.dumps(document))
    else:
        fates = ", ".join(f"{count:,} {fate}" for fate, count in sorted(told.fates.items()))
        say(f"{source}: {told.rows:,} rows, {told.clips:,} clips ({fates or 'no words'})", err=True)
    if told.faults:
        shown = "; ".join(one.detail for one in told.faults[:_SHOWN])
        more = ", …" if len(told.faults) > _SHOWN else ""
        say(f"{source}: {len(told.faults):,} lines are no rows and left out ({shown}{more})", err=True)
