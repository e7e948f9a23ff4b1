"""Where the project's files lie."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("livecc_assets", "jobs", "resources")
