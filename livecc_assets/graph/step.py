"""What a step of the graph is, in plain Python: Dagster's assets, ``livecc status`` and the workers all read this.

A stage's ``assets.py`` declares its assets as functions under :func:`step`. The first parameter is the task, each other
one an input of that name; the docstring is the description.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from livecc_assets.graph.settings import Settings
from livecc_assets.graph.settings.choices import SETS
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store

#: Kinds of partition; None for an asset that has none. docs/design.md, "The asset graph".
Partitioned = Literal["batch", "selection", "experiment", "source"] | None

#: What limits how many steps run at once: GPUs, or calls to a paid judge or writer. Dagster's concurrency pools.
Pool = Literal["gpu", "judge"] | None

#: Partition name of assets without partitions.
ALL = "all"

#: Names the upstream partitions that one partition reads.
Pick = Callable[[Settings, Store, str], list[str]]

#: Part of the settings that an asset reads: a section of the profile, or a function of settings and partition.
SettingsOf = str | Callable[[Settings, str], Mapping[str, Any]]

#: What draws an asset's page: pictures as PNG bytes, or markdown, by title.
Preview = Callable[[Artifact, dict[str, Any]], Mapping[str, bytes | str]]


def same(settings: Settings, store: Store, partition: str) -> list[str]:
    """The upstream partition of the same name."""
    return [partition]


def unpartitioned(settings: Settings, store: Store, partition: str) -> list[str]:
    """The only partition of an asset without partitions."""
    return [ALL]


#: Annotation of an input without partitions. A plain ``Artifact`` is the partition of the same name.
Only = Annotated[Artifact, unpartitioned]


@dataclass(frozen=True)
class Input:
    """One upstream asset: which of its partitions are read, and whether the function gets one artifact or a list.

    ``optional``: partitions that were never made are passed over; the function has a default for them.
    """

    asset: str
    pick: Pick
    many: bool
    optional: bool

    def of(self, found: Sequence[Artifact]) -> Any:
        """What the function is given."""
        if self.many:
            return list(found)
        return found[0] if found else None


@dataclass(frozen=True)
class Step:
    """One asset: where it sits, what it reads and which function makes it.

    ``version`` is bumped by hand when the code that the step covers computes something else (``graph.coverage`` derives
    what that is, a test notices). ``settings`` is what the asset reads of profile, selection or experiment, and nothing
    more: it is part of the input key. ``registered`` names what it reads of its batch's registration, ``found`` adds
    what only the store or the state folder knows. ``models`` picks the model references out of that config.
    ``files`` are places in it (see ``graph.files``) of files and folders, which count by what they hold; ``places`` those
    of addresses that do not count, because what lies there is told by other inputs; ``unkeyed`` those of values that change
    how the work is done and not what comes of it. ``fingerprint`` covers inputs outside
    the store that no config names (a batch's listing). ``leaves_out``: batches whose checks failed are
    left out, not waited for. ``shared``: partitions with equal inputs share one artifact. ``worker`` is the module of the
    program that runs the function in a process, container or pod of its own. ``pool`` is the concurrency pool whose slot
    the step holds while it runs.
    """

    function: Callable[..., None]
    partitioned_by: Partitioned
    group: str
    version: str
    settings: SettingsOf | None = None
    registered: tuple[str, ...] = ()
    found: Callable[[Settings, Store, str], Mapping[str, Any]] | None = None
    models: Callable[[dict[str, Any]], list[str]] = lambda config: []
    files: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    unkeyed: tuple[str, ...] = ()
    fingerprint: Callable[[Settings, Store, str], str] | None = None
    worker: str | None = None
    schemas: str = ""
    leaves_out: bool = False
    shared: bool = False
    pool: Pool = None
    preview: Preview | None = None
    inputs: tuple[Input, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(_inputs(self.function)))

    def __call__(self, task: Task) -> None:
        """Make the artifact: the function with the task's pinned inputs."""
        self.function(task, **{one.asset: one.of(task.inputs.get(one.asset, [])) for one in self.inputs})

    @property
    def asset(self) -> str:
        """Asset key."""
        return self.function.__name__

    @property
    def description(self) -> str:
        """The function's docstring."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def upstream(self) -> Mapping[str, Pick]:
        """How the partitions of each input are picked."""
        return {one.asset: one.pick for one in self.inputs}

    @cached_property
    def optional(self) -> frozenset[str]:
        """Inputs without which the step runs as well."""
        return frozenset(one.asset for one in self.inputs if one.optional)

    def schema(self) -> Any:
        """The asset's Arrow schema, or None for artifacts of files (checkpoints)."""
        return import_module(self.schemas).SCHEMAS.get(self.asset)

    def own_settings(self, settings: Settings, partition: str) -> dict[str, Any]:
        """What the asset reads of the settings files; for a batch it is the same for all."""
        if self.settings is None:
            return {}
        read = (
            section(settings, self.settings) if isinstance(self.settings, str) else self.settings(settings, partition)
        )
        return dict(read)

    def config(self, settings: Settings, store: Store, partition: str) -> dict[str, Any]:
        """Everything the asset reads that is no artifact: part of the input key, and the task's ``config``."""
        config = self.own_settings(settings, partition)
        if self.registered:
            about = store.batch(partition)
            config |= {name: about[name] for name in self.registered if about.get(name) is not None}
        if self.found:
            config |= self.found(settings, store, partition)
        return config


def _inputs(function: Callable[..., None]) -> Iterable[Input]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    hints = get_type_hints(function, include_extras=True)
    for parameter in parameters:
        hint = _without_none(hints[parameter.name])
        kind, *extra = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        many = get_origin(kind) is Sequence
        pick: Pick = extra[0] if extra else same
        yield Input(parameter.name, pick, many, parameter.default is not parameter.empty)


def _without_none(hint: Any) -> Any:
    """The annotation of an optional input, ``Only | None``, says the same as ``Only``."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    named = [one for one in get_args(hint) if one is not NoneType]
    return named[0] if len(named) == 1 else hint


def step(
    by: Partitioned,
    *,
    version: str,
    settings: SettingsOf | None = None,
    models: tuple[str, ...] | Callable[[dict[str, Any]], list[str]] = (),
    worker: bool | str = False,
    group: str | None = None,
    **options: Any,
) -> Callable[[Callable[..., None]], Step]:
    """Declare the function below as an asset partitioned ``by`` one kind; :class:`Step` tells the options.

    ``models`` may name the config's keys that hold model references. ``worker=True`` is the stage's own ``worker.py``.
    The group is the stage's folder unless another is given. The table's schema stands in the stage's ``schemas.py``.
    """

    def named(config: dict[str, Any]) -> list[str]:
        return [str(config[key]) for key in models if config.get(key)] if isinstance(models, tuple) else models(config)

    def declared(function: Callable[..., None]) -> Step:
        room = function.__module__.rpartition(".")[0]
        options.setdefault("schemas", f"{room}.schemas")
        program = f"{room}.worker" if worker is True else worker or None
        folder = group or room.rpartition(".")[2]
        return Step(function, by, folder, version, settings=settings, models=named, worker=program, **options)

    return declared


def steps_of(module: ModuleType) -> dict[str, Step]:
    """The steps that a module declares, by asset key, in order."""
    return {one.asset: one for one in vars(module).values() if isinstance(one, Step)}


def named_batches(names: list[str], store: Store) -> list[str]:
    """Batches by name; ``*`` stands for every registered batch."""
    return store.batches() if "*" in names else sorted(names)


def partitions_of(step: Step, settings: Settings, store: Store) -> list[str]:
    """Every partition that the step could have now."""
    return store.batches() if step.partitioned_by == "batch" else named_partitions(step, settings)


def named_partitions(step: Step, settings: Settings) -> list[str]:
    """The step's partitions as far as files name them: every kind but batches."""
    match step.partitioned_by:
        case "selection":
            found = settings.selections.items()
            return sorted(name for name, one in found if step.asset not in SETS or step.asset in one.sets)
        case "experiment":
            return sorted(settings.experiments)
        case "source":
            return sorted(settings.profile.instructions)
        case None:
            return [ALL]
        case _:
            return []


def section(settings: Settings, name: str) -> dict[str, Any]:
    """All values of a section of the profile; UserError when the profile lacks it."""
    return getattr(settings.profile, name).as_config()
