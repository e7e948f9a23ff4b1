"""The command that scores a model: ``evaluate``, an experiment's or one from a folder."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.core.names import fault
from livecc_assets.graph.settings import Settings, load_settings

if TYPE_CHECKING:
    from livecc_assets.core.rules import Rule
    from livecc_assets.evaluation.preflight import Plan
    from livecc_assets.graph.settings.choices import Mode
    from livecc_assets.graph.settings.models import Profile
    from livecc_assets.orchestration.runs import Outcome


@click.command()
@click.argument("experiment", required=False)
@click.option(
    "--checkpoint", metavar="REF", help="A model as it is: a folder, s3://…, hub:owner/name@revision, embedded:name."
)
@click.option("--instruct/--base", default=None, help="Whether the model was instruct-tuned, where nothing says so.")
@click.option("--name", help="What the model is called on the leaderboard; default: as its folder.")
@click.option("--events", metavar="FILE", help="Events as published (LiveSports_3K_CC).")
@click.option("--videos", metavar="FOLDER", help="Where the events' videos lie, a folder or s3://….")
@click.option(
    "--benchmark",
    "benchmarks",
    metavar="NAME=FILE",
    multiple=True,
    help="Questions of videomme, mvbench, ovobench or livesports-qa; NAME.KEY=VALUE for the profile's other keys, "
    "as videomme.videos=FOLDER.",
)
@click.option("--opponent", metavar="FILE", help="Commentary to win against: a file of predictions, or title-caption.")
@click.option("--judge", "kind", type=click.Choice(["openai", "likelihood", "event-f1"]), help="Who judges.")
@click.option("--judge-model", "models", multiple=True, help="The judge's model; given several times, a jury.")
@click.option("--base-url", help="An endpoint of your own that speaks OpenAI's protocol.")
@click.option("--api-key-env", help="Environment variable that holds the endpoint's key.")
@click.option("--rules", type=click.Choice(["released", "corrected"]), help="As the published code, or as it should.")
@click.option(
    "--mode",
    type=click.Choice(["evaluation", "captioning"]),
    help="Live, or offline: one text for an event's whole clip, as the paper's opponents write it.",
)
@click.option("--device", help="Where the model runs; default: the profile's.")
@click.option("--partial", is_flag=True, help="Score what is there when videos are missing.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and what is missing, and do nothing.")
@click.option("--force", is_flag=True, help="Compute again what already stands.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
@click.pass_context
def evaluate(
    context: click.Context,
    experiment: str | None,
    checkpoint: str | None,
    instruct: bool | None,
    name: str | None,
    rules: Rule | None,
    mode: Mode | None,
    device: str | None,
    partial: bool,
    dry_run: bool,
    force: bool,
    as_json: bool,
    **data: Any,
) -> None:
    """Comment, judge and score with one experiment's model, or with a model as it is.

    With --checkpoint, from a model folder to rows of the leaderboard: nothing is trained, and no experiment file is needed. Data
    that are named once hold for the state folder until others are named.
    """
    settings: Settings = context.obj
    if checkpoint is None:
        one_of_both = {
            "--instruct/--base": instruct,
            "--name": name,
            "--rules": rules,
            "--mode": mode,
            "--device": device,
        }
        if alone := [option for option, value in one_of_both.items() if value is not None]:
            raise click.UsageError(f"{', '.join(alone)} goes with --checkpoint; an experiment's file says it.")
        if partial or dry_run or any(data.values()):
            raise click.UsageError(
                "Data and --dry-run go with --checkpoint; an experiment is evaluated on the profile's."
            )
        if experiment is None:
            raise click.UsageError("Missing argument 'EXPERIMENT', or a model: --checkpoint REF.")
        from livecc_assets.cli.running import run_partition

        run_partition(settings, "evaluate", "EXPERIMENT", experiment, force, as_json)
    if experiment is not None:
        raise click.UsageError(f"{experiment!r} is one model and --checkpoint another; name one of them.")
    asked = prepare(settings, str(checkpoint), name, instruct, rules, device, data, partial, mode)
    for line in asked.lines:
        say(line, err=not dry_run)
    if dry_run:
        for kind, (path, _, _) in asked.files.items():
            say(f"would write the {kind} {path}")
        return
    _register(settings, asked)
    done = _run(load_settings(settings.home), asked, force, as_json)
    if as_json:
        document = {"experiment": asked.name, "jobs": [asdict(one) for one in done]}
        click.echo(json.dumps(document | {"scores": _scores(settings, asked)}, indent=1))
    elif done[-1].job == "update_leaderboard" and done[-1].ok:
        from livecc_assets.cli.board import leaderboard

        context.invoke(leaderboard, measured=True)
    sys.exit(0 if all(one.ok for one in done) else 1)


class Asked(NamedTuple):
    """What was asked for: the experiment's name, what is to be made, the files to write first, and that in words."""

    name: str
    plan: Plan
    files: dict[str, tuple[Path, dict[str, Any], str]]
    lines: list[str]


def prepare(
    settings: Settings,
    checkpoint: str,
    name: str | None,
    instruct: bool | None,
    rules: Rule | None,
    device: str | None,
    data: dict[str, Any],
    partial: bool = False,
    mode: Mode | None = None,
) -> Asked:
    """Everything that can be said before anything is written or computed. Raises UserError with what is missing."""
    from livecc_assets.evaluation.preflight import plan
    from livecc_assets.graph.settings.written import model_experiment

    model = _model(settings, checkpoint)
    called = name or _called(model, rules, mode)
    if name is None and (wrong := fault(called)):
        raise UserError(
            f"--checkpoint {checkpoint}: {called!a} cannot be its name on the leaderboard: it {wrong}; add --name"
        )
    run = {"device": device, "mode": mode}
    told = {"rules": rules, "commentary": {key: value for key, value in run.items() if value} or None}
    path, values, new = model_experiment(settings, called, model, told | {"instruct": instruct})
    if new or "instruct" not in values:
        values["instruct"] = _instruct(model, instruct)
    files = {"experiment": (path, values, f"`livecc evaluate {called}` goes on with it.")} if new else {}
    profile, changed = _profile(settings, data)
    files |= {"profile": changed} if changed else {}
    made = plan(profile, settings.store(), partial)
    how = "instruct-tuned" if values["instruct"] else "a base model"
    pixels = f"{settings.profile.video.frame_pixels:,} pixels"
    lines = [f"{called}: {model}, {how}{', released rules' if values.get('rules') == 'released' else ''}"]
    lines += [f"profile {settings.profile_name}: frames of at most {pixels}", *made.notes]
    lines += [f"left out: {score}; {remedy}" for score, remedy in made.left_out.items()]
    if "profile" in files and settings.store().partitions("livesports_cc_score"):
        lines.append("the data are other ones now: what was scored before is stale, as `livecc status` shows")
    return Asked(called, made, files, lines)


def _model(settings: Settings, checkpoint: str) -> str:
    """The reference, absolute where it is a folder; one that can be looked at is, now."""
    from livecc_assets.models import embedded
    from livecc_assets.models.folder_check import check_commentator, checked
    from livecc_assets.models.reference import hub_name

    if checkpoint.startswith("embedded:"):
        embedded.entry(checkpoint.removeprefix("embedded:"))
    elif checkpoint.startswith("hub:"):
        hub_name(checkpoint)
    elif not checkpoint.startswith("s3://"):
        folder = Path(checkpoint.removeprefix("file://")).expanduser()
        if not folder.is_dir() and checkpoint in settings.experiments:
            raise UserError(f"--checkpoint {checkpoint}: an experiment, no model; run `livecc evaluate {checkpoint}`")
        if not folder.is_dir():
            raise UserError(
                f"--checkpoint {checkpoint}: no such folder; name one, hub:owner/name, s3://… or embedded:name"
            )
        if not (folder / "config.json").is_file():
            raise UserError(f"--checkpoint {checkpoint}: holds no config.json; name the folder of a model")
        folder = checked(folder.resolve())
        check_commentator(folder)
        checkpoint = str(folder)
    return checkpoint.rstrip("/")


def _called(model: str, rules: Rule | None, mode: Mode | None) -> str:
    """A model's name on the leaderboard; captioning and the published code's rules make rows of their own."""
    parts = ("-captioning" if mode == "captioning" else "", "-released" if rules == "released" else "")
    last = model.partition(":")[2] if model.startswith(("hub:", "embedded:")) else model
    return last.partition("@")[0].rpartition("/")[2] + "".join(parts)


def _instruct(model: str, told: bool | None) -> bool:
    from livecc_assets.models.tuning import instruct_of

    known = instruct_of(model)
    if told is None and known is None:
        raise UserError(
            f"{model}: nothing says whether it was instruct-tuned; add --instruct (it is asked with a query) or --base (it is "
            "given title and previous speech)"
        )
    if told is not None and known is not None and told != known:
        say(f"{model}: its record says {'--instruct' if known else '--base'}; it is run as you say", err=True)
    return bool(known if told is None else told)


def _profile(settings: Settings, data: dict[str, Any]) -> tuple[Profile, tuple[Path, dict[str, Any], str] | None]:
    """The profile with the data that the command line names, and the file that has to be written for it."""
    from livecc_assets.cli.judging import config_of
    from livecc_assets.evaluation import naming
    from livecc_assets.graph.settings.written import profile_with

    sections: dict[str, Any] = {}
    benchmarks, questions = naming.benchmark_sections(settings.profile.benchmarks, data["benchmarks"])
    events, videos = data["events"] or "", data["videos"] or ""
    if found := naming.livesports_section(settings.profile.livesports, events, videos, questions):
        sections["livesports"] = found
        benchmarks = naming.without_sample(benchmarks)
    if found or data["benchmarks"]:
        sections["benchmarks"] = benchmarks
    if data["opponent"]:
        sections["opponent"] = naming.opponent_section(data["opponent"])
    if data["kind"] == "openai" and not data["models"] and settings.profile.judge.kind != "openai":
        raise UserError("--judge openai: name its model with --judge-model, as the endpoint knows it")
    asked = {key: data[key] for key in ("kind", "models", "base_url", "api_key_env")}
    if any(asked.values()):
        unsaid = dict.fromkeys(("price", "max_calls", "max_tokens", "max_cost"))
        sections["judge"] = config_of(settings, **asked, **unsaid)
    if not sections or (made := profile_with(settings, sections)) is None:
        return settings.profile, None
    path, values, profile = made
    return profile, (
        path,
        values,
        f"{settings.profile_path.name} with other data; remove it to have the one that ships.",
    )


def _register(settings: Settings, asked: Asked) -> None:
    from livecc_assets.graph.settings.written import write

    settings.store().claim()
    for path, values, about in asked.files.values():
        write(path, values, about)
    if "profile" in asked.files:  # what runs inside Dagster reads the environment
        os.environ["LIVECC_PROFILE"] = str(asked.files["profile"][0])


def _run(settings: Settings, asked: Asked, force: bool, as_json: bool) -> list[Outcome]:
    """The jobs in order; the leaderboard is refreshed with what came, even where a score failed."""
    from livecc_assets.definitions import defs  # now: the partitions are those of the files that were just written
    from livecc_assets.orchestration.runs import open_instance, run_job

    tags = {"livecc/force": "true"} if force else None
    done: list[Outcome] = []
    with open_instance(settings) as instance:

        def ran(job: str, partition: str | None, only: list[str] | None) -> bool:
            done.append(run_job(defs, instance, job, partition, tags if job == "evaluate" else None, only))
            shown = replace(done[-1], job="model") if job == "train" else done[-1]  # which is taken as it is
            say(shown.line(), err=as_json)
            return done[-1].ok

        if asked.plan.benchmark and not ran("livesports", None, asked.plan.benchmark):
            return done
        if ran("train", asked.name, None):
            ran("evaluate", asked.name, asked.plan.scores)
            ran("update_leaderboard", None, None)
    return done


def _scores(settings: Settings, asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """The rows of each score that stands."""
    store = settings.store()
    found = {asset: store.current(asset, asked.name) for asset in asked.plan.scores if asset.endswith("_score")}
    return {asset: list(one.rows()) for asset, one in found.items() if one is not None}
