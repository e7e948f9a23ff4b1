"""From the graph to one artifact: which inputs are pinned, which key they give, and whether it already stands."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.graph import files
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Step, partitions_of
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream, digest
from livecc_assets.store.store import SHARED, Pointer, Store

#: Manifests of an object store that are asked for at the same time.
_READERS = 16


class Once(Store):
    """A store for the length of one call: every pointer, manifest, batch, listing and model is read once.

    A corpus of thousands of batches has tens of thousands of manifests, and each is upstream of several others; a
    scorer's model is the same for all of them.
    """

    def __init__(self, store: Store) -> None:
        self.blobs, self.cache = store.blobs, store.cache
        self._pointers: dict[tuple[str, str], Pointer | None] = {}
        self._artifacts: dict[str, Artifact | None] = {}
        self._batch: dict[str, dict[str, Any]] = {}
        self._batches: list[str] | None = None
        self._models: dict[str, str] = {}
        self._contents: dict[str, str] = {}
        self._fingerprints: dict[tuple[str, str], str | UserError] = {}

    @classmethod
    def of(cls, store: Store) -> "Once":
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

    def batches(self) -> list[str]:
        if self._batches is None:
            self._batches = super().batches()
        return list(self._batches)

    def currents(self, asset: str, partitions: list[str]) -> dict[str, Artifact | None]:
        """The current artifacts of several partitions; from an object store many at a time, to hide its latency."""
        if self.root.startswith("s3://") and len(partitions) > 1:
            with ThreadPoolExecutor(_READERS) as pool:
                return dict(zip(partitions, pool.map(lambda name: self.current(asset, name), partitions), strict=True))
        return {name: self.current(asset, name) for name in partitions}

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


class MissingInputError(UserError):
    """An upstream artifact that must be made first."""


@dataclass(frozen=True)
class Plan:
    """A pinned piece of work: materialising it is a no-op when ``place`` already holds a manifest.

    ``contents`` says for each file that the config names what it holds; the key is made from that, not from the path.
    """

    step: Step
    partition: str
    code_version: str
    config: dict[str, Any]
    upstream: list[Upstream]
    input_key: str
    place: str
    left_out: dict[str, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)

    @property
    def stored_partition(self) -> str:
        """Where the artifact is kept: experiments that share a stage share its artifact."""
        return SHARED if self.step.shared else self.partition


def _pin(artifact: Artifact) -> Upstream:
    manifest = artifact.manifest
    return Upstream(manifest.asset, manifest.partition, manifest.input_key, manifest.data_version)


def _admitted(found: dict[str, dict[str, Artifact | None]], names: Iterable[str]) -> dict[str, str]:
    """Reasons by batch for those that a selection has to leave out.

    A batch is in only if every table of it is there, passed its blocking check, and was computed from the tables
    that are current: scores of an older set of clips would join to the wrong rows or to none.
    """
    reasons: dict[str, str] = {}
    for name in names:
        tables = {asset: parts[name] for asset, parts in found.items() if name in parts}
        missing = [asset for asset, artifact in tables.items() if artifact is None]
        failed = [asset for asset, artifact in tables.items() if artifact and not artifact.manifest.passed]
        stale = [
            asset
            for asset, artifact in tables.items()
            for pin in (artifact.manifest.upstream if artifact else [])
            if (other := tables.get(pin.asset)) and other.data_version != pin.data_version
        ]
        if missing:
            reasons[name] = f"not curated yet: {', '.join(missing)} missing"
        elif failed:
            reasons[name] = f"too many errors in {', '.join(failed)}"
        elif stale:
            reasons[name] = f"{', '.join(sorted(set(stale)))} computed from an older version; curate the batch again"
    return reasons


def make_plan(step: Step, settings: Settings, store: Store, partition: str) -> Plan:
    """Pin the current upstream versions and derive the input key.

    Raises MissingInputError naming the command that makes what is missing.
    """
    store = Once.of(store)
    config = step.config(settings, store, partition)
    found = {asset: store.currents(asset, pick(settings, store, partition)) for asset, pick in step.upstream.items()}
    left_out: dict[str, str] = {}
    if step.admit:
        per_batch = {
            asset: parts for asset, parts in found.items() if asset not in step.optional and "all" not in parts
        }
        names = {name for parts in per_batch.values() for name in parts}
        left_out = _admitted(per_batch, sorted(names))
        if names and len(left_out) == len(names):
            reasons = "; ".join(f"{name}: {why}" for name, why in left_out.items())
            raise MissingInputError(f"{step.asset}[{partition}]: none of its batches can be used ({reasons})")
    upstream: list[Upstream] = []
    for asset, parts in found.items():
        for name, artifact in sorted(parts.items()):
            if name in left_out:
                continue
            if artifact is not None:
                upstream.append(_pin(artifact))
            elif asset not in step.optional:
                raise MissingInputError(
                    f"{step.asset}[{partition}] needs {asset}[{name}], which was never materialised; materialise it first"
                )
    code_version = step.version
    contents = {place: store.content(address) for place, address in files.named(config, step.files).items()}
    key = digest(
        step.asset,
        code_version,
        files.replaced(config, contents | dict.fromkeys(files.named(config, step.places), "")),
        [store.model(reference) for reference in step.models(config)],
        store.fingerprint(step, settings, partition),
        [(pin.asset, "" if step.shared else pin.partition, pin.data_version) for pin in upstream],
    )
    stored = SHARED if step.shared else partition
    place = store.place(step.asset, stored, key)
    held = {".".join(place): content for place, content in contents.items()}
    return Plan(step, partition, code_version, config, upstream, key, place, left_out, held)


#: ``invalid``: the selection's or experiment's file holds a mistake.
State = Literal["current", "stale", "missing", "blocked", "invalid"]


@dataclass(frozen=True)
class Standing:
    """One line of ``livecc status``: the state of an asset's partition and why."""

    asset: str
    partition: str
    state: State
    why: str


def _without_addresses(step: Step, config: dict[str, Any]) -> dict[str, Any]:
    return files.replaced(config, dict.fromkeys(files.named(config, (*step.files, *step.places)), ""))


def _difference(plan: Plan, artifact: Artifact) -> str:
    old = artifact.manifest
    if old.code_version != plan.code_version:
        return f"code version {old.code_version} → {plan.code_version}"
    now, then = _without_addresses(plan.step, plan.config), _without_addresses(plan.step, old.config)
    keys = [key for key in now.keys() | then.keys() if now.get(key) != then.get(key)]
    if keys:
        return "config changed: " + ", ".join(sorted(keys))
    named = {".".join(place): address for place, address in files.named(plan.config, plan.step.files).items()}
    changed = [named[place] for place, content in plan.contents.items() if content != old.contents.get(place)]
    if changed:
        return "file changed: " + ", ".join(sorted(address.rstrip("/").rpartition("/")[2] for address in changed))
    before = {(pin.asset, pin.partition): pin.data_version for pin in old.upstream}
    after = {(pin.asset, pin.partition): pin.data_version for pin in plan.upstream}
    moved = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    if moved:
        return "upstream changed: " + ", ".join(f"{asset}[{partition}]" for asset, partition in moved)
    return "model or source files changed"


def standings(steps: Iterable[Step], settings: Settings, store: Store) -> list[Standing]:
    """The state of every partition of every step, in graph order. Reads manifests only, and each of them once."""
    store = Once.of(store)
    found: list[Standing] = []
    for step in steps:
        partitions = partitions_of(step, settings, store)
        for file in settings.invalid if step.partitioned_by in ("selection", "experiment") else ():
            if file.kind == step.partitioned_by:
                found.append(Standing(step.asset, file.name, "invalid", file.message))
        store.look_ahead(step, settings, partitions)
        for partition in partitions:
            pointer = store.pointer(step.asset, partition)
            try:
                plan = make_plan(step, settings, store, partition)
            except PassingError:  # the store is away, which says nothing of the partition
                raise
            except UserError as error:
                found.append(Standing(step.asset, partition, "blocked" if pointer is None else "stale", str(error)))
                continue
            if pointer is None:
                found.append(Standing(step.asset, partition, "missing", "never materialised"))
            elif pointer.place == plan.place and (current := store.at(plan.place)):
                failed = "" if current.manifest.passed else "; its blocking check failed"
                found.append(Standing(step.asset, partition, "current", f"made {current.manifest.created}{failed}"))
            else:
                artifact = store.at(pointer.place)
                why = _difference(plan, artifact) if artifact else "its manifest is gone"
                found.append(Standing(step.asset, partition, "stale", why))
    return found
