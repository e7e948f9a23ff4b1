"""Lineage from the manifests alone: what an artifact was made from, back to the source batches."""

from collections.abc import Iterator

from livecc_assets.core.errors import UserError
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store


def tree(store: Store, asset: str, partition: str) -> Iterator[str]:
    """Lines of an indented tree, the artifact first; one seen before is named without its branch."""
    start = store.current(asset, partition)
    if start is None:
        raise UserError(f"{asset}[{partition}] was never materialised; see `livecc status`")
    yield from _branch(store, start, 0, set())


def _branch(store: Store, artifact: Artifact, depth: int, seen: set[str]) -> Iterator[str]:
    manifest = artifact.manifest
    name = f"{manifest.asset}[{manifest.partition}] {manifest.data_version}"
    known = name in seen
    seen.add(name)
    rows = f" {manifest.rows} rows" if manifest.columns else ""
    yield f"{'  ' * depth}{name}{rows}{' (above)' if known and manifest.upstream else ''}"
    for pin in () if known else manifest.upstream:
        found = store.at(store.place(pin.asset, pin.partition, pin.input_key))
        if found is None:
            yield f"{'  ' * (depth + 1)}{pin.asset}[{pin.partition}] {pin.data_version} (no longer in the store)"
        else:
            yield from _branch(store, found, depth + 1, seen)
