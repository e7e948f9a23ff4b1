"""Dagster is used by its public names; the few others stand in one module."""

import pytest

from tests.house.syntax import imports, modules

ONE_PLACE = "livecc_assets.orchestration.private"


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
    found = {module for module in modules() for one in imports(module) if is_private(one.target)}
    assert found == {ONE_PLACE}


def test_it_names_nothing_that_has_a_public_name_by_now() -> None:
    import dagster

    from livecc_assets.orchestration import private

    assert [name for name in private.__all__ if hasattr(dagster, name)] == []
