"""Every experiment's scores, commentary and their versions, as the leaderboard reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from livecc_assets.evaluation import leaderboard as board
from livecc_assets.store.artifact import Artifact


def gather(artifacts: Iterable[Artifact]) -> dict[str, board.ExperimentScores]:
    """Scores and commentary by experiment, which is their partition; with versions of them and of what they read."""
    scores: dict[str, dict[str, list[dict[str, Any]]]] = {}
    commentary: dict[str, list[dict[str, Any]]] = {}
    versions: dict[str, dict[str, str]] = {}
    for artifact in artifacts:
        asset, name = artifact.asset, artifact.partition
        pins = {f"{pin.asset}[{pin.partition}]": pin.data_version for pin in artifact.manifest.upstream}
        own = {f"{asset}[{name}]": artifact.data_version}
        versions.setdefault(name, {}).update(pins | own)
        if asset == "livesports_commentary":
            commentary[name] = list(artifact.rows())
        else:
            scores.setdefault(name, {})[asset] = list(artifact.rows())
    return {
        name: board.ExperimentScores(scores.get(name, {}), commentary.get(name, ()), versions[name])
        for name in sorted(versions)
    }
