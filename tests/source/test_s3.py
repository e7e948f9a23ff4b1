"""A prefix of an object store is read like a folder."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.opening import open_media
from livecc_assets.source import listing
from livecc_assets.source.candidates import scan
from livecc_assets.source.evaluation_lists import evaluation_ids
from livecc_assets.source.ingest import named, source_rows
from livecc_assets.store.uris import local_path


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="films")
        yield lambda key, body: client.put_object(Bucket="films", Key=key, Body=body)


def test_prefix_gives_rows_and_rejected_rows(bucket, template, subrip):
    bucket("drop/match.mp4", template)
    bucket("drop/match.en.srt", subrip().encode())
    bucket("drop/match.info.json", b'{"title": "From the store", "categories": ["Sports"]}')
    bucket("drop/empty.mp4", b"")
    bucket("drop/../outside.mp4", template)
    bucket("drop2/other.mp4", template)
    bucket("drop/sub/", b"")
    found = list(
        source_rows(named(scan("s3://films/drop")), {"min_height": 96, "min_duration": 5, "min_distinct_words": 8})
    )
    rows = [row for row in found if isinstance(row, dict)]
    assert [(row["path"], row["title"]) for row in rows] == [("match.mp4", "From the store")]
    assert rows[0]["subtitles"]
    reasons = {r.video_id: (r.kind, r.reason) for r in found if not isinstance(r, dict) and "#" not in r.id}
    assert reasons == {"outside": ("error", "outside_folder"), "empty": ("error", "empty_file")}


def test_listing_of_more_than_a_page_is_complete(bucket, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    for number in range(7):
        bucket(f"many/{number}.txt", b"x")
    assert [entry.name for entry in listing.entries("s3://films/many/")] == [f"{number}.txt" for number in range(7)]


def test_messages_name_an_object_as_they_name_a_file(bucket):
    bucket("drop/match.mp4", b"no video")
    assert local_path("s3://films/drop/match.mp4").read_bytes() == b"no video"
    with pytest.raises(MediaError, match=r"match\.mp4 "):
        open_media("s3://films/drop/match.mp4")
    with pytest.raises(MediaError, match=r"missing: other\.mp4 does not exist"):
        open_media("s3://films/drop/other.mp4")


def test_a_list_of_evaluation_videos_that_is_not_in_the_store_is_told_like_a_missing_file(bucket, tmp_path):
    for absent in ("s3://films/lists/eval.txt", str(tmp_path / "eval.txt")):
        task: Any = SimpleNamespace(config={"files": {"mine": absent}}, inputs={})
        with pytest.raises(UserError, match=f"{absent}: this list of evaluation videos is not there; mend"):
            list(evaluation_ids(task.config, None))
