"""Files that a step's config names: they enter its key by what they hold, not by where they lie.

A step names the places of such values in its config: ``events_file``, ``opponent.path``, ``files.*`` for every value of a
mapping. The value of a place is an address (a local path or s3://…); what is empty, no text or embedded in the package counts
as it stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: Keys on the way to a value in a config.
Place = tuple[str, ...]

_EMBEDDED = "embedded:"


def named(config: Mapping[str, Any], places: Iterable[str]) -> dict[Place, str]:
    """The addresses at ``places``, where the config has any there."""
    return {at: value for place in places for at, value in _walk(config, tuple(place.split("."))) if _is_address(value)}


def found(config: Mapping[str, Any], places: Iterable[str]) -> list[Place]:
    """The places of these that the config has, whatever stands there."""
    return [at for place in places for at, _ in _walk(config, tuple(place.split(".")))]


def replaced(config: Mapping[str, Any], values: Mapping[Place, str | None]) -> dict[str, Any]:
    """The config with other values at these places."""
    changed = dict(config)
    for (key, *rest), value in values.items():
        changed[key] = replaced(changed[key], {tuple(rest): value}) if rest else value
    return changed


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value != "" and not value.startswith(_EMBEDDED)


def _walk(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if not place:
        yield (), value
    elif isinstance(value, Mapping):
        for key in value if place[0] == "*" else [place[0]] if place[0] in value else []:
            yield from (((key, *rest), found) for rest, found in _walk(value[key], place[1:]))
