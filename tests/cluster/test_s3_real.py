"""The store on a real S3 server: what holds on moto must hold here, and what moto cannot show is shown.

Needs AWS_ENDPOINT_URL with credentials and TESTBED_S3_BUCKET, a bucket that is free for tests.
"""

import os
import secrets
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.store import Store, s3_advice
from livecc_assets.store.blobs import ConflictError, S3Blobs, open_blobs
from tests.store import test_artifacts, test_s3
from tests.store.s3_proxy import Proxy
from tests.store.test_artifacts import store
from tests.store.test_s3 import blobs, large, server, sha

pytestmark = pytest.mark.cluster

__all__ = ["blobs", "large", "server", "store"]

#: Every test of these two files that is not about moto or a local folder runs here again.
_ELSEWHERE = {"test_a_missing_bucket_is_one_clear_line", "test_other_addresses_are_refused"}
for _module in (test_artifacts, test_s3):
    globals().update(
        {name: one for name, one in vars(_module).items() if name.startswith("test_") and name not in _ELSEWHERE}
    )


@pytest.fixture
def endpoint() -> str:
    for name in ("AWS_ENDPOINT_URL", "TESTBED_S3_BUCKET"):
        if not os.environ.get(name):
            pytest.skip(f"no real S3 server: set {name} (make test-cluster does)")
    return os.environ["AWS_ENDPOINT_URL"]


@pytest.fixture
def bucket(endpoint: str) -> str:
    return os.environ["TESTBED_S3_BUCKET"]


@pytest.fixture
def root(bucket: str, tmp_path: Path) -> Iterator[str]:
    place = f"s3://{bucket}/{tmp_path.name}-{secrets.token_hex(4)}"
    yield place
    found = open_blobs(place)
    list(found.unfinished(0, delete=True))
    for item in list(found.listed("")):
        found.delete(item.key)


def winners(calls: list[Callable[[], None]]) -> list[int]:
    """Which of these calls, begun at once, met no conflict."""

    def won(call: Callable[[], None]) -> bool:
        try:
            call()
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(calls)) as pool:
        return [number for number, one in enumerate(pool.map(won, calls)) if one]


def test_of_many_commits_at_once_one_wins_and_its_bytes_stay(root: str) -> None:
    places = [open_blobs(root) for _ in range(6)]
    for turn in range(5):
        key = f"words/{turn}/manifest.json"
        mine = [b"created by %d" % number for number in range(len(places))]
        (first,) = winners([partial(place.create, key, data) for place, data in zip(places, mine, strict=True)])
        found = places[0].get(key)
        assert found is not None
        assert found[0] == mine[first]
        mine = [b"replaced by %d" % number for number in range(len(places))]
        calls = [partial(place.replace, key, data, found[1]) for place, data in zip(places, mine, strict=True)]
        (second,) = winners(calls)
        found = places[0].get(key)
        assert found is not None
        assert found[0] == mine[second]


def test_a_part_that_is_spoilt_on_the_way_is_refused_and_sent_again(blobs: S3Blobs, server: Proxy, large: Path) -> None:
    fault = server.fault("PUT", "partNumber=2", "spoil_request")
    assert blobs.upload(large, "a/model") == sha(large)
    assert fault.done == 1
    found = blobs.get("a/model")
    assert found is not None
    assert found[0] == large.read_bytes()


RACER = """
import sys
import pyarrow as pa
from livecc_assets.store import Store
store = Store({root!r}, {cache!r})
one = store.write("words", "a", "k", pa.schema([("n", pa.int64())]), code_version="1", config={{}}, upstream=[])
one.extend({{"n": number}} for number in range(2000))
print("ready", flush=True)
sys.stdin.readline()
print(one.attempt, one.commit().attempt, flush=True)
"""


def test_processes_that_commit_one_place_at_once_agree_on_the_winner(root: str, tmp_path: Path) -> None:
    code = textwrap.dedent(RACER).format(root=root, cache=str(tmp_path / "cache"))
    racers = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert all(one.stdout and one.stdout.readline() == "ready\n" for one in racers)
    for one in racers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate()[0].split() for one in racers]
    (winner,) = {won for _, won in said}
    assert sum(mine == winner for mine, _ in said) == 1
    found = Store(root, tmp_path / "cache").at("words/a/k")
    assert found is not None
    assert found.manifest.attempt == winner
    assert len(list(found.rows())) == 2000


TRANSFER = """
import os, resource
from pathlib import Path
from livecc_assets.store.blobs import open_blobs
blobs, folder = open_blobs({root!r}), Path({folder!r})
path = folder / "checkpoint"
with path.open("wb") as file:
    for _ in range({mib}):
        file.write(os.urandom(1 << 20))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
sha = blobs.upload(path, "checkpoint")
blobs.local("checkpoint", folder / "cache", sha)
print(peak() - before)
"""


def test_memory_stays_flat_while_a_checkpoint_goes_up_and_comes_back(root: str, tmp_path: Path) -> None:
    size = 384
    code = textwrap.dedent(TRANSFER).format(root=root, folder=str(tmp_path), mib=size)
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert int(done.stdout) < size * 0.7  # parts on their way: see s3_transfer.THREADS


def test_a_clock_that_is_off_is_named_with_its_error(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[override]
            return datetime.now(tz) + timedelta(hours=2)

    monkeypatch.setattr(s3_advice, "datetime", Ahead)
    monkeypatch.setattr(
        "botocore.auth.get_current_datetime", lambda remove_tzinfo=True: datetime.utcnow() + timedelta(hours=2)
    )
    with pytest.raises(UserError, match=r"clock is (7199|7200|7201) s ahead of the server's"):
        open_blobs(root)


@pytest.mark.parametrize(
    ("name", "words"), [("AWS_SECRET_ACCESS_KEY", "SignatureDoesNotMatch"), ("AWS_ACCESS_KEY_ID", "InvalidAccessKeyId")]
)
def test_a_wrong_key_is_told(root: str, monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    import boto3

    with monkeypatch.context() as here:
        here.setenv(name, "something-else")
        here.setattr(boto3, "DEFAULT_SESSION", None)
        with pytest.raises(UserError, match=f"does not accept the AWS credentials .{words}"):
            open_blobs(root)
    assert isinstance(open_blobs(root), S3Blobs)
