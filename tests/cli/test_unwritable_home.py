"""A state folder that cannot be written is one line in every command. Permissions would not do: tests may run as root."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core import folders
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.runs import open_instance

COMMANDS = [
    "status",
    "leaderboard",
    "gc",
    "rejected yt_cc_source a",
    "export live_cc sample -o set.jsonl",
    "lineage live_cc sample",
    "curate sample",
    "select sample",
    "train sample",
    "evaluate sample",
    "ingest videos --batch mine",
    "ingest addresses.txt --fetch --batch mine",
    "comment v.mp4 --model sample -o o.vtt",
    "demo",
    "ui",
]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name in ("videos/v.mp4", "file"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"0")
    Path("addresses.txt").write_text("http://films.example/v.mp4\n")


def line_of(home: Path, command: str) -> str:
    result = CliRunner().invoke(main, ["--home", str(home), *command.split()])
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit), "an error reached the terminal"
    (line,) = result.stderr.strip().splitlines()
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_in_one_line_that_the_home_is_not_writable(command: str, tmp_path: Path) -> None:
    home = tmp_path / "file" / "home"
    line = line_of(home, command)
    assert line.startswith(f"livecc: LIVECC_HOME={home} is not writable (")
    assert line.endswith("make it writable for this user, or name another folder in LIVECC_HOME, or with --home")


def read_only(*_: Any, **options: Any) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(options.get("dir")))


@pytest.mark.parametrize("command", ["curate sample", "ui"])
def test_a_read_only_dagster_home_is_one_line(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dagster").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setattr(folders.tempfile, "TemporaryFile", read_only)
    line = line_of(tmp_path / "home", command)
    assert line.startswith(f"livecc: DAGSTER_HOME={tmp_path / 'dagster'} is not writable (")
    assert "Read-only file system" in line and "in DAGSTER_HOME" in line


def test_a_read_only_dagster_home_is_enough_where_its_storage_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "dagster", tmp_path / "elsewhere"
    home.mkdir()
    (home / "dagster.yaml").write_text(
        f"storage: {{sqlite: {{base_dir: {elsewhere}}}}}\ntelemetry: {{enabled: false}}\n"
    )
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setattr(folders.tempfile, "TemporaryFile", read_only)
    with open_instance(load_settings(tmp_path / "home")) as instance:
        assert instance.get_runs() == []
    assert elsewhere.is_dir()


def test_a_file_that_is_not_written_deep_in_the_home_is_told_with_its_setting_and_one_elsewhere_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    inside = OSError(errno.EROFS, "Read-only file system", str(tmp_path / "home" / "cache" / "x"))
    assert "cache/x: Read-only file system" in str(folders.as_unwritable(inside))
    elsewhere = OSError(errno.EROFS, "Read-only file system", "/elsewhere/x")
    assert str(folders.as_unwritable(elsewhere)).startswith("/elsewhere/x: Read-only file system; ")
    assert folders.as_unwritable(OSError(errno.ENOTDIR, "Not a directory", "/elsewhere/x/y")) is None
    assert folders.as_unwritable(OSError(errno.ENOENT, "No such file", str(tmp_path / "home" / "x"))) is None


def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    assert list(folders.writable(tmp_path / "new").iterdir()) == []
    with pytest.raises(UserError, match=r"cannot be written .*name another folder"):
        folders.writable(tmp_path / "file" / "new")
