"""Artifacts as Dagster inputs, for assets and notebooks of others. Read-only: the assets write through the store."""

from pathlib import Path
from typing import Any

import dagster as dg

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.graph.step import ALL
from livecc_assets.store.artifact import ROWS, Artifact
from livecc_assets.store.store import Store


class Artifacts(dg.IOManager):
    """Hands out the current artifact of a partition.

    A table is a ``pyarrow.Table``, or a ``pyarrow.dataset.Dataset`` where the input is annotated so, which reads a piece
    at a time. A checkpoint is the ``Path`` of a local folder. Several partitions are a dict by partition.
    """

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Refuse: what stands in the store has a manifest, which only the graph's own steps can write."""
        asset = context.asset_key.to_user_string()
        raise UserError(f"{asset}: the IO manager `artifacts` is read-only; give your asset another io_manager_key")

    def load_input(self, context: dg.InputContext) -> Any:
        """The input's partition, or all of them."""
        settings = load_settings()
        store, asset = settings.store(), context.asset_key.to_user_string()
        wanted = context.dagster_type.typing_type
        if not context.has_asset_partitions:
            return _value(_current(store, asset, ALL), wanted, settings.home)
        names = list(context.asset_partition_keys)
        if len(names) == 1:
            return _value(_current(store, asset, names[0]), wanted, settings.home)
        return {name: _value(_current(store, asset, name), wanted, settings.home) for name in names}


def _current(store: Store, asset: str, partition: str) -> Artifact:
    found = store.current(asset, partition)
    if found is None:
        where = "" if partition == ALL else f"[{partition}]"
        raise UserError(f"{asset}{where} was never materialised; materialise it first, see `livecc status`")
    return found


def _value(artifact: Artifact, wanted: Any, home: Path) -> Any:
    if ROWS not in artifact.names:
        from livecc_assets.models.checkpoint import checkpoint_folder

        return checkpoint_folder(artifact, home)
    from pyarrow.dataset import Dataset  # brings pandas along, which loading the location can do without

    found = artifact.dataset()
    return found if isinstance(wanted, type) and issubclass(wanted, Dataset) else found.to_table()
