"""Chromium, driven over its debugging pipe: no port, no driver."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import until

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1400,900",
    "--remote-debugging-pipe",
]  # fmt: skip


class Tab:
    """One page."""

    def __init__(self, reading: int, writing: int) -> None:
        self._from, self._to, self._count = os.fdopen(reading, "rb"), os.fdopen(writing, "wb"), 0
        self._session: str | None = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def send(self, method: str, **given: Any) -> dict[str, Any]:
        """The answer to one command of the debugging protocol."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while (answer := json.loads(self._message())).get("id") != self._count:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _message(self) -> bytes:
        found = bytearray()
        while (one := self._from.read(1)) != b"\0":
            assert one, "Chromium ended"
            found += one
        return bytes(found)

    def open(self, address: str) -> None:
        """Go to an address, as if it were typed."""
        self.send("Page.navigate", url=address)
        until(lambda: self.ask("location.href !== 'about:blank' && document.readyState === 'complete'"), 120, address)

    def ask(self, script: str) -> Any:
        """The value of an expression in the page, awaited."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self) -> str:
        """What the page shows."""
        return self.ask("document.body ? document.body.innerText : ''")

    def picture(self, path: Path) -> None:
        """Save a picture of the page."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


@contextmanager
def browser(profile: Path, *flags: str) -> Iterator[Tab]:
    """A Chromium with a profile of its own, for as long as the block runs."""
    assert CHROMIUM
    ours, its = os.pipe(), os.pipe()  # Chromium reads descriptor 3 and writes descriptor 4
    command = f'exec 3<&{ours[0]} 4>&{its[1]}; exec "$@"'
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", CHROMIUM, *FLAGS, *flags, f"--user-data-dir={profile}"],
        pass_fds=[ours[0], its[1]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(ours[0])
    os.close(its[1])
    try:
        yield Tab(its[0], ours[1])
    finally:
        process.terminate()
        process.wait(30)
