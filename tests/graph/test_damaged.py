"""A damaged artifact is stale with its reason, and the next run makes it again without a wait."""

import pytest

from livecc_assets.graph.status import PartitionStatus, partition_statuses


def status(world, asset: str) -> PartitionStatus:
    (found,) = partition_statuses([world.steps[asset]], world.settings, world.store)
    return found


@pytest.fixture
def made(world):
    world.batch("a", [1, 2])
    assert world.run("numbers", "doubled", partition="a").success
    world.calls()
    return world


def table(world, asset: str) -> str:
    found = world.store.current(asset, "a").manifest.files
    return next(file.key for file in found if file.name == "rows.parquet")


@pytest.mark.parametrize("asset", ["numbers", "doubled"])
def test_a_part_that_is_gone_is_made_again_by_the_next_run(made, asset: str) -> None:
    made.store.blobs.delete(table(made, asset))
    result = made.run("numbers", "doubled", partition="a")
    assert result.success
    assert made.calls() == [asset], "the rows are the same, so nothing else is stale"
    assert made.store.current("doubled", "a").count == 2
    assert len(list(made.store.current(asset, "a").rows())) == 2


def test_an_empty_manifest_is_told_and_made_again_and_the_others_stand(made) -> None:
    place = made.store.pointer("numbers", "a").place
    made.store.blobs.put(f"{place}/manifest.json", b"")
    found = status(made, "numbers")
    assert (found.state, found.why) == ("stale", "its manifest is damaged")
    assert status(made, "doubled").state in ("stale", "blocked")
    assert made.run("numbers", "doubled", partition="a").success
    assert made.calls() == ["numbers"]
    assert {status(made, name).state for name in ("numbers", "doubled")} == {"current"}


def test_whoever_reads_a_damaged_input_alone_is_told_in_one_line(made) -> None:
    made.store.blobs.delete(table(made, "numbers"))
    result = made.run("doubled", partition="a", tags={"livecc/force": "doubled"})
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    said = failure.step_failure_data.user_failure_data.description
    assert "numbers[a]" in said and "livecc verify --repair" in said
