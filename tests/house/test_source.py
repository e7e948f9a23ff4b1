"""What every file of the source has to satisfy, whoever wrote it."""

from pathlib import Path
from statistics import median

from tests.house.places import PACKAGES, REPOSITORY

MAX_LINES = 400
MEDIAN_LINES = 100


def lengths(*folders: str) -> dict[str, int]:
    """Lines of every Python file by its path; an empty ``__init__.py`` is no file to read."""
    found: dict[str, Path] = {}
    for folder in folders:
        found |= {str(path.relative_to(REPOSITORY)): path for path in sorted((REPOSITORY / folder).rglob("*.py"))}
    counted = {name: len(path.read_text("utf-8").splitlines()) for name, path in found.items()}
    return {name: lines for name, lines in counted.items() if lines}


def test_no_file_is_too_long_to_read() -> None:
    found = lengths(*PACKAGES, "tests", "scripts", "benchmarks")
    assert len(found) > 60
    assert {name: lines for name, lines in found.items() if lines > MAX_LINES} == {}


def test_most_files_are_read_at_one_sitting() -> None:
    assert median(lengths(*PACKAGES, "scripts", "benchmarks").values()) <= MEDIAN_LINES


def test_the_tests_weigh_as_much_as_the_code() -> None:
    assert sum(lengths("tests").values()) >= sum(lengths(*PACKAGES).values())


def test_tests_mirror_the_tree() -> None:
    """A folder of tests belongs to a part of the tree; ``house``, ``graph``, ``security`` and ``cluster`` are about the whole."""
    parts = {path.name for path in (REPOSITORY / "livecc_assets").iterdir() if path.is_dir()}
    found = {path.name for path in (REPOSITORY / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert found - parts <= {"house", "graph", "security", "jobs", "resources", "golden", "k8s", "cluster"}
