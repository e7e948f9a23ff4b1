"""Pydantic's errors as lines for people: file, line, key path, what was meant, what is allowed."""

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError

from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact
from livecc_assets.graph.settings.patterns import WRITTEN
from livecc_assets.graph.settings.yaml_file import YamlFile

Keys = tuple[str | int, ...]

#: What a value must be, by pydantic's name of the error.
_MUST = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping of `name: value` lines",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list, such as [one, two]",
    "model_attributes_type": "a mapping of `name: value` lines",
    "model_type": "a mapping of `name: value` lines",
    "string_type": "text",
    "tuple_type": "a list, such as [one, two]",
}


@dataclass(frozen=True)
class Mistake:
    """One mistake: where, and what is wrong with what remedy. ``line`` is 0 where there is no file."""

    keys: Keys
    what: str
    line: int = 0


@dataclass(frozen=True)
class Mistakes:
    """All mistakes of one file, in the order of its lines; of values without a file when ``path`` is empty."""

    path: str
    found: Sequence[Mistake] = field(default_factory=tuple)

    def lines(self) -> list[str]:
        """One line for each mistake, without secrets."""
        return [redact(self._line(one)) for one in sorted(self.found, key=lambda one: one.line)]

    def summary(self) -> str:
        """The first line, and how many more there are."""
        first, *more = self.lines()
        return f"{first} (and {len(more)} more; see `livecc config check`)" if more else first

    def _line(self, one: Mistake) -> str:
        where = f"{self.path}, line {one.line}: " if self.path else ""
        keys = ".".join(map(str, one.keys))
        return f"{where}{keys}: {one.what}" if keys else f"{where}{one.what}"


class InvalidSettingsError(UserError):
    """A file that holds mistakes."""

    def __init__(self, mistakes: Mistakes) -> None:
        super().__init__(mistakes.summary())
        self.lines = mistakes.lines()


def meant(word: object, known: Sequence[str]) -> str:
    """``; did you mean `loss`?`` where one of the known names is near, else nothing."""
    near = get_close_matches(str(word), known, 1, 0.55)
    return f"; did you mean `{near[0]}`?" if near else ""


def mistakes(
    error: ValidationError, model: Any, values: Any, where: str = "", file: YamlFile | None = None
) -> Mistakes:
    """What is wrong with ``values``, which ``model`` refused. ``where`` is put before the keys, in values without a file."""
    found = [_mistake(one, model, values) for one in error.errors(include_url=False)]
    suggested = {(one.keys[:-1], near[1]) for one in found if (near := re.search(r"did you mean `(.+?)`", one.what))}
    # A misspelt key that has to be there is one mistake, not two.
    found = [
        one for one in found if not (one.what.startswith("is missing") and (one.keys[:-1], one.keys[-1]) in suggested)
    ]
    if file is None:
        return Mistakes("", [Mistake((*((where,) if where else ()), *one.keys), one.what) for one in found])
    return Mistakes(str(file.path), [Mistake(one.keys, one.what, file.line(one.keys)) for one in found])


def _mistake(error: Any, model: Any, values: Any) -> Mistake:
    kind, value, keys = error["type"], error["input"], _keys(error["loc"], error["type"], values)
    context = error.get("ctx", {})
    if error["loc"] and error["loc"][-1] == "[key]":
        choices = _choices(context.get("expected", ""))
        return Mistake(keys, f"unknown name{meant(keys[-1], choices) or '.'} Allowed: {', '.join(choices)}")
    if kind == "extra_forbidden":
        return Mistake(keys, _unknown(keys[-1], names_at(model, values, keys[:-1])))
    if kind == "missing":
        if keys and isinstance(keys[-1], int):
            return Mistake(keys[:-1], "must hold two values, such as [low, high]")
        return Mistake(keys, f"is missing: {_description(model, values, keys)}")
    if kind == "union_tag_not_found":
        return _without_tag(keys, context["discriminator"].strip("'"), model, values)
    if kind in ("literal_error", "union_tag_invalid"):
        if kind == "union_tag_invalid":
            keys, value = (*keys, context["discriminator"].strip("'")), context["tag"]
        choices = _choices(context.get("expected") or context["expected_tags"])
        null = " (or null)" if kind == "literal_error" and _takes_null(model, values, keys) else ""
        hint = meant(value, choices) if isinstance(value, str) else ""
        return Mistake(
            keys, f"{_shown(value)} is not one of the choices{hint or '.'} Allowed: {', '.join(choices)}{null}"
        )
    if kind == "value_error":
        return Mistake(keys, error["msg"].removeprefix("Value error, "))
    if kind in _MUST:
        return Mistake(keys, f"{_shown(value)} must be {_MUST[kind]}")
    if kind in ("too_long", "too_short"):
        most = context.get("max_length")
        allowed = f"at most {most} may stand here" if kind == "too_long" else f"at least {context['min_length']} must"
        return Mistake(keys, f"{_shown(value)} has {context['actual_length']} values; {allowed}")
    if kind == "string_pattern_mismatch":
        return Mistake(keys, f"{_shown(value)} must be written {WRITTEN[context['pattern']]}")
    return Mistake(keys, f"{_shown(value)} {error['msg'].replace('Input should', 'must', 1)}")


def _keys(location: Sequence[str | int], kind: str, values: Any) -> Keys:
    """The path in the file: pydantic's, without the names of the union's members that it holds beside the keys."""
    keys: list[str | int] = []
    for number, step in enumerate(location):
        last = number == len(location) - 1
        is_item = isinstance(values, list | tuple) and isinstance(step, int) and step < len(values)
        if is_item or (isinstance(values, Mapping) and step in values):
            values = _value(values, (step,))
        elif not (last and kind == "missing"):
            continue
        keys.append(step)
    return tuple(keys)


def _unknown(key: object, names: Sequence[str]) -> str:
    return f"unknown key{meant(key, names) or '.'} Allowed: {', '.join(names) or 'nothing'}"


def _without_tag(keys: Keys, tag: str, model: Any, values: Any) -> Mistake:
    """The key that says which of several forms a section has is missing, or misspelt."""
    names = names_at(model, values, keys)
    section = _value(values, keys)
    near = get_close_matches(tag, [str(key) for key in section if key not in names], 1, 0.55)
    if near:
        return Mistake((*keys, near[0]), _unknown(near[0], [tag, *(name for name in names if name != tag)]))
    found = dict.fromkeys(choice for one in sections_at(model, values, keys) for choice in _literals(one, tag))
    return Mistake((*keys, tag), f"is missing. Allowed: {', '.join(found)}")


def _choices(expected: str) -> list[str]:
    """The choices in pydantic's sentence of them."""
    return [a or b for a, b in re.findall(r"'([^']*)'|(\d+)", expected)]


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _value(values: Any, keys: Sequence[Any]) -> Any:
    for key in keys:
        values = values[key]
    return values


def _members(annotation: Any) -> list[Any]:
    """The types that an annotation admits, without None."""
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _members(annotation.model_fields["root"].annotation)
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [] if annotation is type(None) else [annotation]


def section_members(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation admits, as value, as item or as a mapping's value."""
    found: list[type[BaseModel]] = []
    for one in _members(annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            found.append(one)
        elif get_origin(one) in (dict, list):
            found += section_members(get_args(one)[-1])
    return found


def _literals(section: type[BaseModel], name: str) -> tuple[str, ...]:
    annotation = section.model_fields[name].annotation if name in section.model_fields else None
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _fits(section: type[BaseModel], values: Any) -> bool:
    """Whether the values name this one of several sections."""
    required = [name for name, one in section.model_fields.items() if one.is_required() and _literals(section, name)]
    return isinstance(values, Mapping) and all(values.get(name) in _literals(section, name) for name in required)


def _field(section: type[BaseModel], key: str | int) -> Any:
    found = section.model_fields.get(str(key))
    return found or next((one for one in section.model_fields.values() if one.alias == key), None)


def sections_at(model: Any, values: Any, keys: Keys) -> list[type[BaseModel]]:
    """The models that may describe the mapping at ``keys``; one of them where the values say which."""
    annotations = [model]
    for key in (*keys, None):
        members = [member for one in annotations for member in _members(one)]
        sections = [one for one in members if isinstance(one, type) and issubclass(one, BaseModel)]
        sections = [one for one in sections if _fits(one, values)] or sections
        if key is None:
            return sections
        annotations = [one.annotation for section in sections if (one := _field(section, key))]
        annotations += [get_args(one)[-1] for one in members if get_origin(one) is dict]
        annotations += [get_args(one)[0] for one in members if get_origin(one) is list]
        values = values.get(key) if isinstance(values, Mapping) else None
    return []


def names_at(model: Any, values: Any, keys: Keys) -> list[str]:
    """The keys that may stand in the mapping at ``keys``."""
    sections = sections_at(model, values, keys)
    return list(dict.fromkeys(one.alias or name for part in sections for name, one in part.model_fields.items()))


def _description(model: Any, values: Any, keys: Keys) -> str:
    for section in sections_at(model, values, keys[:-1]):
        if found := _field(section, keys[-1]):
            return str(found.description)
    return "give it a value"


def _takes_null(model: Any, values: Any, keys: Keys) -> bool:
    fields = [_field(section, keys[-1]) for section in sections_at(model, values, keys[:-1])]
    return any(one and type(None) in get_args(one.annotation) for one in fields)
