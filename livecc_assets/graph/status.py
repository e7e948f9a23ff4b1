"""The state of every partition, and why: what ``livecc status`` prints and the schedules act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from livecc_assets.core.errors import AbsentFolderError, PassingError, UserError
from livecc_assets.graph import files, gate
from livecc_assets.graph.plan import Plan, make_plan
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.snapshot import StoreSnapshot
from livecc_assets.graph.step import Step, partitions_of
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store

#: ``blocked``: an input is to be made first. ``held``: nothing is made by itself until someone has mended what is above, a
#: table with too many errors or a folder that is gone (``gone``). ``retired``: somebody took the batch out. ``invalid``: the
#: file that describes it holds a mistake.
State = Literal["current", "stale", "missing", "blocked", "held", "gone", "retired", "invalid"]
#: States in which a partition waits for a person: schedules pass it over.
WAITING: frozenset[State] = frozenset({"held", "gone", "retired", "invalid"})


@dataclass(frozen=True)
class PartitionStatus:
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


def partition_statuses(steps: Iterable[Step], settings: Settings, store: Store) -> list[PartitionStatus]:
    """The state of every partition of every step, in graph order. Reads manifests only, and each of them once."""
    store = StoreSnapshot.of(store)
    found: list[PartitionStatus] = []
    held: dict[tuple[str, str], str] = {}
    for step in steps:
        partitions = partitions_of(step, settings, store)
        for file in settings.invalid if step.partitioned_by in ("selection", "experiment") else ():
            if file.kind == step.partitioned_by:
                found.append(PartitionStatus(step.asset, file.name, "invalid", file.message))
        store.look_ahead(step, settings, partitions)
        for partition in partitions:
            if step.partitioned_by == "batch" and partition in store.retired():
                why = f"livecc batch retire {partition} --undo brings it back"
                found.append(PartitionStatus(step.asset, partition, "retired", why))
                continue
            one = _status(step, partition, settings, store)
            if step.partitioned_by == "batch":
                if one.state != "current" and (why := _held(step, partition, settings, store, held)):
                    one = PartitionStatus(step.asset, partition, "held", why)
                if one.state in WAITING and store.current(step.asset, partition) is None:
                    held[step.asset, partition] = one.why
            found.append(one)
    return found


def to_be_made(step: Step, partitions: Iterable[str], settings: Settings, store: Store) -> set[str]:
    """Those partitions of a step that a run would make anew: their inputs can be used, and something has changed."""
    store, known = StoreSnapshot.of(store), set(partitions_of(step, settings, store))
    found = set[str]()
    for partition in known.intersection(partitions):
        try:
            plan = make_plan(step, settings, store, partition)
        except PassingError:
            raise
        except UserError:
            continue
        pointer = store.pointer(step.asset, partition)
        if pointer is None or pointer.place != plan.place or store.at(plan.place) is None:
            found.add(partition)
    return found


def _status(step: Step, partition: str, settings: Settings, store: StoreSnapshot) -> PartitionStatus:
    pointer = store.pointer(step.asset, partition)
    try:
        plan = make_plan(step, settings, store, partition)
    except PassingError:  # the store is away, which says nothing of the partition
        raise
    except AbsentFolderError as error:
        return PartitionStatus(step.asset, partition, "gone", str(error))
    except UserError as error:
        return PartitionStatus(step.asset, partition, "blocked" if pointer is None else "stale", str(error))
    if pointer is None:
        return PartitionStatus(step.asset, partition, "missing", "never materialised")
    if pointer.place == plan.place and (current := store.at(plan.place)):
        failed = "" if current.manifest.passed else "; its blocking check failed"
        return PartitionStatus(step.asset, partition, "current", f"made {current.manifest.created}{failed}")
    artifact = store.at(pointer.place)
    if artifact:
        return PartitionStatus(step.asset, partition, "stale", _difference(plan, artifact))
    why = "its manifest is gone" if store.etag(pointer.place) is None else "its manifest is damaged"
    return PartitionStatus(step.asset, partition, "stale", why)


def _held(
    step: Step, batch: str, settings: Settings, store: StoreSnapshot, held: dict[tuple[str, str], str]
) -> str | None:
    """Why a batch is not carried on to this step; None where nothing above it waits for a person."""
    for asset, pick in step.upstream.items():
        for partition in pick(settings, store, batch):
            if why := held.get((asset, partition)):
                return why
            artifact = store.current(asset, partition)
            if artifact and (failed := gate.failed_above(store, artifact)):
                return (
                    f"{', '.join(failed)}[{batch}] failed: too many rows in error (livecc rejected {failed[0]} {batch})"
                )
    return None
