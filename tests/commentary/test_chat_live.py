"""``livecc chat`` as a process: on a terminal of its own, and between pipes, with real signals."""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from tests.waiting import until

pytestmark = pytest.mark.live

#: An answer of so many tokens takes minutes.
ENDLESS = "20000"


@pytest.fixture(scope="module")
def talker(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, but it never ends its turn."""
    from transformers import Qwen2VLForConditionalGeneration

    from livecc_assets.models.qwen2_vl import load_processor

    folder = tmp_path_factory.mktemp("talker")
    for path in model_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    model = Qwen2VLForConditionalGeneration.from_pretrained(model_folder)
    with torch.no_grad():
        model.lm_head.weight[load_processor(model_folder).im_end] = 0.0  # some other token always has more
    model.save_pretrained(folder)
    return folder


def words(home: Path, video: Path, model: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "livecc_assets", "--home", str(home), "chat", str(video)),
        *("--model", str(model), "--end", "3", *more),
    ]


def heed_ctrl_c() -> None:
    """Who starts the tests in the background has the signal ignored, and so would the command."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A process on a pseudo terminal."""

    def __init__(self, command: list[str]) -> None:
        self._master, slave = pty.openpty()

        def take_terminal() -> None:
            heed_ctrl_c()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=take_terminal,
            env={**os.environ, "TERM": "dumb"},
        )
        os.close(slave)
        self.seen = ""

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self._master, text.encode())

    def sees(self, what: str, seconds: float = 120.0) -> None:
        until(lambda: self._read() or what in self.seen, seconds, lambda: f"no {what!r} in {self.seen[-400:]!r}")

    def _read(self) -> None:
        while select.select([self._master], [], [], 0)[0]:
            try:
                self.seen += os.read(self._master, 65536).decode("utf-8", "replace")
            except OSError:  # the process has left its terminal
                return

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(tmp_path: Path, video: Path, talker: Path) -> Iterator[Terminal]:
    opened = Terminal(words(tmp_path, video, talker, "--max-tokens", ENDLESS))
    yield opened
    opened.close()


def test_a_person_asks_stops_an_answer_and_goes_on_asking(terminal: Terminal) -> None:
    terminal.sees("Ctrl-C stops an answer, Ctrl-D ends.")
    terminal.sees("> ")
    terminal.type("what is it?\n")
    until(lambda: terminal._read() or len(terminal.seen) > 200, 60, "no answer grows on the terminal")
    assert terminal.process.poll() is None
    terminal.type("\x03")
    terminal.sees("\n> ")
    assert "interrupted" not in terminal.seen
    terminal.type("half a line\x03")
    terminal.sees("\n> ")
    terminal.type("\n")
    terminal.sees("> ")
    terminal.type("and then?\n")
    until(lambda: terminal._read() or len(terminal.seen) > 200, 60, "the second answer does not grow")
    terminal.type("\x03")
    terminal.sees("\n> ")
    terminal.type("\x04")
    assert terminal.process.wait(60) == 0


def test_a_program_stops_an_answer_and_asks_the_next_question(tmp_path: Path, video: Path, talker: Path) -> None:
    process = subprocess.Popen(
        words(tmp_path, video, talker, "--max-tokens", "500", "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    assert process.stdin and process.stdout and process.stderr
    worked = psutil.Process(process.pid).cpu_times
    rows = []
    try:
        for question in ("what is it?", "and then?", "why?"):
            process.stdin.write(f"{question}\n")
            process.stdin.flush()
            before = worked().user
            if rows:  # the first answer, which is whole, says that the model is loaded
                until(lambda since=before: worked().user > since + 0.2, 60, "no answer begins")
                process.send_signal(signal.SIGINT)
            rows.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr.read().count("cut at 500 tokens") == 1
    finally:
        process.kill()
        process.wait()
    assert [row["question"] for row in rows] == ["what is it?", "and then?", "why?"]
    assert [row["stopped"] for row in rows] == ["length", "interrupt", "interrupt"]
    assert all(len(row["answer"]) < len(rows[0]["answer"]) for row in rows[1:])
