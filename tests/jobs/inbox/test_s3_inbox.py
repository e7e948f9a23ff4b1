"""An inbox in S3: which keys are listed, and what becomes of a prefix whose objects change."""

import boto3
import pytest

from jobs.inbox import places
from livecc_assets.core.errors import PassingError
from livecc_assets.source import folders
from tests.jobs.inbox_ticks import Ticks


def test_a_folder_whose_listing_fails_because_s3_is_away_goes_on_waiting(
    ticks: Ticks, bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_object(Bucket="videos", Key="in/drop-1/v.mp4", Body=b"1")
    ticks.tick()
    seen = folders.look

    def away(uri: str, follow_links: bool = False) -> folders.Look:
        raise PassingError(f"{uri}: nothing answers; check the network")

    monkeypatch.setattr(folders, "look", away)
    with pytest.raises(PassingError, match="nothing answers"):
        ticks.tick()
    monkeypatch.setattr(folders, "look", seen)
    assert ticks.tick() == ["drop-1"]


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
    assert ticks.store.batch("drop-3")["uri"] == "s3://videos/in/drop-3"
    assert (ticks.tick(), ticks.looked_at) == ([], [])


def test_on_s3_a_later_object_is_curated_and_an_emptied_prefix_asks_for_nothing(ticks: Ticks, bucket) -> None:
    for name in ("a", "b"):
        bucket.put_object(Bucket="videos", Key=f"in/{name}/v.mp4", Body=b"1")
    bucket.put_object(Bucket="videos", Key="in/a/_SUCCESS", Body=b"")
    assert ticks.tick() == ["a"]
    assert ticks.tick() == ["b"]
    for name in ("a", "b"):
        ticks.read(name)
    assert ticks.three() == []
    bucket.put_object(Bucket="videos", Key="in/a/w.mp4", Body=b"22")
    assert [ticks.tick(30), ticks.tick(30), ticks.tick(30)] == [[], [], []]
    assert ticks.tick(30) == ["a"]
    ticks.read("a")
    assert ticks.three() == []
    bucket.delete_object(Bucket="videos", Key="in/b/v.mp4")
    assert ticks.three() == []


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
        assert places.later_folders("s3://videos/in/", "b") == ["c"]
    (one,) = asked
    assert one["StartAfter"] > "in/b/zzz"
    assert one["StartAfter"] < "in/c/"
