"""S3 that is away, or that this machine has no credentials for, is one line in every command that goes there."""

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core import retry
from livecc_assets.store import s3_client

NOBODY = "http://someone:open-sesame-77@127.0.0.1:9"
SHOWN = "http://[secret]@127.0.0.1:9"


def away(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address at which nothing answers; what the line says."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return f"nothing answers at {SHOWN}; check AWS_ENDPOINT_URL and the network"


def no_credentials(monkeypatch: pytest.MonkeyPatch) -> str:
    """A machine without credentials; what the line says."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return "no complete AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"


def no_profile(monkeypatch: pytest.MonkeyPatch) -> str:
    """A profile that is in no file; what the line says."""
    monkeypatch.setenv("AWS_PROFILE", "misspelt")
    return "(The config profile (misspelt) could not be found); check AWS_PROFILE and AWS_CONFIG_FILE"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LIVECC_HOME", "LIVECC_PROFILE", "LIVECC_ROOT", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(s3_client, "TRIES", 1)
    monkeypatch.setattr(retry, "PAUSES", ())
    monkeypatch.setattr("livecc_assets.cli.comment.check_source", lambda video, *_: (video, video, (0.0, 1.0)))
    monkeypatch.chdir(tmp_path)
    for name in ("videos/v.mp4", "v.mp4"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"0")
    return tmp_path / "home"


ON_S3 = {
    "status": "status",
    "leaderboard": "leaderboard --json",
    "gc": "gc --delete",
    "rejected": "rejected yt_cc_source a",
    "export": "export live_cc sample -o set.jsonl",
    "lineage": "lineage live_cc sample",
    "select": "select sample",
    "ingest": "ingest videos --batch mine",
    "comment": "comment v.mp4 --model sample -o o.vtt",
    "demo": "demo",
}
NAMES_S3 = {
    "ingest s3://": "ingest s3://films/drop --batch mine",
    "comment s3://": "comment s3://films/v.mp4 --model s3://models/run -o o.vtt",
    "comment --model s3://": "comment v.mp4 --model s3://models/run -o o.vtt",
}


def line_of(home: Path, command: str) -> str:
    result = CliRunner().invoke(main, ["--home", str(home), *command.split()])
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit), "an error reached the terminal"
    assert "Traceback" not in result.output and "open-sesame" not in result.output
    (line,) = result.stderr.strip().splitlines()
    return line


@pytest.mark.parametrize("trouble", [away, no_credentials, no_profile])
@pytest.mark.parametrize("name", ON_S3)
def test_a_store_that_cannot_be_used_is_one_line_in_every_command(
    name: str, trouble: Callable[[pytest.MonkeyPatch], str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = trouble(monkeypatch)
    monkeypatch.setenv("LIVECC_ROOT", "s3://artefacts/livecc")
    line = line_of(home, ON_S3[name])
    assert line.startswith("livecc: s3://artefacts/livecc: ") and line.endswith(said)


@pytest.mark.parametrize("trouble", [away, no_credentials, no_profile])
@pytest.mark.parametrize("name", NAMES_S3)
def test_an_address_that_cannot_be_read_is_one_line(
    name: str, trouble: Callable[[pytest.MonkeyPatch], str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = trouble(monkeypatch)
    line = line_of(home, NAMES_S3[name])
    assert line.startswith("livecc: s3://") and line.endswith(said)


@pytest.mark.parametrize("name", [*ON_S3, *NAMES_S3])
def test_an_endpoint_that_is_no_address_is_one_line(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "minio:9000 ")
    monkeypatch.setenv("LIVECC_ROOT", "s3://artefacts/livecc")
    assert "AWS_ENDPOINT_URL is no address" in line_of(home, (ON_S3 | NAMES_S3)[name])
