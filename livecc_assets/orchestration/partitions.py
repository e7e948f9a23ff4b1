"""Partition definitions and the mappings between them. Mappings are always explicit (docs/design.md, "The asset graph")."""

import dagster as dg

from livecc_assets.graph.settings import load_settings
from livecc_assets.graph.step import Step

_settings = load_settings()

#: A new drop of videos is a new partition, added by ``livecc ingest`` or by the sensor.
SOURCE_BATCHES = dg.DynamicPartitionsDefinition(name="source_batch")
SELECTIONS = dg.StaticPartitionsDefinition(sorted(_settings.selections))
EXPERIMENTS = dg.StaticPartitionsDefinition(sorted(_settings.experiments))
INSTRUCTION_SOURCES = dg.StaticPartitionsDefinition(sorted(_settings.profile.instructions))

DEFINITIONS: dict[str | None, dg.PartitionsDefinition | None] = {
    "batch": SOURCE_BATCHES,
    "selection": SELECTIONS,
    "experiment": EXPERIMENTS,
    "source": INSTRUCTION_SOURCES,
    None: None,
}


def _training_sets(kind: str) -> dg.StaticPartitionMapping:
    """From selection to the experiments that train on it; an experiment reads one selection of each kind."""
    readers: dict[str, set[str]] = {}
    for name, experiment in _settings.experiments.items():
        if chosen := getattr(experiment, kind):
            readers.setdefault(chosen, set()).add(name)
    return dg.StaticPartitionMapping({name: readers.get(name, set()) for name in _settings.selections})


def mapping(upstream: Step, downstream: Step) -> dg.PartitionMapping | None:
    """How partitions of ``upstream`` feed those of ``downstream``; None between assets without partitions."""
    if upstream.partitioned_by is None:
        return None
    if upstream.partitioned_by == downstream.partitioned_by:
        return dg.IdentityPartitionMapping()
    if (upstream.partitioned_by, downstream.partitioned_by) == ("selection", "experiment"):
        return _training_sets(upstream.asset)
    return dg.AllPartitionMapping()
