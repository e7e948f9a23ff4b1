"""``livecc config``: what is wrong with the settings, and what may stand in them. Needs no Dagster."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import get_args

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.settings.choices import Kind
from livecc_assets.graph.settings.launcher_file import launcher_file
from livecc_assets.graph.settings.yaml_file import YamlFile, read_file

KINDS = get_args(Kind)
#: Variables with a value of a certain form: the module and the function that read each, and refuse what they cannot use.
_VARIABLES = {
    "LIVECC_RETRIES": ("livecc_assets.orchestration.declare", "retries"),
    "LIVECC_MEDIA_CACHE_BYTES": ("livecc_assets.store.media_cache", "cache_bytes"),
    "LIVECC_EXECUTOR": ("resources.executor", "executor_in_force"),
    "LIVECC_INBOX_SETTLED": ("jobs.inbox.settling", "settled_seconds"),
    "LIVECC_WORKER_SOCKET": ("livecc_assets.runtime.forked", "elsewhere"),
    "LIVECC_RUN_DAYS": ("livecc_assets.orchestration.history", "run_days"),
    "LIVECC_LAUNCHER": ("livecc_assets.graph.settings.launcher_file", "launcher_file"),
}


@click.group("config")
def config() -> None:
    """Check the settings files, or print what may stand in them."""


@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), help="What FILE is; by default its folder and its keys say so.")
@click.pass_obj
def check(settings: Settings, file: Path | None, kind: Kind | None) -> None:
    """Check FILE, or all settings files in force; one line for each mistake."""
    found: list[tuple[Kind, Path]]
    outside: list[str] = []
    if file is None:
        outside = [*_environment(), *_misnamed(settings)]
        found = list(in_force(settings))
    else:
        from livecc_assets.graph.settings.checking import guess_kind

        if kind is None:
            kind = guess_kind(file)
            say(f"{file}: taken for {_article(kind)}", err=True)
        found = [(kind, file)]
    for line in outside:
        say(line)
    wrong = 0
    for one, path in found:
        lines = _lines(settings, path, one)
        wrong += bool(lines)
        for line in lines:
            say(line)
    say(f"{len(found) - wrong} of {len(found)} files are valid", err=True)
    sys.exit(1 if wrong or outside else 0)


@config.command()
@click.argument("kind", type=click.Choice(KINDS))
def schema(kind: Kind) -> None:
    """Print the JSON schema of KIND, by which editors complete and check."""
    click.echo(json.dumps(json_schema(kind), indent=1))


def json_schema(kind: Kind) -> dict:
    """The JSON schema of a kind of settings file."""
    from livecc_assets.graph.settings.models import MODELS

    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | MODELS[kind].model_json_schema()


def in_force(settings: Settings) -> Iterator[tuple[Kind, Path]]:
    """The profile in force, those of the state folder, all selections, experiments and results, and the launcher in force."""
    from livecc_assets.graph.settings.checking import files

    yield "profile", settings.profile_path
    for path in files("profile", settings.home):
        if path.resolve() != settings.profile_path.resolve():
            yield "profile", path
    kinds: tuple[Kind, ...] = ("selection", "experiment", "results")
    for kind in kinds:
        # A file of the state folder stands in place of one that ships under the same name.
        for path in {path.name: path for path in files(kind, settings.home)}.values():
            yield kind, path
    with suppress(UserError):  # a name that is none is told by _environment
        if path := launcher_file():
            yield "launcher", path


def _environment() -> Iterator[str]:
    """What is wrong with the variables that settings stand in."""
    for name, (module, look) in _VARIABLES.items():
        if os.environ.get(name):  # only then: what reads it brings Dagster along
            try:
                getattr(import_module(module), look)()
            except UserError as error:
                yield str(error)


def _misnamed(settings: Settings) -> Iterator[str]:
    from livecc_assets.graph.settings.checking import misnamed

    kinds: tuple[Kind, ...] = ("profile", "selection", "experiment", "results")
    for kind in kinds:
        yield from (text for _, text in misnamed(kind, settings.home))


def _lines(settings: Settings, path: Path, kind: Kind) -> list[str]:
    try:
        settings.checker.read(path, kind)
    except UserError as error:
        return getattr(error, "lines", None) or [str(error)]
    return list(_unknown_models(read_file(path)))


def _unknown_models(file: YamlFile) -> Iterator[str]:
    """Embedded models that no package has. Not the settings' own check: what is embedded is the models' business."""
    from livecc_assets.models import embedded

    for keys, text in file.texts():
        if str(keys[-1]).endswith("model") and text.startswith("embedded:"):
            try:
                embedded.entry(text.removeprefix("embedded:"))
            except UserError as error:
                yield f"{file.path}, line {file.line(keys)}: {'.'.join(map(str, keys))}: {error}"


def _article(kind: str) -> str:
    return kind if kind.endswith("s") else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
