"""A store whose answers stay the same for the length of one call."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Pointer, Store

T = TypeVar("T")

#: Manifests of an object store that are asked for at the same time.
_READERS = 16


class StoreSnapshot(Store):
    """A store for the length of one call: every pointer, manifest, batch, listing and model is read once.

    A corpus of thousands of batches has tens of thousands of manifests, and each is upstream of several others; a
    scorer's model is the same for all of them.
    """

    def __init__(self, store: Store) -> None:
        self.blobs, self.cache = store.blobs, store.cache
        self._pointers: dict[tuple[str, str], Pointer | None] = {}
        self._artifacts: dict[str, Artifact | None] = {}
        self._batch: dict[str, dict[str, Any]] = {}
        self._assets: list[str] | None = None
        self._batches: list[str] | None = None
        self._retired: frozenset[str] | None = None
        self._models: dict[str, str] = {}
        self._contents: dict[str, str] = {}
        self._fingerprints: dict[tuple[str, str], str | UserError] = {}

    @classmethod
    def of(cls, store: Store) -> "StoreSnapshot":
        """``store`` itself when it is one already."""
        return store if isinstance(store, cls) else cls(store)

    def pointer(self, asset: str, partition: str) -> Pointer | None:
        key = asset, partition
        if key not in self._pointers:
            self._pointers[key] = super().pointer(asset, partition)
        return self._pointers[key]

    def at(self, place: str) -> Artifact | None:
        if place not in self._artifacts:
            self._artifacts[place] = super().at(place)
        return self._artifacts[place]

    def batch(self, name: str) -> dict[str, Any]:
        if name not in self._batch:
            self._batch[name] = super().batch(name)
        return self._batch[name]

    def assets(self) -> list[str]:
        if self._assets is None:
            self._assets = super().assets()
        return list(self._assets)

    def batches(self) -> list[str]:
        if self._batches is None:
            self._batches = super().batches()
        return list(self._batches)

    def retired(self) -> frozenset[str]:
        if self._retired is None:
            self._retired = super().retired()
        return self._retired

    def currents(self, asset: str, partitions: list[str]) -> dict[str, Artifact | None]:
        """The current artifacts of several partitions; from an object store many at a time, to hide its latency."""
        found = self._each(lambda name: self.current(asset, name), partitions)
        return dict(zip(partitions, found, strict=True))

    def upstream(self, artifacts: Iterable[Artifact]) -> list[Artifact]:
        """What the artifacts were made from, each once, as it stands now; what was deleted since is passed over."""
        pins = {pin for artifact in artifacts for pin in artifact.manifest.upstream}
        places = sorted(self.place(pin.asset, pin.partition, pin.input_key) for pin in pins)
        return [found for found in self._each(self.at, places) if found]

    def _each(self, read: Callable[[str], T], names: list[str]) -> list[T]:
        if self.root.startswith("s3://") and len(names) > 1:
            with ThreadPoolExecutor(_READERS) as pool:
                return list(pool.map(read, names))
        return [read(name) for name in names]

    def model(self, reference: str) -> str:
        """Digest of a model's weights."""
        from livecc_assets.models.reference import digest as model_digest

        if reference not in self._models:
            self._models[reference] = model_digest(reference)
        return self._models[reference]

    def content(self, address: str) -> str:
        """What a file or folder that settings name holds, as a short text."""
        from livecc_assets.store.contents import content_of

        if address not in self._contents:
            self._contents[address] = content_of(address, self.cache)
        return self._contents[address]

    def fingerprint(self, step: Step, settings: Settings, partition: str) -> str | None:
        """The step's fingerprint of what lies outside the store; None where it reads nothing there."""
        if step.fingerprint is None:
            return None
        key = step.asset, partition
        if key not in self._fingerprints:
            try:
                self._fingerprints[key] = step.fingerprint(settings, self, partition)
            except PassingError:
                raise
            except UserError as error:
                self._fingerprints[key] = error
        found = self._fingerprints[key]
        if isinstance(found, UserError):
            raise found
        return found

    def look_ahead(self, step: Step, settings: Settings, partitions: list[str]) -> None:
        """Read at once what the plans of several partitions will ask for one by one."""
        self.currents(step.asset, partitions)
        if step.fingerprint is None or len(partitions) < 2:
            return

        def listed(partition: str) -> None:
            with suppress(UserError):  # raised again, and told, where the partition is planned
                self.fingerprint(step, settings, partition)

        listed(partitions[0])  # alone: it sets up what all share (imports, the session of the object store)
        with ThreadPoolExecutor(_READERS) as pool:
            list(pool.map(listed, partitions[1:]))
