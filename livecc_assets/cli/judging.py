"""The command that judges two files of commentary: ``judge``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings

if TYPE_CHECKING:
    from livecc_assets.core.rules import Rule
    from livecc_assets.evaluation.judge import Judge
    from livecc_assets.evaluation.judge_files import Pair
    from livecc_assets.store.rows import Rejected

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--predictions", type=FILE, required=True, help="JSON lines with video_id, event_id, pred.")
@click.option("--opponent", type=FILE, required=True, help="The other commentary, in the same form.")
@click.option("--events", type=FILE, required=True, help="Events as published (LiveSports_3K_CC).")
@click.option(
    "--judge", "kind", type=click.Choice(["openai", "likelihood", "event-f1"]), help="Default: the profile's kind."
)
@click.option("--base-url", help="An endpoint that speaks OpenAI's protocol; default: the profile's, else OpenAI's.")
@click.option("--model", "models", multiple=True, help="The judge's model; given several times, a jury.")
@click.option("--api-key-env", help="Environment variable that holds the endpoint's key.")
@click.option("--workers", type=click.IntRange(1), help="Requests at the same time.")
@click.option("--rule", type=click.Choice(["corrected", "released"]), help="How to ask and read the judge.")
@click.option("--price", nargs=2, type=float, metavar="IN OUT", help="What a million tokens cost.")
@click.option("--max-calls", type=click.IntRange(1), help="Most requests of this run.")
@click.option("--max-tokens", type=click.IntRange(1), help="Most tokens of this run.")
@click.option("--max-cost", type=float, help="Most money of this run; needs a price.")
@click.option(
    "--retry-refused", is_flag=True, default=None, help="Ask again what the endpoint refused before (400, 413, 422)."
)
@click.option("--name", help="What the predictions are called in OUT; default: as their file.")
@click.option("--opponent-name", help="The same of the opponent.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, and ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores for programs.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File of verdicts.")
@click.pass_obj
def judge(
    settings: Settings,
    predictions: Path,
    opponent: Path,
    events: Path,
    name: str | None,
    opponent_name: str | None,
    dry_run: bool,
    as_json: bool,
    output: Path | None,
    **options: Any,
) -> None:
    """Judge two files of commentary against the human words, outside any experiment.

    Replies of a judge are kept in the artifact store: a second run asks nothing again, and an interrupted one goes on.
    """
    from livecc_assets.evaluation.canaries import check
    from livecc_assets.evaluation.judge_files import errors_beside, judged, read_pair, write_files
    from livecc_assets.evaluation.judging import account, make_judge, save, told, would_spend
    from livecc_assets.runtime.progress import Progress
    from livecc_assets.store.rows import Rejected

    if output is None and not dry_run:
        raise click.UsageError("Missing option '-o' / '--output': the file of verdicts.")
    pair = read_pair(predictions, opponent, events, name or "", opponent_name or "")
    store = settings.store()
    config = config_of(settings, **options)
    one = make_judge(config, settings.home, pair.events, store.blobs)
    expected = would_spend(one, pair.events, pair.said, pair.others)
    say(f"{one.name}: {len(pair.events):,} events, {told(expected) if expected else 'no paid calls'}", err=not dry_run)
    if dry_run or output is None:
        return
    store.claim()
    progress, rows, errors = Progress("judge"), list[dict[str, Any]](), list(pair.unusable)
    for done, row in enumerate(judged(one, pair), start=1):
        errors.append(row) if isinstance(row, Rejected) else rows.append(row)
        progress(done, len(pair.events), "events")
    progress.close()
    save(one)
    passed = check(one, pair.events) if expected else None
    write_files(output, rows, errors, pair, passed)
    spent = account(one) | ({"canaries": passed} if passed else {})
    _tell(one, pair, rows, errors, output, spent, as_json, config.get("rule", "corrected"))
    if errors:
        say(f"{len(errors):,} events without a verdict, with their reasons: {errors_beside(output)}", err=True)


def config_of(
    settings: Settings,
    kind: str | None,
    models: tuple[str, ...],
    price: tuple[float, float] | None,
    max_calls: int | None,
    max_tokens: int | None,
    max_cost: float | None,
    **given: Any,
) -> dict[str, Any]:
    """The profile's section `judge`, or the defaults of another kind, with what the command line says instead."""
    from livecc_assets.graph.settings.benchmark import EventF1Judge, LikelihoodJudge, OpenAIJudge

    kinds = {"openai": OpenAIJudge, "likelihood": LikelihoodJudge, "event-f1": EventF1Judge}
    base: dict[str, Any] = settings.profile.judge.as_config()
    if kind and kind != base["kind"]:
        base = {"kind": kind} | ({"model": "embedded:smollm2"} if kind == "likelihood" else {})
    if models:
        base["model"] = models[0]
    if base["kind"] == "openai":
        if "model" not in base:
            raise UserError("the judge's model is not named; add --model, as the endpoint knows it")
        base |= {key: value for key, value in given.items() if value is not None}
        base |= {"jury": [{"model": model} for model in models[1:]]} if models else {}
        limits = {"calls": max_calls, "tokens": max_tokens, "cost": max_cost}
        base["budget"] = (base.get("budget") or {}) | {key: most for key, most in limits.items() if most}
        base["price"] = dict(zip(("input", "output"), price, strict=True)) if price else base.get("price")
    elif len(models) > 1 or any(value is not None for value in given.values()):
        raise UserError(f"the judge {base['kind']} asks no endpoint; leave its options out, or say --judge openai")
    elif base["kind"] == "event-f1" and models:
        raise UserError("the judge event-f1 has no model; leave --model out, or say --judge openai")
    return kinds[base["kind"]].of(base, "judge").as_config()


def _tell(
    one: Judge,
    pair: Pair,
    rows: list[dict[str, Any]],
    errors: list[Rejected],
    output: Path,
    spent: dict[str, Any],
    as_json: bool,
    rule: Rule,
) -> None:
    """The scores of the verdicts, as a table or one JSON document."""
    from livecc_assets.evaluation.canaries import failures
    from livecc_assets.evaluation.cc_score import marked, win_rows
    from livecc_assets.evaluation.jury import jury_rows
    from livecc_assets.evaluation.tables import with_rule

    scores = with_rule(win_rows(rows, pair.events, rule) + jury_rows(rows), rule)
    if as_json:
        about = {"judge": one.name, "model": pair.model, "opponent": pair.opponent, "output": str(output)}
        counts = {"verdicts": len(rows), "errors": len(errors), **spent}
        click.echo(json.dumps(about | counts | {"scores": marked(scores, spent.get("canaries"))}, indent=1))
        return
    say(f"{output}: {len(rows):,} verdicts, {pair.model} against {pair.opponent}")
    if mark := failures(spent.get("canaries")):
        say(f"{mark}: this judge can be moved by more than what was said; see docs/method.md 4.3")
    for row in scores:
        digits = 2 if row["metric"] == "judge_kappa" else 1
        interval = "" if row["low"] is None else f" [{row['low']:.1f}, {row['high']:.1f}]"
        value = "" if row["value"] is None else f" {row['value']:.{digits}f}"
        note = f"  {row['note']}" if row["note"] else ""
        say(f"{row['metric'] + ' ' + row['subset']:31}{value}{interval}  n={row['n']}{note}")
