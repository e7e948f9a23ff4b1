"""Write docs/settings.md, the reference of all settings, from the models. Run it after a change of the models."""

import json
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from livecc_assets.graph.settings.choices import Kind
from livecc_assets.graph.settings.launcher import DockerLauncher, KubernetesLauncher, LocalLauncher
from livecc_assets.graph.settings.mistakes import section_members
from livecc_assets.graph.settings.models import MODELS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

_HEAD = """\
# Settings

Every key of the YAML files. `scripts/write_settings_reference.py` makes this page from the models, and a test keeps it current.
`livecc config check` finds mistakes; `livecc config schema KIND` prints a JSON schema for editors. *Required* keys have no
default. A section without one may be left out; what reads it then says that it is missing.
"""

_ABOUT: dict[Kind, str] = {
    "profile": "Models, thresholds and sizes on which scores depend: `LIVECC_PROFILE` names it.",
    "selection": "Which scored clips become a training set: `$LIVECC_HOME/selections/NAME.yaml`.",
    "experiment": "Which training sets, and how both stages are trained: `$LIVECC_HOME/experiments/NAME.yaml`.",
    "launcher": "Where workers run: `LIVECC_LAUNCHER` names it.",
    "results": "Published results for `livecc leaderboard`: `$LIVECC_HOME/results/NAME.yaml`, or `--results FILE`.",
}


def _type(annotation: Any) -> str:
    """An annotation in a few words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal and arguments == ("",):
        return "empty"
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments) if len(arguments) < 15 else "a name"
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(one) for one in arguments))
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is tuple:
        return "list of " + ("text" if arguments[-1] is Ellipsis else f"{len(arguments)} numbers")
    if origin is dict:
        return f"mapping of {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    names = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        type(None): "null",
        Any: "anything",
    }
    return names[annotation]


def _bounds(field: Any) -> str:
    """Bounds of a field, as they stand in its metadata."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    parts = []
    for one in field.metadata:
        for name, sign in signs.items():
            if getattr(one, name, None) is not None:
                parts.append(f"{sign} {getattr(one, name)}")
        for inner in getattr(one, "metadata", ()):
            parts += [
                f"{sign} {getattr(inner, name)}"
                for name, sign in signs.items()
                if getattr(inner, name, None) is not None
            ]
    return " (" + ", ".join(parts) + ")" if parts else ""


def _default(section: type[BaseModel], name: str) -> str:
    field = section.model_fields[name]
    if elsewhere := getattr(section, "ELSEWHERE", {}).get(name) or getattr(section, "OTHERWISE", None):
        return elsewhere
    if field.is_required():
        return "*required*"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel) or (value is None and field.default_factory is not None):
        return ""
    if value == "":
        return "empty"
    if value is None or isinstance(value, bool):
        return f"`{json.dumps(value)}`"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def _rows(section: type[BaseModel], above: str) -> list[str]:
    """Table rows of a section, its sections' rows below them."""
    rows = []
    for name, field in section.model_fields.items():
        key = f"{above}{field.alias or name}"
        about = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{key}` | {_type(field.annotation)}{_bounds(field)} | {_default(section, name)} | {about} |")
        inner = section_members(field.annotation)
        named = get_origin(field.annotation) is dict
        for member in inner:
            tag = next((get_args(one.annotation)[0] for one in member.model_fields.values() if _is_tag(one)), None)
            if len(inner) > 1:
                rows.append(f"| | | | *{key} `{tag}`: {' '.join((member.__doc__ or '').split())}* |")
            rows += _rows(member, f"{key}.NAME." if named else f"{key}.")
    return rows


def _is_tag(field: Any) -> bool:
    return field.is_required() and get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def _table(section: type[BaseModel]) -> str:
    return "\n".join(["| key | value | default | meaning |", "| --- | --- | --- | --- |", *_rows(section, "")])


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for kind, model in MODELS.items():
        parts.append(f"## {kind.capitalize()}\n\n{_ABOUT[kind]}\n")
        if kind == "launcher":
            for launcher in (LocalLauncher, DockerLauncher, KubernetesLauncher):
                parts.append(f"### {launcher.__doc__}\n\n{_table(launcher)}\n")
        else:
            parts.append(f"{_table(model)}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
