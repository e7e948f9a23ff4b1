"""The artifact store: who is current, what stands under an input key, and how a new artifact gets in."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import sound
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.blobs import Blobs, open_blobs
from livecc_assets.store.layout import claim
from livecc_assets.store.lock import locked
from livecc_assets.store.manifest import DamagedError, Manifest, Upstream, cut_short
from livecc_assets.store.registry import names, register, registered, retired
from livecc_assets.store.writer import Writer

#: Partition under which stages live that several experiments share.
SHARED = "shared"


@dataclass(frozen=True)
class Pointer:
    """What a partition's ``_current`` says: the artifact's place and when and by which run it was made current."""

    place: str
    at: str
    run_id: str = ""


@dataclass(frozen=True)
class Damage:
    """What is wrong with a stored artifact, and the entity tag of the manifest that is to be replaced."""

    why: str
    etag: str


def _part(name: str) -> str:
    if not name or name.startswith((".", "_")) or "/" in name or sound(name) != name:
        raise UserError(f"{name!r} cannot name an artifact's partition; use letters, digits, - and .")
    return name


class Store:
    """Immutable artifacts under one root, local or S3. ``cache`` holds local copies of what lies on S3."""

    _claimed = False

    def __init__(self, root: str, cache: Path | str) -> None:
        self.blobs: Blobs = open_blobs(str(root))
        self.cache = Path(cache)

    @property
    def root(self) -> str:
        """The root as given: a folder or s3://…"""
        return self.blobs.root

    def place(self, asset: str, partition: str, input_key: str) -> str:
        """Key prefix of an artifact."""
        return f"{_part(asset)}/{_part(partition)}/{_part(input_key)}"

    def at(self, place: str) -> Artifact | None:
        """The artifact that stands at a place, if its manifest does and can be read."""
        found = self.blobs.get(f"{place}/manifest.json")
        with suppress(DamagedError):
            return Artifact(self.blobs, Manifest.from_json(found[0]), self.cache) if found else None

    def damage(self, place: str) -> Damage | None:
        """What is wrong with the artifact at a place: its manifest cannot be read, or a file is gone or cut.

        Looks at sizes only; :mod:`livecc_assets.store.verify` reads the bytes. None for a sound one, and where there is none.
        """
        found = self.blobs.get(f"{place}/manifest.json")
        if found is None:
            return None
        try:
            files = Manifest.from_json(found[0]).files
        except DamagedError as error:
            return Damage(str(error), found[1])
        for file in files:
            if (size := self.blobs.size(file.key)) != file.size:
                return Damage(cut_short(file, size), found[1])
        return None

    def etag(self, place: str) -> str | None:
        """Entity tag of the manifest at a place: what a forced run replaces conditionally."""
        found = self.blobs.get(f"{place}/manifest.json")
        return found[1] if found else None

    def pointer(self, asset: str, partition: str) -> Pointer | None:
        """Where the partition's current artifact stands."""
        found = self.blobs.get(f"{_part(asset)}/{_part(partition)}/_current.json")
        with suppress(ValueError, TypeError):  # a damaged one says nothing; the next run writes another
            return Pointer(**json.loads(found[0])) if found else None

    def current(self, asset: str, partition: str) -> Artifact | None:
        """The partition's current artifact, or None when it was never materialised."""
        pointer = self.pointer(asset, partition)
        return self.at(pointer.place) if pointer else None

    def claim(self) -> None:
        """Mark the root as this version's before anything is written. UserError where another layout made what is there."""
        if not self._claimed:
            claim(self.blobs)
            self._claimed = True

    def locked(
        self, place: str, holder: str, done: Callable[[], bool], waits: Callable[[str], None]
    ) -> AbstractContextManager[bool]:
        """Hold the one right to compute what stands at a place; see :func:`livecc_assets.store.lock.locked`."""
        self.claim()
        return locked(self.blobs, place, holder, done, waits)

    def set_current(self, asset: str, partition: str, place: str, run_id: str = "") -> None:
        """Move the partition's pointer; done at every materialisation, no-ops included."""
        self.claim()
        text = json.dumps({"place": place, "at": datetime.now(UTC).isoformat(timespec="seconds"), "run_id": run_id})
        self.blobs.put(f"{_part(asset)}/{_part(partition)}/_current.json", text.encode())

    def assets(self) -> list[str]:
        """Assets under which something is stored; the folders of the store itself begin with _ or a dot."""
        return [name for name in self.blobs.folders("") if not name.startswith(("_", "."))]

    def partitions(self, asset: str) -> list[str]:
        """Partitions of an asset that have a current artifact."""
        names = self.blobs.folders(f"{_part(asset)}/")
        return [name for name in names if name != SHARED and self.pointer(asset, name)]

    def write(
        self,
        asset: str,
        partition: str,
        input_key: str,
        schema: pa.Schema | None,
        *,
        code_version: str,
        config: dict[str, Any],
        upstream: list[Upstream],
        contents: dict[str, str] | None = None,
        error_limit: float = 1.0,
        run_id: str = "",
        replaces: str | None = None,
    ) -> Writer:
        """A writer for one attempt; see :class:`Writer`. ``replaces``: entity tag that a forced run read."""
        self.claim()
        return Writer(
            self.blobs,
            self.place(asset, partition, input_key),
            schema,
            asset=asset,
            partition=partition,
            input_key=input_key,
            code_version=code_version,
            config=config,
            upstream=upstream,
            contents=contents,
            error_limit=error_limit,
            run_id=run_id,
            replaces=replaces,
        )

    # -- source batches: a named folder or prefix of videos, registered once --

    def register_batch(self, name: str, about: dict[str, Any]) -> None:
        """Record a source batch; the same name with another content is refused."""
        self.claim()
        register(self.blobs, name, about)

    def batch(self, name: str) -> dict[str, Any]:
        """What ``register_batch`` recorded; ``livecc batch move`` changes its ``uri``."""
        return registered(self.blobs, name)

    def batches(self) -> list[str]:
        """Names of all registered batches, the retired ones included."""
        return names(self.blobs)

    def retired(self) -> frozenset[str]:
        """Names of those that schedules and selections leave alone."""
        return retired(self.blobs)
