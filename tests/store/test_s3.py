"""The store on S3 when things go wrong: moto's server behind a proxy that fails as networks and busy servers do."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pytest

from livecc_assets.core import retry
from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.store import Store, lease, s3_client, s3_transfer
from livecc_assets.store.blobs import ConflictError, S3Blobs, open_blobs
from livecc_assets.store.garbage import collect
from tests.store.s3_proxy import Proxy, proxy

MIB = 1 << 20
SCHEMA = pa.schema([pa.field("video_id", pa.string(), nullable=False)])
PART = r"partNumber=\d+"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def endpoint(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server behind the proxy; the environment has its credentials. tests/cluster puts a real one here."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    return moto


@pytest.fixture
def bucket(endpoint: str) -> str:
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="livecc")
    return "livecc"


@pytest.fixture
def server(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy as this machine's S3, with parts of the least size and short pauses."""
    monkeypatch.setattr(s3_transfer, "PART", 5 * MIB)
    monkeypatch.setattr(retry, "PAUSES", (0.05, 0.05))
    monkeypatch.setattr(s3_client, "TRIES", 3)
    with proxy(endpoint) as one:
        monkeypatch.setenv("AWS_ENDPOINT_URL", one.url)
        yield one


@pytest.fixture
def blobs(server: Proxy, bucket: str, tmp_path: Path) -> Iterator[S3Blobs]:
    found = open_blobs(f"s3://{bucket}/{tmp_path.name}-{secrets.token_hex(4)}")
    assert isinstance(found, S3Blobs)
    server.seen.clear()
    yield found
    server.faults.clear()
    list(found.unfinished(0, delete=True))
    for item in list(found.listed("")):
        found.delete(item.key)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of four parts, the last one short."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(os.urandom(17 * MIB))
    return path


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def uploads(blobs: S3Blobs) -> list[str]:
    return [item.key for item in blobs.unfinished(0)]


def test_a_large_file_goes_up_in_parts_with_checksums_and_comes_back_the_same(
    blobs: S3Blobs, server: Proxy, large: Path, tmp_path: Path
) -> None:
    sent = []
    blobs.bulk.meta.events.register("before-send.s3.UploadPart", lambda request, **_: sent.append(request.headers))
    found = blobs.upload(large, "a/model")
    assert found == sha(large)
    assert len(sent) == 4
    assert all("x-amz-checksum-crc32" in headers for headers in sent)
    assert blobs.local("a/model", tmp_path / "cache", found).read_bytes() == large.read_bytes()
    assert blobs.local("a/model", tmp_path / "uncompared").read_bytes() == large.read_bytes()
    assert server.count("GET", "a/model$") == 8
    assert uploads(blobs) == []


def test_part_sizes_grow_so_that_the_largest_object_fits() -> None:
    assert s3_transfer.part_size(2 << 30) == s3_transfer.PART
    largest = s3_transfer.part_size(5 << 40)
    assert largest * s3_transfer.MAX_PARTS >= 5 << 40
    assert largest <= 5 << 30


@pytest.mark.parametrize("act", [(503, "SlowDown"), (500, "InternalError"), "cut_request", "lose_answer"])
def test_a_part_that_fails_twice_is_sent_again(blobs: S3Blobs, server: Proxy, large: Path, act) -> None:
    fault = server.fault("PUT", "partNumber=2", act, times=2)
    found = blobs.upload(large, "a/model")
    assert fault.done == 2
    assert blobs.get("a/model") is not None
    assert found == sha(large)
    assert server.count("PUT", "partNumber=1") == 1


def test_an_outage_longer_than_the_tries_of_one_request_resends_no_stored_part(
    blobs: S3Blobs, server: Proxy, large: Path
) -> None:
    server.fault("PUT", "partNumber=4", (503, "ServiceUnavailable"), times=4)
    blobs.upload(large, "a/model")
    assert server.count("PUT", "partNumber=4") == 5
    assert [server.count("PUT", f"partNumber={number}") for number in (1, 2, 3)] == [1, 1, 1]


def test_a_later_call_takes_up_an_upload_that_broke_off(blobs: S3Blobs, server: Proxy, large: Path) -> None:
    fault = server.fault("PUT", "partNumber=3", (500, "InternalError"), times=99)
    with pytest.raises(PassingError, match=r"does not serve \(InternalError\)"):
        blobs.upload(large, "a/model")
    assert blobs.get("a/model") is None
    assert uploads(blobs) == ["a/model"]
    fault.times = 0
    server.seen.clear()
    assert blobs.upload(large, "a/model") == sha(large)
    assert server.count("PUT", PART) < 4
    assert server.count("PUT", "partNumber=1") == 0
    found = blobs.get("a/model")
    assert found is not None
    assert found[0] == large.read_bytes()


@pytest.mark.parametrize("answer", [(403, "AccessDenied"), (501, "NotImplemented")])
def test_without_the_means_to_list_uploads_a_large_file_still_goes_up(
    blobs: S3Blobs, server: Proxy, large: Path, answer: tuple[int, str]
) -> None:
    fault = server.fault("GET", r"\?uploads", answer, times=99)
    assert blobs.upload(large, "a/model") == sha(large)
    assert fault.done == 1
    fault.times = 0


def test_parts_of_another_content_are_not_taken_up(blobs: S3Blobs, server: Proxy, large: Path) -> None:
    fault = server.fault("PUT", "partNumber=4", (500, "InternalError"), times=99)
    with pytest.raises(PassingError, match=r"does not serve \(InternalError\)"):
        blobs.upload(large, "a/model")
    fault.times = 0
    with large.open("r+b") as file:
        file.write(b"other bytes")
    assert blobs.upload(large, "a/model") == sha(large)
    found = blobs.get("a/model")
    assert found is not None
    assert found[0] == large.read_bytes()


def test_a_completion_whose_answer_is_lost_counts_as_done(blobs: S3Blobs, server: Proxy, large: Path) -> None:
    server.fault("POST", "uploadId=", "lose_answer")
    assert blobs.upload(large, "a/model") == sha(large)
    assert server.count("PUT", PART) == 4
    found = blobs.get("a/model")
    assert found is not None
    assert found[0] == large.read_bytes()


def test_an_upload_that_was_swept_away_under_the_writer_begins_again(
    blobs: S3Blobs, server: Proxy, large: Path
) -> None:
    server.fault("POST", "uploadId=", (404, "NoSuchUpload"))
    assert blobs.upload(large, "a/model") == sha(large)
    assert blobs.get("a/model") is not None


def test_an_upload_that_nothing_can_mend_is_aborted(blobs: S3Blobs, server: Proxy, large: Path) -> None:
    server.fault("PUT", "partNumber=2", (403, "AccessDenied"), times=99)
    with pytest.raises(UserError, match="may not do UploadPart"):
        blobs.upload(large, "a/model")
    assert uploads(blobs) == []


def test_a_file_that_changes_while_it_is_stored_is_refused(blobs: S3Blobs, large: Path) -> None:
    def change(**_: object) -> None:
        with large.open("ab") as file:
            file.write(b"more")

    blobs.bulk.meta.events.register("before-call.s3.UploadPart", change)
    with pytest.raises(UserError, match="changed while it was being stored"):
        blobs.upload(large, "a/model")
    assert blobs.get("a/model") is None
    assert uploads(blobs) == []


def test_a_range_that_breaks_off_is_read_again(blobs: S3Blobs, server: Proxy, large: Path, tmp_path: Path) -> None:
    found = blobs.upload(large, "a/model")
    fault = server.fault("GET", "a/model$", "cut_answer", times=2, after=1)
    assert blobs.local("a/model", tmp_path / "cache", found).read_bytes() == large.read_bytes()
    assert fault.done == 2


def test_bytes_that_differ_from_the_manifest_are_refused_and_not_kept(
    blobs: S3Blobs, server: Proxy, large: Path, tmp_path: Path
) -> None:
    found = blobs.upload(large, "a/model")
    fault = server.fault("GET", "a/model$", "spoil_answer")
    with pytest.raises(UserError, match=r"a/model: the stored bytes are damaged .* materialise"):
        blobs.local("a/model", tmp_path / "cache", found)
    assert fault.done == 1
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
    assert blobs.local("a/model", tmp_path / "cache", found).read_bytes() == large.read_bytes()


def test_a_small_object_whose_body_breaks_off_is_read_again(blobs: S3Blobs, server: Proxy) -> None:
    blobs.put("x", b"0123456789")
    server.fault("GET", "/x$", "cut_answer", times=2)
    found = blobs.get("x")
    assert found is not None
    assert found[0] == b"0123456789"


def test_requests_survive_more_failures_than_one_request_is_tried(blobs: S3Blobs, server: Proxy) -> None:
    for method, path in (("PUT", "/x$"), ("GET", "/x$"), ("GET", "list-type"), ("DELETE", "/x$")):
        server.fault(method, path, (503, "ServiceUnavailable"), times=4)
    blobs.put("x", b"1")
    assert blobs.get("x") is not None
    assert [item.key for item in blobs.listed("")] == ["x"]
    blobs.delete("x")
    assert blobs.get("x") is None
    assert all(fault.done == 4 for fault in server.faults)


@pytest.mark.parametrize("times", [1, 4])
def test_a_commit_whose_answer_is_lost_is_known_as_the_writers_own(blobs: S3Blobs, server: Proxy, times: int) -> None:
    server.fault("PUT", "manifest.json", "lose_answer", times=times)
    blobs.create("a/manifest.json", b"attempt 1")
    found = blobs.get("a/manifest.json")
    assert found is not None
    server.fault("PUT", "manifest.json", "lose_answer", times=times)
    blobs.replace("a/manifest.json", b"attempt 2", found[1])
    found = blobs.get("a/manifest.json")
    assert found is not None
    assert found[0] == b"attempt 2"


def test_a_commit_that_lost_a_race_while_its_answers_failed_is_a_conflict(blobs: S3Blobs, server: Proxy) -> None:
    blobs.put("a/manifest.json", b"another writer's")
    server.fault("PUT", "manifest.json", (500, "InternalError"), times=2)
    with pytest.raises(ConflictError):
        blobs.create("a/manifest.json", b"mine")
    with pytest.raises(ConflictError):  # equal bytes are no excuse where the first answer already says no
        blobs.create("a/manifest.json", b"another writer's")


def test_a_commit_that_meets_another_one_at_work_asks_again(blobs: S3Blobs, server: Proxy) -> None:
    server.fault("PUT", "manifest.json", (409, "ConditionalRequestConflict"), times=2)
    blobs.create("a/manifest.json", b"mine")
    assert blobs.get("a/manifest.json") is not None
    server.fault("PUT", "manifest.json", (409, "ConditionalRequestConflict"), times=99)
    with pytest.raises(ConflictError):
        blobs.create("b/manifest.json", b"mine")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, "ExpiredToken", "credentials have expired"),
        (403, "RequestTimeTooSkewed", "set this machine's clock"),
        (403, "AccessDenied", "may not do PutObject"),
        (403, "InvalidAccessKeyId", "does not accept the AWS credentials"),
        (404, "NoSuchBucket", "does not exist at http.*create it"),
    ],
)
def test_what_its_user_can_mend_is_one_line_with_the_root_and_the_remedy(
    blobs: S3Blobs, server: Proxy, status: int, code: str, words: str
) -> None:
    server.fault("PUT", "/x$", (status, code), times=99)
    with pytest.raises(UserError, match=words) as caught:
        blobs.put("x", b"1")
    assert str(caught.value).startswith(f"{blobs.root}: ")
    assert "\n" not in str(caught.value)
    server.fault("GET", "list-type", (status, code), times=99)
    with pytest.raises(UserError, match=words.replace("PutObject", "ListObjectsV2")):
        open_blobs(blobs.root)


def test_a_server_that_is_not_there_and_absent_credentials_are_told_apart(
    blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"bucket cannot be used.*does not exist"):
        open_blobs("s3://no-such-bucket/x")
    with pytest.raises(UserError, match="no bucket is named"):
        open_blobs("s3:///x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"nothing answers at http://127\.0\.0\.1:9"):
        open_blobs(blobs.root)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(UserError, match="set AWS_ACCESS_KEY_ID"):
        open_blobs(blobs.root)


def test_the_sweep_spares_uploads_that_are_young_or_still_fed_or_of_another_root(blobs: S3Blobs, server: Proxy) -> None:
    other = S3Blobs(f"{blobs.root}-other")
    for root in (blobs, other):
        place = {"Bucket": root.bucket, "Key": f"{root.prefix}/words/model"}
        upload = root.client.create_multipart_upload(**place)["UploadId"]
        root.client.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x" * MIB)
    # moto dates every upload to 2010: that these are young is told by their parts.
    assert list(blobs.unfinished(3600, delete=True)) == []
    swept = list(blobs.unfinished(0, delete=True))
    assert [(item.key, item.size, item.unfinished) for item in swept] == [("words/model", MIB, True)]
    assert list(blobs.unfinished(0)) == []
    assert len(list(other.unfinished(0, delete=True))) == 1


KILLED = """
import sys, time
from pathlib import Path
from livecc_assets.store import Store, s3_transfer
s3_transfer.PART, s3_transfer.THREADS = 5 << 20, 1
store = Store({root!r}, {cache!r})
one = store.write("livecc_base", "shared", "k", None, code_version="1", config={{}}, upstream=[])
sent = []
def wait(**_):
    sent.append(1)
    if len(sent) == 3:
        print("two parts are there", flush=True)
        time.sleep(60)
store.blobs.bulk.meta.events.register("before-call.s3.UploadPart", wait)
one.add_file(Path({path!r}), "model.safetensors")
"""


def test_kill_9_between_two_parts_leaves_nothing_visible_and_no_upload_after_the_sweep(
    blobs: S3Blobs, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = textwrap.dedent(KILLED).format(root=blobs.root, cache=str(tmp_path / "cache"), path=str(large))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "two parts are there"
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = Store(blobs.root, tmp_path / "cache")
    assert store.at("livecc_base/shared/k") is None
    assert [item for item in blobs.listed("") if "model" in item.key] == []
    assert list(collect(store, older_than=0)) == [], "its lease says for an hour that it may live"
    monkeypatch.setattr(lease, "LAPSED", -60.0)
    left = [item for item in collect(store, older_than=0) if item.unfinished]
    assert len(left) == 1
    assert left[0].size == 10 * MIB
    assert list(collect(store, older_than=3600, delete=True)) == []
    list(collect(store, older_than=0, delete=True))
    assert uploads(blobs) == []
    again = store.write("livecc_base", "shared", "k", None, code_version="1", config={}, upstream=[])
    again.add_file(large, "model.safetensors")
    again.commit()
    found = store.at("livecc_base/shared/k")
    assert found is not None
    assert found.path("model.safetensors").read_bytes() == large.read_bytes()


def test_tables_and_their_manifest_get_through_a_busy_server(blobs: S3Blobs, server: Proxy, tmp_path: Path) -> None:
    store = Store(blobs.root, tmp_path / "cache")
    server.fault("PUT", r"\.parquet", (503, "SlowDown"), times=2)
    server.fault("PUT", "manifest.json", "lose_answer")
    one = store.write("words", "batch-a", "k", SCHEMA, code_version="1", config={}, upstream=[])
    one.extend({"video_id": str(number)} for number in range(10))
    assert one.commit().attempt == one.attempt
    found = store.at("words/batch-a/k")
    assert found is not None
    assert found.count == len(list(found.rows())) == 10
