"""From the graph to one artifact: which inputs are pinned, which key they give, and whether it already stands."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.graph import files, gate
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.snapshot import StoreSnapshot
from livecc_assets.graph.step import Step
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import Upstream, digest
from livecc_assets.store.store import SHARED, Store


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


def _left_out(
    store: StoreSnapshot, found: dict[str, dict[str, Artifact | None]], names: Iterable[str]
) -> dict[str, str]:
    """Reasons by batch for those that a selection has to leave out.

    A batch is in only if every table of it is there, passed its blocking check as did all that it was made from, and was
    computed from the tables that are current: scores of an older set of clips would join to the wrong rows or to none.
    """
    reasons: dict[str, str] = {}
    gate.look_up(store, (artifact for parts in found.values() for artifact in parts.values() if artifact))
    for name in names:
        if name in store.retired():
            reasons[name] = "retired"
            continue
        tables = {asset: parts[name] for asset, parts in found.items() if name in parts}
        missing = [asset for asset, artifact in tables.items() if artifact is None]
        failed = {one for artifact in tables.values() if artifact for one in gate.failed_above(store, artifact)}
        failed |= set(gate.failed_of(store, name)) if missing else set()
        stale = [
            asset
            for asset, artifact in tables.items()
            for pin in (artifact.manifest.upstream if artifact else [])
            if (other := tables.get(pin.asset)) and other.data_version != pin.data_version
        ]
        if failed:
            reasons[name] = f"{', '.join(sorted(failed))} failed: too many rows in error"
        elif missing:
            reasons[name] = f"not curated yet: {', '.join(missing)} missing"
        elif stale:
            reasons[name] = f"{', '.join(sorted(set(stale)))} computed from an older version; curate the batch again"
    return reasons


def make_plan(step: Step, settings: Settings, store: Store, partition: str) -> Plan:
    """Pin the current upstream versions and derive the input key.

    Raises MissingInputError naming the command that makes what is missing.
    """
    store = StoreSnapshot.of(store)
    config = step.config(settings, store, partition)
    found = {asset: store.currents(asset, pick(settings, store, partition)) for asset, pick in step.upstream.items()}
    left_out: dict[str, str] = {}
    if step.leaves_out:
        per_batch = {
            asset: parts for asset, parts in found.items() if asset not in step.optional and "all" not in parts
        }
        names = {name for parts in per_batch.values() for name in parts}
        left_out = _left_out(store, per_batch, sorted(names))
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
    uncounted: dict[files.Place, str | None] = dict.fromkeys(files.found(config, step.unkeyed))
    uncounted |= dict.fromkeys(files.named(config, step.places), "")
    key = digest(
        step.asset,
        code_version,
        files.replaced(config, contents | uncounted),
        [store.model(reference) for reference in step.models(config)],
        store.fingerprint(step, settings, partition),
        [(pin.asset, "" if step.shared else pin.partition, pin.data_version) for pin in upstream],
    )
    stored = SHARED if step.shared else partition
    place = store.place(step.asset, stored, key)
    held = {".".join(place): content for place, content in contents.items()}
    return Plan(step, partition, code_version, config, upstream, key, place, left_out, held)


#: ``invalid``: the selection's or experiment's file holds a mistake.
