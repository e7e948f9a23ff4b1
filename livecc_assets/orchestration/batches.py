"""Bringing in videos: a folder or prefix becomes a source batch with a selection of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.core.names import checked_name
from livecc_assets.graph.settings import SHIPPED, Settings
from livecc_assets.graph.settings.choices import SETS
from livecc_assets.orchestration.runs import open_instance
from livecc_assets.source.ingest import survey
from livecc_assets.store.registry import FOLLOW_LINKS
from livecc_assets.store.store import Store


def address_of(folder: str) -> str:
    """A folder's absolute path, or an s3:// prefix without a slash at its end. Raises UserError for no such folder."""
    if not folder.strip():
        raise UserError("no folder is named; name a folder of videos or an s3://bucket/prefix")
    if folder.startswith("s3://"):
        if not folder.removeprefix("s3://").strip("/"):
            raise UserError(f"{folder}: no bucket is named; write s3://bucket/prefix")
        return folder.rstrip("/")
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UserError(f"{folder}: no such folder; name a folder of videos or an s3://bucket/prefix")
    return str(path.resolve())


def record(
    store: Store, uri: str, batch: str, captions: str, category: str | None = None, follow_links: bool = False
) -> None:
    """Register the batch in the store.

    ``category`` is given to videos whose metadata name none; without one they cannot pass the category filter (B1).
    ``follow_links``: links that leave the folder are followed.
    """
    about: dict[str, Any] = {"uri": uri, "captions": captions} | ({"category": category} if category else {})
    about |= {FOLLOW_LINKS: True} if follow_links else {}
    store.register_batch(batch, about)


def add_batch(
    settings: Settings, uri: str, batch: str, captions: str, category: str | None = None, follow_links: bool = False
) -> None:
    """:func:`record` the batch and add its partition to the Dagster instance."""
    from livecc_assets.orchestration.partitions import SOURCE_BATCHES

    record(settings.store(), uri, batch, captions, category, follow_links)
    with open_instance(settings) as instance:
        instance.add_dynamic_partitions(str(SOURCE_BATCHES.name), [batch])


def _template(settings: Settings, name: str) -> dict[str, Any]:
    """What the first selection that has the set says of it; nothing where no selection has it."""
    found = (getattr(one, name) for one in settings.selections.values())
    first = next((one for one in found if one is not None), None)
    return first.model_dump(mode="json", exclude_unset=True) if first else {}


def _selection_file(settings: Settings, batch: str) -> Path:
    return settings.home / "selections" / f"{batch}.yaml"


def check_own_selection(settings: Settings, batch: str) -> None:
    """Raises UserError when the batch's own selection would replace one that ships with the package."""
    target = _selection_file(settings, batch)
    if not target.exists() and (SHIPPED / "selections" / target.name).is_file():
        raise UserError(
            f"batch {batch}: a selection of this name ships with the package, and that of the batch would replace it; choose "
            "another --batch name"
        )


def write_selection(settings: Settings, batch: str) -> Path:
    """The file of the batch's own selection, with the sets and thresholds in force; one that is there stays as it is."""
    target = _selection_file(settings, batch)
    if target.exists():
        return target
    recipe = {"profile": settings.profile.name} | {
        name: _template(settings, name) | {"batches": [batch]} for name in SETS
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: a sensor's process may be ended at any moment.
    draft = target.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(f"# The selection of batch {batch} alone; edit its thresholds freely.\n" + yaml.safe_dump(recipe))
    draft.replace(target)
    return target


def register(
    settings: Settings, folder: str, batch: str, captions: str, category: str | None = None, follow_links: bool = False
) -> Iterator[str]:
    """Register ``folder`` as ``batch``; yields lines that say what was found and what to do next.

    The batch gets a selection file of its own under ``LIVECC_HOME``/selections, so that it changes no other set.
    """
    checked_name(batch)
    uri = address_of(folder)
    if follow_links and uri.startswith("s3://"):
        raise UserError(f"{folder}: there are no links in S3; leave out --follow-links")
    found = survey(uri, follow_links)
    passed_over = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in found.passed_over.items())
    if not found.candidates:
        lies = f"no videos, only files that are passed over ({passed_over})" if passed_over else "no files"
        raise UserError(f"{folder}: holds {lies}; put videos there, with captions beside them")
    check_own_selection(settings, batch)
    add_batch(settings, uri, batch, captions, category, follow_links)
    yield f"batch {batch}: {len(found.candidates)} files under {uri}"
    if passed_over:
        yield f"passed over: {passed_over}"
    yield f"selection {batch}: {write_selection(settings, batch)}"
    yield f"next: livecc curate {batch}, then livecc select {batch}; or launch these jobs in the UI (livecc ui)"
