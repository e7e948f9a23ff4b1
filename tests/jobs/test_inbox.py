"""The inbox sensor looks at what is new, not at what it knows; on a local folder and on S3."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import dagster as dg
import pytest
from moto import mock_aws

from jobs import inbox, sensors
from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.definitions import defs
from livecc_assets.graph.settings import load_settings
from livecc_assets.source import folders


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Ticks:
    """The sensor as the daemon runs it: its cursor is kept, its partitions are added."""

    def __init__(self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self.instance, self.cursor, self.looked_at = instance, None, list[str]()
        real = folders.listing_digest

        def seen(uri: str) -> str:
            self.looked_at.append(uri.rsplit("/", 1)[-1])
            return real(uri)

        monkeypatch.setattr(folders, "listing_digest", seen)

    def tick(self) -> list[str]:
        """Batches that this tick asked to curate."""
        self.looked_at.clear()
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, definitions=defs)
        found = sensors.new_batches(context)
        assert isinstance(found, dg.SensorResult)
        self.cursor = found.cursor
        for request in found.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions("source_batch", list(request.partition_keys))
        return [str(request.partition_key) for request in found.run_requests or []]

    def sweep(self) -> list[str]:
        """A tick after ten minutes."""
        cursor = json.loads(self.cursor or "{}")
        self.cursor = json.dumps(cursor | {"swept": 0.0})
        return self.tick()


@pytest.fixture
def ticks(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Ticks:
    return Ticks(instance, monkeypatch)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "inbox"
    place.mkdir()
    monkeypatch.setenv("LIVECC_INBOX", str(place))
    return place


def _drop(place: Path, name: str) -> None:
    (place / name).mkdir()
    (place / name / "v.mp4").write_bytes(b"1")


def test_known_folders_are_not_looked_at_again(ticks: Ticks, folder: Path) -> None:
    for name in ("a", "b", "c"):
        _drop(folder, name)
    assert ticks.tick() == []
    assert ticks.tick() == ["a", "b", "c"]
    assert (ticks.tick(), ticks.looked_at) == ([], [])
    assert (ticks.sweep(), ticks.looked_at) == ([], [])


def test_a_local_folder_is_seen_at_once_whatever_its_name(ticks: Ticks, folder: Path) -> None:
    _drop(folder, "m")
    ticks.tick()
    ticks.tick()
    _drop(folder, "a")
    ticks.tick()
    assert ticks.looked_at == ["a"]
    assert ticks.tick() == ["a"]


def test_empty_and_hidden_folders_are_let_be_and_one_taken_away_is_forgotten(ticks: Ticks, folder: Path) -> None:
    (folder / "empty").mkdir()
    _drop(folder, ".hidden")
    _drop(folder, "_drafts")
    _drop(folder, "gone")
    ticks.tick()
    (folder / "gone" / "v.mp4").unlink()
    (folder / "gone").rmdir()
    assert ticks.tick() == []
    assert ticks.tick() == []
    assert list(json.loads(ticks.cursor or "")["waiting"]) == ["empty"]
    (folder / "empty" / "v.mp4").write_bytes(b"1")
    assert ticks.tick() == []
    assert ticks.tick() == ["empty"]


def test_a_tick_stops_in_time_and_the_next_goes_on(ticks: Ticks, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        _drop(folder, f"drop-{number}")
    ticks.tick()
    monkeypatch.setattr(sensors, "TICK_SECONDS", -1)
    assert (ticks.tick(), ticks.looked_at) == ([], [])
    monkeypatch.setattr(sensors, "TICK_SECONDS", inbox.TICK_SECONDS)
    assert len(ticks.tick()) == 5


def test_a_batch_that_was_registered_by_a_tick_cut_short_gets_its_partition(ticks: Ticks, folder: Path) -> None:
    _drop(folder, "a")
    load_settings().store().register_batch("a", {"uri": str(folder / "a"), "captions": "optional"})
    ticks.tick()
    assert ticks.tick() == ["a"]


@pytest.mark.parametrize("next_tick", [Ticks.tick, Ticks.sweep], ids=["tick", "sweep"])
def test_a_batch_whose_tick_died_before_its_run_was_noted_is_curated_all_the_same(
    ticks: Ticks, folder: Path, next_tick: Callable[[Ticks], list[str]]
) -> None:
    _drop(folder, "a")
    ticks.tick()
    noted = ticks.cursor
    assert ticks.tick() == ["a"]
    ticks.cursor = noted  # Dagster added the partition and died: neither the run nor the new cursor was kept
    assert next_tick(ticks) == ["a"]
    assert (ticks.tick(), ticks.sweep(), ticks.looked_at) == ([], [], [])


def test_a_batch_that_was_ingested_by_hand_is_let_be(ticks: Ticks, folder: Path) -> None:
    _drop(folder, "a")
    load_settings().store().register_batch("a", {"uri": str(folder / "a"), "captions": "required"})
    ticks.instance.add_dynamic_partitions("source_batch", ["a"])
    assert [ticks.tick(), ticks.tick(), ticks.sweep()] == [[], [], []]
    assert json.loads(ticks.cursor or "")["waiting"] == {}


def test_a_batch_that_is_ingested_by_hand_while_its_folder_waits_is_let_be(ticks: Ticks, folder: Path) -> None:
    _drop(folder, "a")
    ticks.tick()
    load_settings().store().register_batch("a", {"uri": str(folder / "a"), "captions": "required"})
    ticks.instance.add_dynamic_partitions("source_batch", ["a"])
    assert [ticks.tick(), ticks.tick(), ticks.sweep()] == [[], [], []]
    assert json.loads(ticks.cursor or "")["waiting"] == {}


def test_a_name_that_stands_for_other_videos_holds_nobody_up(ticks: Ticks, folder: Path, tmp_path: Path) -> None:
    load_settings().store().register_batch("a", {"uri": str(tmp_path), "captions": "optional"})
    _drop(folder, "a")
    _drop(folder, "b")
    ticks.tick()
    assert ticks.tick() == ["b"]


def test_an_inbox_that_is_gone_is_named_with_the_remedy(ticks: Ticks, folder: Path) -> None:
    _drop(folder, "a")
    ticks.tick()
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="no such folder; create it"):
        ticks.tick()


def test_a_folder_whose_listing_fails_because_s3_is_away_goes_on_waiting(
    ticks: Ticks, bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_object(Bucket="videos", Key="in/drop-1/v.mp4", Body=b"1")
    ticks.tick()
    seen = folders.listing_digest

    def away(uri: str) -> str:
        raise PassingError(f"{uri}: nothing answers; check the network")

    monkeypatch.setattr(folders, "listing_digest", away)
    with pytest.raises(PassingError, match="nothing answers"):
        ticks.tick()
    monkeypatch.setattr(folders, "listing_digest", seen)
    assert ticks.tick() == ["drop-1"]


def test_a_folder_that_may_not_be_listed_is_passed_over_and_the_others_are_not(
    ticks: Ticks, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _drop(folder, "closed")
    _drop(folder, "open")
    seen = folders.listing_digest

    def denied(uri: str) -> str:
        if uri.endswith("closed"):
            raise UserError(f"{uri}: the AWS credentials may not do ListObjectsV2 there; allow it")
        return seen(uri)

    monkeypatch.setattr(folders, "listing_digest", denied)
    ticks.tick()
    assert ticks.tick() == ["open"]


def test_a_cursor_of_the_earlier_form_is_understood() -> None:
    assert inbox.Cursor.read('{"drop-1": "abc"}') == inbox.Cursor(waiting={"drop-1": "abc"})
    assert inbox.Cursor.read(None) == inbox.Cursor()
    kept = inbox.Cursor("b", 7, 1.5, {"c": ""})
    assert inbox.Cursor.read(kept.write()) == kept


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="videos")
        monkeypatch.setenv("LIVECC_INBOX", "s3://videos/in")
        yield client


def test_on_s3_only_names_after_the_known_ones_are_listed_and_the_others_by_a_sweep(ticks: Ticks, bucket) -> None:
    for name in ("drop-1", "drop-2"):
        bucket.put_object(Bucket="videos", Key=f"in/{name}/v.mp4", Body=b"1")
    ticks.tick()
    assert ticks.tick() == ["drop-1", "drop-2"]
    for name in ("drop-10", "drop-2-b", "drop-3"):  # "drop-10" sorts before "drop-2"
        bucket.put_object(Bucket="videos", Key=f"in/{name}/v.mp4", Body=b"1")
    bucket.put_object(Bucket="videos", Key="in/drop-2/later.mp4", Body=b"1")
    ticks.tick()
    assert ticks.looked_at == ["drop-3"]
    assert ticks.tick() == ["drop-3"]
    assert ticks.sweep() == []
    assert ticks.tick() == ["drop-10", "drop-2-b"]
    assert load_settings().store().batch("drop-3")["uri"] == "s3://videos/in/drop-3"
    assert (ticks.tick(), ticks.looked_at) == ([], [])


def test_a_quick_look_asks_the_server_for_later_keys_only(bucket) -> None:
    asked: list[dict] = []
    real = boto3.client

    def listening(*arguments, **options):
        client = real(*arguments, **options)
        client.meta.events.register(
            "provide-client-params.s3.ListObjectsV2", lambda params, **_: asked.append(dict(params))
        )
        return client

    for name in ("a", "b", "c"):
        bucket.put_object(Bucket="videos", Key=f"in/{name}/v.mp4", Body=b"1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "client", listening)
        assert inbox.later_folders("s3://videos/in/", "b") == ["c"]
    (one,) = asked
    assert one["StartAfter"] > "in/b/zzz"
    assert one["StartAfter"] < "in/c/"
