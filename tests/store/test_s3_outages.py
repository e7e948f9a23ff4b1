"""S3 that is away for a while: waited for where work would be lost, told at once to whoever may have misspelt its address."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    NoRegionError,
    ParamValidationError,
    SSLError,
)
from dagster_pipes import encode_param
from s3transfer.exceptions import RetriesExceededError

from livecc_assets.core import retry
from livecc_assets.core.errors import EXIT_PASSING_ERROR, EXIT_USER_ERROR, PassingError, UnreachableError, UserError
from livecc_assets.runtime.messages import PREFIX, ROOT, context_key, open_when_reachable
from livecc_assets.store import s3_advice, s3_client
from livecc_assets.store.blobs import S3Blobs, open_blobs
from tests.store.s3_proxy import Proxy
from tests.store.test_s3 import blobs, bucket, endpoint, large, moto, server, sha  # noqa: F401

NOBODY = "http://127.0.0.1:9"
BUSY = (503, "SlowDown")


def test_opening_bears_with_a_server_that_is_busy_for_longer_than_one_request_is_tried(
    blobs: S3Blobs, server: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = server.fault("GET", "list-type", BUSY, times=4)
    assert open_blobs(blobs.root).root == blobs.root
    assert fault.done == 4
    assert capsys.readouterr().err == f"{blobs.root}: SlowDown, asking again\n"


def test_a_server_that_stays_busy_is_told_in_one_line_as_what_may_pass(blobs: S3Blobs, server: Proxy) -> None:
    server.fault("GET", "list-type", BUSY, times=99)
    with pytest.raises(PassingError, match=r"does not serve \(SlowDown\); run it again") as caught:
        open_blobs(blobs.root)
    assert str(caught.value).startswith(f"{blobs.root}: ") and "\n" not in str(caught.value)


def test_nobody_at_the_address_is_told_within_seconds_when_a_store_is_opened(
    blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "PAUSES", (600.0, 600.0))
    monkeypatch.setattr(s3_client, "TRIES", 8)
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=f"nothing answers at {NOBODY}"):
        open_blobs(blobs.root)
    assert time.monotonic() - began < 120


def test_a_worker_waits_for_a_server_that_is_not_back_yet(
    blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    calls: list[float] = []

    def comes_back() -> S3Blobs:
        calls.append(time.monotonic())
        if len(calls) == 3:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        return S3Blobs(blobs.root)

    assert open_when_reachable(comes_back).root == blobs.root
    assert len(calls) == 3
    with pytest.raises(UserError, match="no bucket is named"):
        open_when_reachable(lambda: open_blobs("s3:///x"))


@pytest.mark.parametrize("act", [(500, "InternalError"), "cut_answer"])
@pytest.mark.parametrize("compared", [True, False])
def test_a_download_bears_with_an_outage_longer_than_its_tries(
    blobs: S3Blobs, server: Proxy, large: Path, tmp_path: Path, act: Any, compared: bool
) -> None:
    found = blobs.upload(large, "a/model")
    # Every range from the second on, for as long as boto3 tries one: five times.
    fault = server.fault("GET", "a/model$", act, times=20, after=1)
    made = blobs.local("a/model", tmp_path / "cache", found if compared else "")
    assert fault.done == 20
    assert made.read_bytes() == large.read_bytes()


@pytest.mark.parametrize("act", [(500, "InternalError"), "cut_answer"])
@pytest.mark.parametrize("compared", [True, False])
def test_a_download_that_cannot_be_made_is_told_and_leaves_nothing_behind(
    blobs: S3Blobs, server: Proxy, large: Path, tmp_path: Path, act: Any, compared: bool
) -> None:
    found = blobs.upload(large, "a/model")
    server.fault("GET", "a/model$", act, times=999, after=1)
    with pytest.raises(PassingError, match="does not serve") as caught:
        blobs.local("a/model", tmp_path / "cache", found if compared else "")
    assert "Max Retries" not in str(caught.value) and "\n" not in str(caught.value)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ConnectTimeoutError(endpoint_url="http://here"), UnreachableError, "nothing answers at http://here"),
        (SSLError(endpoint_url="x", error="UNEXPECTED_EOF"), UnreachableError, "no connection to http://here"),
        (SSLError(endpoint_url="x", error="CERTIFICATE_VERIFY_FAILED"), UserError, "AWS_CA_BUNDLE"),
        (CredentialRetrievalError(provider="x", error_msg="503"), PassingError, "could not be fetched"),
        (RetriesExceededError(ValueError("cut\noff")), PassingError, r"does not serve \(cut off\)"),
        (
            ClientError({"Error": {"Code": "PermanentRedirect"}}, "GetObject"),
            UserError,
            "set AWS_REGION to the bucket's",
        ),
        (NoRegionError(), UserError, "set AWS_REGION"),
        (ParamValidationError(report="Invalid bucket\nname"), UserError, "write LIVECC_ROOT as s3://bucket/prefix"),
        (ClientError({"Error": {"Code": "Odd"}}, "GetObject"), UserError, r"cannot be used \(Odd\); check LIVECC_ROOT"),
    ],
)
def test_what_may_pass_is_told_apart_from_mistakes(error: Exception, kind: type[UserError], words: str) -> None:
    found = s3_advice.explain(error, s3_advice.Place("s3://a", "http://here"))
    assert type(found) is kind and re.search(words, str(found))


WORKER = """
from livecc_assets.core import retry
from livecc_assets.runtime import worker
from livecc_assets.store import s3_client
retry.PAUSES, s3_client.TRIES = (0.05, 0.05), 2
worker.run({{"words": lambda task: {act}}})
"""


def work(
    blobs: S3Blobs, home: Path, act: str = "None", endpoint: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A worker's process on S3, with what its launcher would have given it."""
    task = {
        "root": blobs.root,
        "home": str(home),
        "schemas": "tests.store.test_s3_outages",
        "asset": "words",
        "partition": "a",
        "input_key": "k",
        "code_version": "1",
        "config": {},
        "upstream": [],
        "error_limit": 1.0,
        "run_id": "r",
        "replaces": None,
    }
    names = ("asset_keys", "code_version_by_asset_key", "provenance_by_asset_key", "partition_key")
    names += ("partition_key_range", "partition_time_window", "job_name")
    context = dict.fromkeys(names) | {"run_id": "r", "retry_number": 0, "extras": task}
    blobs.put(context_key("_messages/w"), json.dumps(context).encode())
    params = encode_param({ROOT: blobs.root, PREFIX: "_messages/w"})
    env = dict(os.environ, DAGSTER_PIPES_CONTEXT=params, DAGSTER_PIPES_MESSAGES=params)
    if endpoint:
        env["AWS_ENDPOINT_URL"] = endpoint
    code = textwrap.dedent(WORKER).format(act=act)
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)


MISTAKE = "(_ for _ in ()).throw(worker.UserError('mend it'))"
#: Schemas of the worker's assets: this one has files only.
SCHEMAS: dict[str, Any] = {}


def test_a_worker_whose_commit_meets_an_outage_ends_with_one_line_and_the_code_that_asks_for_another_try(
    blobs: S3Blobs, server: Proxy, tmp_path: Path
) -> None:
    server.fault("PUT", "manifest.json", (503, "ServiceUnavailable"), times=99)
    done = work(blobs, tmp_path)
    assert done.returncode == EXIT_PASSING_ERROR == 75, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"livecc: {blobs.root}: ") and "Traceback" not in done.stderr
    server.faults.clear()
    assert work(blobs, tmp_path).returncode == 0
    assert blobs.get("words/a/k/manifest.json") is not None


def test_a_worker_that_reaches_no_server_ends_so_too_and_a_mistake_does_not(blobs: S3Blobs, tmp_path: Path) -> None:
    done = work(blobs, tmp_path, endpoint=NOBODY)
    assert done.returncode == EXIT_PASSING_ERROR, done.stderr
    assert done.stderr == f"livecc: {blobs.root}: nothing answers at {NOBODY}; check AWS_ENDPOINT_URL and the network\n"
    secret = work(blobs, tmp_path, endpoint="http://someone:open-sesame@127.0.0.1:9")
    assert "nothing answers at http://" in secret.stderr and "open-sesame" not in secret.stderr
    mistake = work(blobs, tmp_path, act=MISTAKE)
    assert mistake.returncode == EXIT_USER_ERROR, mistake.stderr
    assert mistake.stderr.splitlines()[-1] == "livecc: mend it"
