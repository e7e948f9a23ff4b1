"""Exit codes of ``livecc``: 1 the user's to mend, 2 usage, 130 interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core.errors import MediaError, UserError


def ending(error: BaseException, monkeypatch: pytest.MonkeyPatch, home: Path):
    """``livecc doctor``, whose work ends with an error."""

    @click.command()
    def doctor() -> None:
        raise error

    monkeypatch.setattr("livecc_assets.cli.upkeep.doctor", doctor)
    for name in ("LIVECC_HOME", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner().invoke(main, ["--home", str(home), "doctor"])


@pytest.mark.parametrize("error", [UserError("a.yaml: mend it"), MediaError("truncated", "mend it")])
def test_what_the_user_can_mend_is_one_line_and_1(error: Exception, monkeypatch, tmp_path: Path) -> None:
    result = ending(error, monkeypatch, tmp_path)
    assert result.exit_code == 1
    assert result.stderr == f"livecc: {error}\n"
    assert result.stdout == ""


def test_an_interrupt_is_130(monkeypatch, tmp_path: Path) -> None:
    result = ending(KeyboardInterrupt(), monkeypatch, tmp_path)
    assert result.exit_code == 130
    assert result.stderr.split() == ["livecc:", "interrupted"]


def test_wrong_usage_is_2(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["status", "--jsno"]).exit_code == 2
    assert CliRunner().invoke(main, ["ingest"]).exit_code == 2


def test_ctrl_c_prints_no_traceback(tmp_path: Path) -> None:
    """A real signal to a real process, which waits for a settings file that is a pipe."""
    selections = tmp_path / "selections"
    selections.mkdir()
    os.mkfifo(selections / "slow.yaml")
    process = subprocess.Popen(
        [sys.executable, "-m", "livecc_assets", "--home", str(tmp_path), "status"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Who starts the tests in the background has the signal ignored, and so would the command.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with (selections / "slow.yaml").open("w"):  # opens once the command reads
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert complained.split() == ["livecc:", "interrupted"]
