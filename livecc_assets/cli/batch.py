"""``livecc batch``: what can be done with a source batch that stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livecc_assets.cli.saying import say
from livecc_assets.core.errors import UserError
from livecc_assets.core.names import checked_name
from livecc_assets.graph.settings import Settings

if TYPE_CHECKING:
    from livecc_assets.source.moving import Comparison

#: Files that a refusal names.
_SHOWN = 3


@click.group()
def batch() -> None:
    """Source batches: move one to another folder or bucket, or retire one."""


@batch.command()
@click.argument("name")
@click.argument("new_root")
@click.option(
    "--allow-changes", is_flag=True, help="Move even if files are missing or differ; the batch has to be curated again."
)
@click.pass_obj
def move(settings: Settings, name: str, new_root: str, allow_changes: bool) -> None:
    """Let batch NAME stand for NEW_ROOT, a folder or s3://bucket/prefix that holds the same files.

    Copy the files first, with their paths. Every video that the batch kept is compared: its size, and its bytes where
    the new root is a folder. Files that the batch rejected are told by name and size. Nothing has to be computed again.
    """
    from livecc_assets.orchestration.batches import address_of
    from livecc_assets.runtime.progress import Progress
    from livecc_assets.source import moving

    store, root = settings.store(), address_of(new_root)
    about = store.batch(checked_name(name))
    before = about["uri"]
    progress = Progress(f"batch {name}")
    found = moving.compare(
        store.current("yt_cc_source", name),
        root,
        lambda done, total: progress(done, total, "videos compared"),
        bool(about.get("follow_links")),
    )
    progress.close()
    if found.made and not found.same and not allow_changes:
        raise UserError(f"{root}: {_lack(found, name)}; batch {name} stays at {before}")
    moving.move(store, name, root, found)
    say(f"batch {name}: {before} -> {root} ({_outcome(found, name)})")


@batch.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Bring the batch back.")
@click.pass_obj
def retire(settings: Settings, name: str, undo: bool) -> None:
    """Take batch NAME out of schedules and selections.

    What was made of it stays, and so does what was trained on it. Selections that held it become stale and say "left
    out: retired" when they are made again.
    """
    from livecc_assets.store import registry

    store = settings.store()
    store.batch(checked_name(name))
    store.claim()
    if undo:
        registry.bring_back(store.blobs, name)
        say(f"batch {name} is back; next: livecc curate {name}")
    else:
        registry.retire(store.blobs, name)
        say(f"batch {name} is retired; to undo: livecc batch retire {name} --undo")


def _lack(found: Comparison, name: str) -> str:
    parts = []
    for paths, said in ((found.missing, "missing"), (found.different, "different")):
        if paths:
            more = ", …" if len(paths) > _SHOWN else ""
            parts.append(f"{len(paths)} of {found.videos} videos {said} ({', '.join(paths[:_SHOWN])}{more})")
    if not parts:
        parts.append(f"the videos of batch {name} are there, but not the same files beside them (captions, metadata)")
    return f"{' and '.join(parts)}; copy the whole folder, or move with --allow-changes and curate again"


def _outcome(found: Comparison, name: str) -> str:
    if not found.made:
        return f"nothing was made of it yet; next: livecc curate {name}"
    if found.same:
        return f"{found.videos} videos compared; nothing to compute again"
    return f"its files differ; next: livecc curate {name}"
