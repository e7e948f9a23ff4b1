"""What torchrun's own exit code would hide: how the rank that failed first ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from livecc_assets.core.errors import EXIT_USER_ERROR

#: The second of two ranks ends as its argument says while the first would go on for a minute.
RANKS = """
import os, signal, sys, time
if os.environ["RANK"] == "0" and sys.argv[1] != "0":
    time.sleep(60)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("ending", "code"), [("0", 0), ("3", 3), (str(EXIT_USER_ERROR), EXIT_USER_ERROR), ("killed", 137)]
)
def test_the_exit_code_is_that_of_the_rank_that_failed_first(tmp_path: Path, ending: str, code: int) -> None:
    script = tmp_path / "ranks.py"
    script.write_text(RANKS)
    command = [sys.executable, "-m", "livecc_assets.training.torchrun", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*command, str(script), ending], capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
