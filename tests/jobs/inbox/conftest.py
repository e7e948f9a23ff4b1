"""An inbox, on this machine or in S3, and its sensor."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import dagster as dg
import pytest
from moto import mock_aws

from tests.jobs.inbox_ticks import Ticks


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def ticks(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Ticks:
    return Ticks(instance, monkeypatch)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "inbox"
    place.mkdir()
    monkeypatch.setenv("LIVECC_INBOX", str(place))
    return place


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
