"""A file that grows: whole pieces at each moment, under its own name, whatever ends the process."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from livecc_assets.cli.growing import GrowingFile
from livecc_assets.cli.targets import check_target, target


def test_an_old_file_stands_until_the_first_piece_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("old")
    file = GrowingFile(path)
    assert not file.begun and path.read_text() == "old"
    file.write("one\n")
    assert file.begun and path.read_text() == "one\n"
    file.write("two\n")
    assert path.read_text() == "one\ntwo\n"
    file.close()
    assert [one.name for one in tmp_path.iterdir()] == ["a.vtt"]
    assert path.stat().st_mode & 0o044, "readable by others as any new file"


def test_a_kill_leaves_every_piece(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom livecc_assets.cli.growing import GrowingFile\n"
        "file = GrowingFile(sys.argv[1])\nfile.write('one\\n')\nfile.write('two\\n')\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.jsonl")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a.jsonl").read_text() == "one\ntwo\n"


def test_a_link_keeps_leading_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "real.vtt").write_text("old")
    (tmp_path / "link.vtt").symlink_to("real.vtt")
    file = GrowingFile(tmp_path / "link.vtt")
    file.write("new")
    file.close()
    assert (tmp_path / "link.vtt").is_symlink() and (tmp_path / "real.vtt").read_text() == "new"


@pytest.mark.parametrize("whole", [False, True])
def test_a_pipe_is_written_to_and_not_replaced(whole: bool, tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    check_target(pipe)
    if whole:
        with target(pipe) as out:
            out.write("one\n")
    else:
        file = GrowingFile(pipe)
        file.write("one\n")
        file.close()
    reader.join(10)
    assert read == ["one\n"] and pipe.is_fifo()
