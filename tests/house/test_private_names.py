"""Dagster is used by its public names; the few others stand in one module."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.places import PACKAGES, REPOSITORY

ONE_PLACE = "livecc_assets/orchestration/private.py"


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_private(target: str) -> bool:
    first, _, rest = target.partition(".")
    return first.startswith("dagster") and any(part.startswith("_") for part in rest.split("."))


@pytest.mark.parametrize(
    ("target", "private"),
    [("dagster._core.events", True), ("dagster.AssetKey", False), ("dagster_pipes", False), ("dagster_k8s._x", True)],
)
def test_the_rule_knows_a_private_name(target: str, private: bool) -> None:
    assert is_private(target) == private


def test_one_module_names_what_dagster_has_not_made_public() -> None:
    files = [file for package in PACKAGES for file in (REPOSITORY / package).rglob("*.py")]
    found = {file for file in files if any(map(is_private, imported(file)))}
    assert found == {REPOSITORY / ONE_PLACE}


def test_it_names_nothing_that_has_a_public_name_by_now() -> None:
    import dagster

    from livecc_assets.orchestration import private

    assert [name for name in private.__all__ if hasattr(dagster, name)] == []
