"""``livecc serve`` as a program of its own, and a viewer that is no browser."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from tests.waiting import until

#: Ships with the project: untrained for anything else than the sample world, but a whole Qwen2-VL.
MODEL = "embedded:tiny-qwen2-vl"


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a server whose state and temporary files lie in ``folder``; it is ended by SIGTERM."""
    temporary, log = folder / "tmp", folder / "serve.log"
    temporary.mkdir()
    environment = os.environ | {"LIVECC_HOME": str(folder / "home"), "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "livecc_assets", "serve", "--port", "0", *options]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, text=True)
    try:

        def address() -> str:
            assert process.poll() is None, log.read_text()
            found = re.search(r"http://\S+", log.read_text())
            return found[0] if found else ""

        yield until(address, 300, log.read_text, every=0.2), process
    finally:
        process.terminate()
        process.wait(60)


def sit(address: str) -> ClientConnection:
    """The socket of a viewer."""
    return connect(f"ws://{urlsplit(address).netloc}/live", max_size=None, open_timeout=60, close_timeout=10)


def send_file(address: str, viewer: str, video: Path) -> float:
    """Uploads a file; the seconds that it lasts."""
    request = urllib.request.Request(f"{address.rstrip('/')}/live/{viewer}/video", video.read_bytes(), method="PUT")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["seconds"]


@contextlib.contextmanager
def starting(address: str, video: Path) -> Iterator[ClientConnection]:
    """A viewer to whom ``video`` is about to be shown; one who is refused comes again."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with sit(address) as talk:
            message = json.loads(talk.recv(60))
            if message["type"] == "seated":
                send_file(address, message["viewer"], video)
                talk.send(json.dumps({"type": "start", "source": "file"}))
                message = json.loads(talk.recv(60))
            if message["type"] == "ready":
                yield talk
                return
            assert message["type"] == "refused", message
        time.sleep(0.3)
    raise AssertionError("no seat became free")


def watch(address: str, video: Path, seconds: float, sits: Callable[[], object] = lambda: None) -> list[dict[str, Any]]:
    """What a viewer who plays ``video`` for so long is told. ``late``: seconds after its interval that each message came.

    ``sits`` is called once the viewer has a seat and a stream; playback begins when it returns.
    """
    said: list[dict[str, Any]] = []
    with starting(address, video) as talk:
        sits()
        talk.send(json.dumps({"type": "at", "at": 0.0, "playing": True}))
        began = time.monotonic()
        while (left := began + seconds - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                message = json.loads(talk.recv(left))
                assert message["type"] in ("said", "ended"), message
                if message["type"] == "said":
                    said.append(message | {"late": time.monotonic() - began - message["end"]})
    return said
