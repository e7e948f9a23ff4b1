"""The Monday schedules as the daemon sees them: what they ask for in a state that nobody prepared."""

import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from jobs import schedules
from jobs.schedules import TICK, curation_requests, selection_requests, stale
from livecc_assets.graph.settings import load_settings
from livecc_assets.graph.status import PartitionStatus
from tests.jobs.code_server import MONDAY, persistent_instance, schedule_tick


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    with persistent_instance(tmp_path) as made:
        yield made


def _register(name: str, folder: Path) -> None:
    (folder / name).mkdir(parents=True)
    load_settings().store().register_batch(name, {"uri": str(folder / name), "captions": "required"})


def _selection(name: str, folder: Path) -> None:
    """A selection that was written after the graph was loaded."""
    shipped = load_settings().selections["sample"].as_config()
    (folder / "selections").mkdir()
    (folder / "selections" / f"{name}.yaml").write_text(yaml.safe_dump(shipped))


def test_every_batch_that_is_not_current_is_asked_for(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    for name in ("one", "two"):
        _register(name, tmp_path / "videos")
        instance.add_dynamic_partitions("source_batch", [name])
    asked = schedule_tick(instance, "recurate").run_requests or []
    assert [(request.job_name, request.partition_key) for request in asked] == [("curate", "one"), ("curate", "two")]
    assert all(request.tags[TICK] == MONDAY.isoformat() for request in asked)


def test_selections_wait_while_batches_need_curating(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    _register("one", tmp_path / "videos")
    found = schedule_tick(instance, "reselect")
    assert (found.run_requests, found.skip_message) == ([], "1 batches are curated first")


def test_a_batch_that_dagster_lost_or_never_heard_of_is_curated_like_the_others(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    for name in ("known", "lost", "lost-too"):
        _register(name, tmp_path / "videos")
    instance.add_dynamic_partitions("source_batch", ["known"])
    asked = schedule_tick(instance, "recurate").run_requests or []
    assert [request.partition_key for request in asked] == ["known", "lost", "lost-too"]
    assert sorted(instance.get_dynamic_partitions("source_batch")) == ["known", "lost", "lost-too"]
    again = schedule_tick(instance, "recurate").run_requests or []
    assert [request.run_key for request in again] == [request.run_key for request in asked]


def test_no_partition_is_added_for_a_batch_that_is_not_asked_for(instance: dg.DagsterInstance) -> None:
    assert schedule_tick(instance, "recurate").skip_message == "every batch is current"
    assert instance.get_dynamic_partitions("source_batch") == []


def test_a_selection_written_after_the_graph_was_loaded_holds_up_none_of_the_others(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    _selection("later", tmp_path)
    assert "later" in load_settings().selections
    asked = schedule_tick(instance, "reselect").run_requests or []
    assert [request.partition_key for request in asked] == ["sample"]
    assert asked[0].run_key == f"{MONDAY.isoformat()}:select:sample"


def test_the_log_says_how_a_selection_that_is_not_loaded_comes_in(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    _selection("later", tmp_path)
    schedule_tick(instance, "reselect")
    kept = "".join(path.read_text() for path in (tmp_path / "dagster").rglob("*.err"))
    assert "later" in kept
    assert "reload the code location" in kept


def test_a_batch_whose_folder_is_gone_is_asked_for_by_no_tick(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    load_settings().store().register_batch("drop", {"uri": str(tmp_path / "gone"), "captions": "required"})
    for _ in range(3):
        assert not schedule_tick(instance, "recurate").run_requests


def test_the_reason_that_a_run_is_tagged_with_tells_no_secret(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "planted-value-77")
    folder = tmp_path / "videos"
    folder.mkdir()
    load_settings().store().register_batch("drop", {"uri": str(folder), "captions": "required"})
    why = PartitionStatus("yt_cc_source", "drop", "stale", "s3://planted-value-77/videos changed")
    monkeypatch.setattr("jobs.schedules.partition_statuses", lambda *_: [why])
    (asked,) = curation_requests("tick", instance)
    assert "[secret]" in asked.tags["livecc/reason"]
    assert "planted-value-77" not in str(asked.tags)


def test_an_invalid_selection_is_logged_and_the_others_are_made(
    instance: dg.DagsterInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "selections").mkdir()
    path = tmp_path / "selections" / "broken.yaml"
    path.write_text("profile: sample\nlive_cc: {batches: [a], los: [1, 2]}\n")
    log = logging.getLogger("tick")
    with caplog.at_level(logging.WARNING, "tick"):
        asked = selection_requests("monday", log)
    assert [request.partition_key for request in asked] == ["sample"]
    assert asked[0].asset_selection == [dg.AssetKey("live_cc"), dg.AssetKey("live_whisperx")]
    assert f"selection broken is left out: {path}, line 2: live_cc.los: unknown key" in caplog.text
    assert "broken" not in stale("selection")


def test_a_run_holds_what_is_stale_and_what_follows_from_it_and_goes_behind_those_of_people(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [
        PartitionStatus("yt_cc_source", "one", "current", ""),
        PartitionStatus("spoken_words", "one", "stale", "code version 1 → 2"),
        PartitionStatus("sentence_clips", "one", "current", ""),
        PartitionStatus("caption_clip_losses", "two", "stale", "config changed: model"),
        PartitionStatus("caption_words", "three", "held", "too many errors"),
    ]
    monkeypatch.setattr(schedules, "partition_statuses", lambda *_: states)
    one, two = curation_requests("monday", instance)
    assert {key.to_user_string() for key in one.asset_selection or ()} == {
        *("spoken_words", "sentence_clips", "sentence_clip_losses"),
        *("active_speaker_ratios", "commentary_queries", "language_scores"),
    }
    assert [key.to_user_string() for key in two.asset_selection or ()] == ["caption_clip_losses"]
    assert all(int(request.tags["dagster/priority"]) < 0 for request in (one, two))
    assert one.tags["livecc/reason"] == "spoken_words: code version 1 → 2"
