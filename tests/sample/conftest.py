"""A small batch of the sample world, made once for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.sample.world import expected, generate_batch

NAME, SEED, MATCHES = "tiny", 900, 3


@dataclass(frozen=True)
class Batch:
    """A generated folder and the fates that the world expects of its special videos."""

    folder: Path
    fates: dict[str, dict[str, Any]]

    def special(self, kind: str) -> str:
        """The id of the special video of a kind."""
        return next(id for id, about in self.fates.items() if about["special"] == kind)


@pytest.fixture(scope="session")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    folder = tmp_path_factory.mktemp("world") / NAME
    generate_batch(folder, NAME, SEED, MATCHES, "train")
    return Batch(folder, expected(folder))
