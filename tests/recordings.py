"""Where recorded files lie: golden vectors in the repository, and those that may not be copied beside the checkout."""

import os
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parent / "golden"
_BESIDE = GOLDEN.parents[2] / "shared"


def not_in_the_repository(name: str) -> Path:
    """A file or folder of ``LIVECC_SHARED`` (default: ``../shared``); skips the test where it is absent."""
    path = Path(os.environ.get("LIVECC_SHARED", _BESIDE)) / name
    if not path.exists():
        pytest.skip(f"{name} may not be copied into the repository and is not in LIVECC_SHARED or ../shared")
    return path


class Media:
    """Short real videos and speech. The public-domain ones are in the repository, the others beside the checkout."""

    def __truediv__(self, name: str) -> Path:
        """Path of one file. Skips the test where the file may not be copied and is absent."""
        inside = GOLDEN / "media" / name
        return inside if inside.exists() else not_in_the_repository(f"media/{name}")
