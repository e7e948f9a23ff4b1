"""YAML files of settings: their values, and the line of each key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from livecc_assets.core.errors import UserError

#: The YAML files that ship.
SHIPPED = Path(__file__).resolve().parents[2] / "config"

#: libyaml's reader where PyYAML has it: ten times faster, with the same marks.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class YamlFile:
    """What a file holds: ``values``, and the nodes from which lines are told."""

    path: Path
    values: dict[str, Any]
    root: yaml.MappingNode

    def texts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(key path, value) of every value that is text."""
        yield from _texts(self.values, ())

    def line(self, keys: Sequence[str | int]) -> int:
        """The line (from 1) of the key or item at the end of this path, or of the nearest one above it that is there."""
        node, line = self.root, self.root.start_mark.line + 1
        for key in keys:
            found = _child(node, key)
            if found is None:
                break
            at, node = found
            line = at.start_mark.line + 1
        return line


def _texts(value: Any, above: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield above, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*above, key))


def _child(node: yaml.Node, key: str | int) -> tuple[yaml.Node, Any] | None:
    """(node of the key or item, node of the value) under a mapping or sequence."""
    if isinstance(node, yaml.MappingNode):
        # The last one counts, as it does for the values; keys that a merge brings in stand before.
        return next(((name, value) for name, value in reversed(node.value) if name.value == str(key)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and 0 <= key < len(node.value):
        return node.value[key], node.value[key]
    return None


def _duplicates(node: yaml.Node, above: tuple[str, ...] = ()) -> Iterator[tuple[int, str, int]]:
    """(line, key path, line of the first) of every key that its mapping holds already."""
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            path = (*above, name)
            if name in first and name != "<<":
                yield line, ".".join(path), first[name]
            first.setdefault(name, line)
            yield from _duplicates(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _duplicates(value, (*above, str(number)))


#: What YAML takes a word for that is no text.
_READ_AS = {"bool": "true or false", "int": "a number", "float": "a number", "null": "nothing", "timestamp": "a date"}


def _no_names(node: yaml.Node) -> Iterator[tuple[int, str, str]]:
    """(line, key as written, what it is read as) of every key that is no text."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            kind = str(key.tag).rpartition(":")[2]
            if not isinstance(key, yaml.ScalarNode):
                yield key.start_mark.line + 1, "the key", "a list or a mapping"
            elif kind in _READ_AS:
                yield key.start_mark.line + 1, repr(key.value), _READ_AS[kind]
            yield from _no_names(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _no_names(value)


def read_file(path: Path) -> YamlFile:
    """A YAML file that holds a mapping without duplicate keys; UserError names the file and the line otherwise."""
    try:
        # Whole and decoded here: the C reader would tell a byte that is no UTF-8 without its line.
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; give a path or one of the names that ship with the package") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text ({error.reason}); save the file as UTF-8") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; name a YAML file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); mend its permissions") from None
    try:
        loader = _LOADER(text)
    except yaml.YAMLError as error:  # a character that no YAML may hold
        raise _not_yaml(path, error, text) from None
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise UserError(f"{path}, line 1: expected `name: value` lines; mend the file")
        for line, key, read in _no_names(root):
            raise UserError(f"{path}, line {line}: {key} is read as {read}, and a key must be text; write it in quotes")
        for line, key, first in _duplicates(root):
            raise UserError(f"{path}, line {line}: {key}: is there already on line {first}; remove one of them")
        return YamlFile(path, loader.construct_document(root), root)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        raise _not_yaml(path, error, text) from None
    finally:
        loader.dispose()


def _not_yaml(path: Path, error: Exception, text: str) -> UserError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    # What is never closed is missed after the last line.
    where = f", line {min(mark.line + 1, len(text.splitlines()))}" if mark is not None else ""
    problem = getattr(error, "problem", None) or str(error)
    during = getattr(error, "context", None)
    context = f"{during}: " if during else ""
    return UserError(f"{path}{where}: not valid YAML ({context}{' '.join(str(problem).split())}); mend the file")


def read_yaml(path: Path) -> dict[str, Any]:
    """The values of a YAML file that holds a mapping; UserError names the file and the line otherwise."""
    return read_file(path).values
