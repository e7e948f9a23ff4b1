"""Blocking checks above an artifact: what was made from a table with too many errors is carried no further.

Dagster stops a run at a failed blocking check. A later run, or a forced one, knows nothing of it; the manifests do.
"""

from collections.abc import Iterable

from livecc_assets.graph.snapshot import StoreSnapshot
from livecc_assets.store.artifact import Artifact


def failed_above(store: StoreSnapshot, artifact: Artifact) -> list[str]:
    """Assets whose blocking check failed: the artifact's own, and those of all that it was made from, in any depth.

    What was pinned counts, as it stands now: a table that was computed again under the same key and passes is let
    through, and a table of another key has made stale what is below it.
    """
    own = set() if artifact.manifest.passed else {artifact.manifest.asset}
    for pin in artifact.manifest.upstream:
        if made := store.at(store.place(pin.asset, pin.partition, pin.input_key)):
            own.update(failed_above(store, made))
    return sorted(own)


def failed_of(store: StoreSnapshot, batch: str) -> list[str]:
    """Assets of a batch whose blocking check failed: where curating it stopped, whatever was to be made below."""
    made = (store.current(asset, batch) for asset in store.assets())
    return sorted(artifact.manifest.asset for artifact in made if artifact and not artifact.manifest.passed)


def look_up(store: StoreSnapshot, artifacts: Iterable[Artifact]) -> None:
    """Read all manifests above several artifacts at once, for :func:`failed_above` to find."""
    level = list(artifacts)
    while level:
        level = store.upstream(level)
