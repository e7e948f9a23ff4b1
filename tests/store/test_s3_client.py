"""The one door to S3: nobody else makes clients, and whoever reads through it gets errors in one line."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import ast
import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pyarrow as pa
import pytest

from livecc_assets.core.errors import PassingError, UnreachableError, UserError
from livecc_assets.models.reference import digest, resolve
from livecc_assets.source.folders import inbox_folders, listing_digest
from livecc_assets.source.listing import entries
from livecc_assets.store import Store, s3_client
from livecc_assets.store.blobs import S3Blobs
from livecc_assets.store.s3_errors import from_arrow
from livecc_assets.store.uris import local_path
from tests.house.places import REPOSITORY
from tests.store.s3_proxy import Proxy
from tests.store.test_s3 import blobs, bucket, endpoint, moto, server  # noqa: F401

READERS: dict[str, Callable[[str, Path], object]] = {
    "listing": lambda address, home: entries(address),
    "listing digest": lambda address, home: listing_digest(address),
    "inbox": lambda address, home: inbox_folders(address),
    "media": lambda address, home: local_path(f"{address}/v.mp4"),
    "model": lambda address, home: resolve(address, home),
    "model digest": lambda address, home: digest(address),
}
SCHEMA = pa.schema([pa.field("text", pa.string())])


def test_nobody_else_makes_clients() -> None:
    found = []
    for folder in ("livecc_assets", "jobs", "resources"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
                module = node.module if isinstance(node, ast.ImportFrom) else ""
                makes = {"boto3", "boto3.session", "botocore.session"} & {*names, module}
                filesystem = isinstance(node, ast.Attribute) and node.attr == "S3FileSystem"
                if makes or filesystem:
                    found.append(str(path.relative_to(REPOSITORY)))
    assert set(found) == {"livecc_assets/store/s3_client.py"}


@pytest.mark.usefixtures("server")
def test_clients_are_made_by_many_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: s3_client.s3_client(), range(32)))
    assert {client.meta.service_model.service_name for client in made} == {"s3"}


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "InvalidAccessKeyId", "does not accept the AWS credentials"),
        (403, "AccessDenied", "allow s3:GetObject and s3:ListBucket"),
        (404, "NoSuchBucket", "it does not exist at http"),
    ],
)
@pytest.mark.parametrize("name", READERS)
def test_every_reader_tells_a_refusal_in_one_line(
    name: str, status: int, code: str, said: str, blobs: S3Blobs, server: Proxy, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    server.fault("HEAD", "", (status, code), times=99)
    server.fault("GET", "", (status, code), times=99)
    with pytest.raises(UserError, match=said) as caught:
        READERS[name](blobs.root, tmp_path)
    assert type(caught.value) is UserError and "\n" not in str(caught.value)
    assert str(caught.value).startswith(blobs.root)
    assert "LIVECC_ROOT" not in str(caught.value), "that is not what names this address"


@pytest.mark.parametrize("name", READERS)
def test_every_reader_tells_a_busy_server_from_one_that_is_not_there(
    name: str, blobs: S3Blobs, server: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    monkeypatch.setattr(s3_client, "TRIES", 1)
    monkeypatch.setitem(s3_client._INBOX, "tries", 1)
    for method in ("HEAD", "GET"):
        server.fault(method, "", (503, "SlowDown"), times=99)
    with pytest.raises(PassingError, match=r"does not serve \(SlowDown\)") as caught:
        READERS[name](blobs.root, tmp_path)
    assert not isinstance(caught.value, UnreachableError)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UnreachableError, match="nothing answers at"):
        READERS[name](blobs.root, tmp_path)


def test_an_object_that_is_not_there_is_no_error_and_a_bucket_is(
    blobs: S3Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    assert not local_path(f"{blobs.root}/absent.mp4").exists()
    with pytest.raises(UserError, match="bucket cannot be used"):
        local_path("s3://no-such-bucket/absent.mp4")


@pytest.fixture
def store(blobs: S3Blobs, tmp_path: Path) -> Store:
    """A store that holds one table."""
    store = Store(blobs.root, tmp_path / "cache")
    writer = store.write("words", "a", "k", SCHEMA, code_version="1", config={}, upstream=[])
    writer.add({"text": "goal"})
    writer.commit()
    return store


def refused(store: Store) -> UserError:
    found = store.at("words/a/k")
    assert found is not None
    with pytest.raises(UserError) as caught:
        list(found.rows())
    assert store.root in str(caught.value) and "\n" not in str(caught.value)
    return caught.value


def test_a_table_that_may_not_be_read_is_one_line(store: Store, server: Proxy) -> None:
    for method in ("HEAD", "GET"):
        server.fault(method, r"\.parquet", (403, "AccessDenied"), times=99)
    assert "the AWS credentials may not do" in str(refused(store))


def test_a_table_that_is_gone_is_one_line(store: Store) -> None:
    found = store.at("words/a/k")
    assert found is not None
    for file in found.manifest.files:
        store.blobs.delete(file.key)
    assert "is gone or damaged; `livecc verify --repair`" in str(refused(store))


def test_a_server_that_goes_away_under_a_table_may_come_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = store.at("words/a/k")
    assert found is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(s3_client, "TRIES", 1)
    store.blobs.fs = s3_client.s3_filesystem()
    with pytest.raises(UnreachableError, match="nothing answers at"):
        list(found.rows())


def test_a_table_that_may_not_be_written_is_one_line(store: Store, server: Proxy) -> None:
    for method in ("PUT", "POST"):
        server.fault(method, r"\.parquet", (403, "AccessDenied"), times=99)
    writer = store.write("words", "b", "k", SCHEMA, code_version="1", config={}, upstream=[])
    writer.add({"text": "goal"})
    with pytest.raises(UserError, match="the AWS credentials may not do") as caught:
        writer.commit()
    assert str(caught.value).startswith(f"{store.root}: ") and "\n" not in str(caught.value)


def test_an_error_of_this_machine_is_not_blamed_on_s3() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/x")
    assert from_arrow(full, "http://here") is None
    with pytest.raises(OSError, match="No space left"), s3_client.explained("s3://a/b", "LIVECC_ROOT", arrow=True):
        raise full
    with pytest.raises(FileNotFoundError), s3_client.explained("s3://a/b", "LIVECC_ROOT"):
        raise FileNotFoundError("a local file")
