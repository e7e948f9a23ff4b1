"""Scores from result files as others publish them: ``livecc score``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from livecc_assets.cli.saying import say
from livecc_assets.cli.timing_told import tell_timing
from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule

#: Rejected rows that are shown one by one.
_SHOWN = 10
#: Seconds of lag within which a word counts in full, and from which on it counts nothing.
SECOND, WINDOW = 1.0, 5.0


def _there(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """The paths of a parameter, all of which lead to files."""
    for path in value if isinstance(value, tuple) else (value,):
        if not path.is_file():
            raise UserError(f"{path}: no such file")
    return value


_file = click.argument("file", type=click.Path(path_type=Path), callback=_there)
_rules = click.option(
    "--rules",
    type=click.Choice(["released", "corrected"]),
    default="corrected",
    show_default=True,
    help="As the published scripts count, or as they should.",
)
_against = click.option(
    "--against",
    type=click.Path(path_type=Path),
    multiple=True,
    callback=_there,
    help="Compare with this file on what both have (paired test); for more than one, Holm's p too.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def score() -> None:
    """Recompute scores from result files, published ones or your own, with intervals."""


@score.command()
@_file
@click.option("--model", help="Whose rate it is [default: the name that is not the opponent].")
@click.option("--opponent", help="Whom the model was judged against [default: GPT-4o].")
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    multiple=True,
    callback=_there,
    help="The model's texts, and given again the opponent's: by duration, and at equal length.",
)
@_rules
@_against
@_json
def judgements(
    file: Path,
    model: str | None,
    opponent: str | None,
    predictions: tuple[Path, ...],
    rules: Rule,
    against: tuple[Path, ...],
    as_json: bool,
) -> None:
    """The win rate of a judgement file: rows video_event_id, ab_winner, ba_winner."""
    from livecc_assets.evaluation import judgement_score as scores
    from livecc_assets.evaluation.judgement_files import read_judged

    judged = read_judged(file, model, opponent)
    if len(predictions) > 2:
        raise UserError(f"{len(predictions)} --predictions: give the model's and the opponent's")
    # Either order does where the files are named after whose they are, as the published ones.
    ordered = sorted(predictions, key=lambda path: judged.opponent in path.name and judged.model not in path.name)
    texts = [scores.read_predictions(path) for path in ordered]
    found = scores.document(judged, rules, *texts)
    others = [read_judged(path, None, judged.opponent) for path in against]
    found |= _compared([scores.comparison(judged, other, rules) for other in others], against)
    _print(found, as_json, _tell_judgements)


@score.command()
@_file
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    required=True,
    callback=_there,
    help="What the human says: captions of any format, or words with times as JSON.",
)
@_against
@click.option("--start", type=float, help="First second that is scored, said or silent [default: the commentary's].")
@click.option(
    "--end",
    type=float,
    help="Last second that is scored; until then, or to the human's last word, silence counts [default: the commentary's].",
)
@click.option(
    "--window",
    type=click.FloatRange(min=SECOND, min_open=True, max=60),
    default=WINDOW,
    show_default=True,
    help="Seconds from which on an equal word counts nothing; within a second it counts in full.",
)
@click.option(
    "--delay", type=click.FloatRange(0, 3600), default=0.0, help="Score the commentary so many seconds later."
)
@click.option("--by-minute", is_flag=True, help="Print every minute, too; --json always holds them.")
@_json
def timing(
    file: Path,
    truth: Path,
    against: tuple[Path, ...],
    start: float | None,
    end: float | None,
    window: float,
    delay: float,
    by_minute: bool,
    as_json: bool,
) -> None:
    """Whether a commentary says things when a human does: JSON lines or WebVTT of `livecc comment`, of any length."""
    from livecc_assets.evaluation.timing_files import read_speech
    from livecc_assets.evaluation.timing_match import Window
    from livecc_assets.evaluation.timing_report import document

    for name, value in (("start", start), ("end", end), ("window", window), ("delay", delay)):
        if value is not None and not math.isfinite(value):
            raise UserError(f"--{name} {value}: not a number of seconds")
    if start is not None and end is not None and end <= start:
        raise UserError(f"--end {end:g}: not after --start {start:g}")
    found = document(file, read_speech(truth), start, end, Window(window, SECOND), delay, against)
    _print({**found, "truth": truth.name}, as_json, lambda found: tell_timing(found, by_minute))


def _benchmark(name: str) -> click.Command:
    @click.command(name, help=f"The accuracies of a result file of {_TITLES[name]}, over all and by part.")
    @_file
    @_rules
    @_against
    @_json
    def command(file: Path, rules: Rule, against: tuple[Path, ...], as_json: bool) -> None:
        from livecc_assets.evaluation import answer_score as scores
        from livecc_assets.evaluation.answer_files import read_answers

        answers, rejected = read_answers(file, name, rules)
        found = scores.document(name, answers, rejected, rules)
        others = [read_answers(path, name, rules)[0] for path in against]
        found |= _compared([scores.comparison(name, answers, other, rules) for other in others], against)
        _print(found, as_json, _tell_answers)

    return command


_TITLES = {
    "videomme": "Video-MME",
    "mvbench": "MVBench",
    "ovobench": "OVO-Bench",
    "livesports-qa": "LiveSports-3K QA",
}
for _name in _TITLES:
    score.add_command(_benchmark(_name))


def _compared(found: list[dict[str, Any]], files: tuple[Path, ...]) -> dict[str, Any]:
    """`against`: the first comparison; `compared`: all of them, each with its p corrected for their number."""
    from livecc_assets.evaluation.pairs import holm

    if not found:
        return {}
    told = [one.get("overall", one) for one in found]
    corrected = holm({str(number): one["p"] for number, one in enumerate(told)})
    for number, (one, path) in enumerate(zip(found, files, strict=True)):
        one |= {"file": path.name}
        told[number]["p_holm"] = corrected[str(number)]
    return {"against": found[0], "compared": found}


def _print(found: dict[str, Any], as_json: bool, tell: Callable[[dict[str, Any]], None]) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    tell(found)
    rejected = found["rejected"]
    if rejected["rows"]:
        reasons = ", ".join(f"{name} {count}" for name, count in rejected["reasons"].items())
        say(f"{rejected['rows']} rows do not count: {reasons}")
        for row in rejected["shown"][:_SHOWN]:
            say(f"  {row['reason']}: {row['detail']} ({row['id']})")
        if rejected["rows"] > _SHOWN:
            say(f"  and {rejected['rows'] - _SHOWN} more; --json shows them all")


def _tell_judgements(found: dict[str, Any]) -> None:
    calls = f"{found['wins']} of {found['calls']} calls won on {found['events']} events of {found['videos']} videos"
    say(f"{found['model_id']} against {found['baseline_id']}: {calls}")
    if not found["events"]:
        say("no event has a verdict in both orders, so there is no rate")
        return
    if mark := found.get("canaries_failed"):
        say(f"{mark}: this judge can be moved by more than what was said; see docs/method.md 4.3")
    for name, one in found["rates"].items():
        say(_line(name, one, f"{one['n']} events"))
    for name, one in found.get("by_duration_s", {}).items():
        shown = {"value": one["win_rate"], "interval": one["win_rate_interval"], **one}
        say(_line(f"win_rate {name} s", shown, f"{one['events']} events"))
    if controlled := found.get("length_controlled"):
        say(_line("win_rate at equal length", controlled, f"{controlled['n']} events"))
        if controlled["extrapolated"]:
            far = f"the model says more on {controlled['longer_than_opponent']:.1f} % of the events"
            say(f"  extrapolated: {far}; median ratio of lengths {controlled['median_length_ratio']:.2f}")
    elif "by_duration_s" in found:
        say("no rate at equal length: give --predictions once more, with the opponent's texts")
    for other in found.get("compared", ()):
        say(_difference(f"minus {other['model_id']}", other, f"{other['events']} events"))


def _tell_answers(found: dict[str, Any]) -> None:
    if "mean_accuracy" in found:
        shown = {
            "value": found["mean_accuracy"],
            "interval": found["mean_accuracy_interval"],
            "videos": found["videos"],
        }
        say(_line("mean over tasks", shown, f"{found['overall']['answered']} questions"))
    for name, one in found.get("group", {}).items():
        say(_line(f"group {name}", one, f"{one['n']} questions"))
    parts = [
        name for name in ("duration", "domain", "sub_category", "task_type", "q_type", "ocr", "task") if name in found
    ]
    for label, one in [
        ("overall", found["overall"]),
        *((f"{part} {key}", one) for part in parts for key, one in found[part].items()),
    ]:
        shown = {"value": one["accuracy"], **one}
        say(_line(label, shown, f"{one['correct']}/{one['total']}"))
    for other in found.get("compared", ()):
        say(_difference(f"minus {other['file']}", other["overall"], f"{other['questions']} questions"))
        if "mean_accuracy" in other:
            say(_difference("  mean over tasks", other["mean_accuracy"], ""))
        for part in parts:
            for key, one in other[part].items():
                shown = f"p = {one['p']:.4f}, {one['p_holm']:.4f} after Holm"
                say(f"{f'  {part} {key}':34} {one['difference']:+7.2f}  {shown}")


def _line(name: str, one: dict[str, Any], behind: str) -> str:
    low, high = one["interval"]
    few = ", too few to tell" if one.get("too_few") else ""
    videos = f"{one['videos']} video" + "s" * (one["videos"] != 1)
    return f"{name:34} {one['value']:6.2f} [{low:.1f}, {high:.1f}]  {behind}, {videos}{few}"


def _difference(name: str, one: dict[str, Any], behind: str) -> str:
    low, high = one["interval"]
    return f"{name:34} {one['difference']:+6.2f} [{low:.1f}, {high:.1f}]  p = {one['p']:.4f}" + (
        f", {behind}" if behind else ""
    )
