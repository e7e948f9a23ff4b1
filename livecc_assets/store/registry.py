"""Registered source batches: a name and what it stands for, above all the folder or prefix where its videos lie (``uri``)."""

import contextlib
import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.names import checked_name, fault
from livecc_assets.store.interface import Blobs, ConflictError

_log = logging.getLogger(__name__)

_FOLDER = "_batches/"
#: One object a retired batch, so that one listing names them all.
_RETIRED = "_retired/"
#: Batches that an error names.
_SHOWN = 10
#: What a move adds to a registration; what the batch stands for is the rest.
LISTING = "listing"
#: Whether links that leave the batch's folder are followed; absent where they are not.
FOLLOW_LINKS = "follow_links"


def register(blobs: Blobs, name: str, about: dict[str, Any]) -> None:
    """Record a source batch; the same name with another content is refused."""
    key = _key(checked_name(name))
    try:
        blobs.create(key, _text(about))
    except ConflictError:
        found = blobs.get(key)
        standing = {key: value for key, value in _found(blobs, name)[0].items() if key != LISTING} if found else about
        if standing != about:
            raise UserError(
                f"batch {name} already stands for {standing.get('uri')}{_other(standing, about)}; choose another --batch name"
            ) from None


def _other(standing: dict[str, Any], about: dict[str, Any]) -> str:
    """Where the folder is the same: in what the registrations differ."""
    if standing.get("uri") != about.get("uri"):
        return ""
    differ = sorted(key for key in {*standing, *about} if standing.get(key) != about.get(key))
    return f" with another {' and '.join(differ)}"


def registered(blobs: Blobs, name: str) -> dict[str, Any]:
    """What ``register`` or ``relocate`` recorded last. Raises UserError that names the batches that there are."""
    return _found(blobs, name)[0]


def relocate(blobs: Blobs, name: str, uri: str, listing: dict[str, str]) -> None:
    """Let a batch stand for another place with the same files.

    ``listing`` says for the digest of the listing there for which one of before it stands: times and entity tags differ
    between copies of a file. Raises UserError when another process changed the registration at the same moment.
    """
    about, etag = _found(blobs, name)
    about = {key: value for key, value in about.items() if key != LISTING} | {"uri": uri}
    try:
        blobs.replace(_key(name), _text(about | ({LISTING: listing} if listing else {})), etag)
    except ConflictError:
        raise UserError(
            f"batch {name} was moved by another process at the same moment; look where it lies now"
        ) from None


def names(blobs: Blobs) -> list[str]:
    """Names of all registered batches. One whose name Dagster cannot carry, from before names were checked, is told."""
    found = sorted(os.path.basename(item.key).removesuffix(".json") for item in blobs.listed(_FOLDER))
    for name in found:
        if wrong := fault(name):
            _log.warning(f"batch {name!a} is passed over: its name {wrong}; ingest its folder under another one")
    return [name for name in found if fault(name) is None]


def retire(blobs: Blobs, name: str) -> None:
    """Take a batch out of schedules and selections. What was made of it, and its registration, stay."""
    _found(blobs, name)
    with contextlib.suppress(ConflictError):  # it is retired already
        blobs.create(_RETIRED + name, datetime.now(UTC).isoformat(timespec="seconds").encode())


def bring_back(blobs: Blobs, name: str) -> None:
    """Undo :func:`retire`."""
    _found(blobs, name)
    blobs.delete(_RETIRED + name)


def retired(blobs: Blobs) -> frozenset[str]:
    """Names of the batches that are retired."""
    return frozenset(retired_since(blobs))


def retired_since(blobs: Blobs) -> dict[str, float]:
    """The batches that are retired, and since when, in Unix seconds."""
    return {os.path.basename(item.key): item.modified for item in blobs.listed(_RETIRED)}


def _found(blobs: Blobs, name: str) -> tuple[dict[str, Any], str]:
    found = blobs.get(_key(name)) if name and "/" not in name else None
    if found is None:
        raise UserError(f"there is no batch {name!a}; {_known(blobs)}")
    try:
        about = json.loads(found[0])
        about["uri"]
    except (ValueError, TypeError, KeyError):
        raise UserError(
            f"{blobs.root}/{_key(name)}: the registration of batch {name} is damaged; delete this file and ingest its folder "
            "under the same name again"
        ) from None
    return about, found[1]


def _known(blobs: Blobs) -> str:
    """The batches that there are, for whoever mistyped one."""
    known = names(blobs)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    listed = f"there are {', '.join(known[:_SHOWN])}{more}; " if known else ""
    return f"{listed}register another with: livecc ingest FOLDER --batch NAME"


def _key(name: str) -> str:
    return f"{_FOLDER}{name}.json"


def _text(about: dict[str, Any]) -> bytes:
    return json.dumps(about, sort_keys=True).encode()
