"""What a step of the graph is, in plain Python: Dagster's assets, ``livecc status`` and the workers all read this."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.store.store import Store

#: Kinds of partition; None for an asset that has none. Design, "The asset graph".
Partitioned = Literal["batch", "selection", "experiment", "source"] | None

#: What limits how many steps run at once: GPUs, or calls to a paid judge or writer. Dagster's concurrency pools.
Pool = Literal["gpu", "judge"] | None

#: Partition name of assets without partitions.
ALL = "all"

#: Names the upstream partitions that one partition reads.
Pick = Callable[[Settings, Store, str], list[str]]


@dataclass(frozen=True)
class Step:
    """One asset: where it sits, what it reads and which function or worker makes it.

    ``code_version`` is bumped by hand when the modules in ``covers`` change what they compute (a test notices).
    ``run`` is ``module:function`` taking a ``store.worker.Task``; with ``worker`` set it is the module of a worker
    program instead. ``config`` returns what the asset reads of profile, selection or experiment, and nothing more:
    it is part of the input key. ``models`` picks the model references out of that config. ``files`` are places in it
    (see ``graph.files``) of files and folders, which count by what they hold; ``places`` those of addresses that do not
    count, because what lies there is told by other inputs. ``fingerprint`` covers inputs outside the store that no
    config names (a batch's listing). ``admit``: batches whose checks failed are left out, not waited for.
    ``pool`` is the concurrency pool whose slot the step holds while it runs.
    """

    asset: str
    group: str
    partitioned_by: Partitioned
    description: str
    code_version: str
    covers: tuple[str, ...]
    config: Callable[[Settings, Store, str], dict[str, Any]]
    upstream: Mapping[str, Pick] = field(default_factory=dict)
    models: Callable[[dict[str, Any]], list[str]] = lambda config: []
    files: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    run: str | None = None
    worker: str | None = None
    schemas: str | None = None
    fingerprint: Callable[[Settings, Store, str], str] | None = None
    optional: frozenset[str] = frozenset()
    admit: bool = False
    shared: bool = False
    pictures: str | None = None
    pool: Pool = None

    @property
    def schema_module(self) -> str:
        """Module that holds the asset's Arrow schema."""
        named = self.schemas or self.worker or (self.run or "").partition(":")[0]
        return self.schemas or named.rsplit(".", 1)[0] + ".schemas"

    def schema(self) -> Any:
        """The asset's Arrow schema, or None for artifacts of files (checkpoints)."""
        return importlib.import_module(self.schema_module).SCHEMAS.get(self.asset)


def load(reference: str) -> Callable[..., Any]:
    """The function that ``module:name`` names; imported only when it is needed, so that the graph loads fast."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def same(settings: Settings, store: Store, partition: str) -> list[str]:
    """The upstream partition of the same name."""
    return [partition]


def unpartitioned(settings: Settings, store: Store, partition: str) -> list[str]:
    """The only partition of an asset without partitions."""
    return [ALL]


def named_batches(names: list[str], store: Store) -> list[str]:
    """Batches by name; ``*`` stands for every registered batch."""
    return store.batches() if "*" in names else sorted(names)


def partitions_of(step: Step, settings: Settings, store: Store) -> list[str]:
    """Every partition that the step could have now."""
    match step.partitioned_by:
        case "batch":
            return store.batches()
        case "selection":
            return sorted(settings.selections)
        case "experiment":
            return sorted(settings.experiments)
        case "source":
            return sorted(settings.profile.get("instructions", {}))
        case None:
            return [ALL]


def section(settings: Settings, name: str) -> Any:
    """A section of the profile; UserError when the profile lacks it."""
    if name not in settings.profile:
        raise UserError(f"{settings.profile_path}: the section `{name}` is missing; copy it from profiles/sample.yaml")
    return settings.profile[name]


def part(name: str) -> Callable[[Settings, Store, str], dict[str, Any]]:
    """A config function that reads one section of the profile."""
    return lambda settings, store, partition: dict(section(settings, name))
