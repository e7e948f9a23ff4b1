"""Models that say what they are told to, and a site made of them: the pages' own work without a model's."""

import threading
import time
from pathlib import Path
from typing import Any

import torch
from starlette.testclient import TestClient

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.streams import Answer, FullError, TimedWord
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.web.app import create_app
from livecc_assets.web.site import Limits, Model, Site
from resources.door.hosts import host_names

CONFIG = CommentaryConfig(stream_max_pixels=3136, min_pixels=3136)
HOST = "127.0.0.1:7860"
OWN = {"host": HOST, "origin": f"http://{HOST}"}


class FakeStream:
    """Says its query and the interval. ``slow`` seconds pass before each."""

    def __init__(self, owner: "FakeStreams", query: str) -> None:
        self.owner, self.query = owner, query
        self.shown: list[float] = []
        self.closed = False

    def show(self, block: Block) -> Utterance:
        self.owner.wait()
        start, end = block.origin_s + block.start_s, block.origin_s + block.end_s
        self.shown.append(start)
        return Utterance(start, end, f"{self.query}: {start:g} to {end:g}", 0.125)

    def push(self, frames: torch.Tensor, time: float) -> list[TimedWord]:
        self.owner.wait()
        self.shown.append(time)
        return [
            TimedWord("seen", time, time + 0.5, 0.125),
            TimedWord(f"{tuple(frames.shape)}", time, time + 0.5, 0.125),
        ]

    def ask(self, question: str) -> Answer:
        self.owner.wait()
        return Answer(f"{question} {len(self.shown)}", 0.25)

    def close(self) -> None:
        self.closed = True


class FakeStreams:
    """Keeps the streams that were opened. While ``gate`` is closed its models are busy."""

    def __init__(self, most: int = 64, slow: float = 0.0) -> None:
        self.most, self.slow, self.opened, self.closed = most, slow, list[FakeStream](), False
        self.gate = threading.Event()
        self.gate.set()

    def wait(self) -> None:
        self.gate.wait(30)
        time.sleep(self.slow)

    def open(self, query: str = "", context: str = "", seed: int | None = None) -> FakeStream:
        if sum(not one.closed for one in self.opened) >= self.most:
            raise FullError("No stream is left.")
        self.opened.append(FakeStream(self, query))
        return self.opened[-1]

    def close(self) -> None:
        self.closed = True


def site(folder: Path, *streams: FakeStreams, hosts: frozenset[str] | None = None, **limits: Any) -> Site:
    """A site of these models, named A, B and so on."""
    models: Any = [Model(chr(ord("A") + number), one) for number, one in enumerate(streams)]  # type: ignore[arg-type]
    return Site(models, CONFIG, folder, Limits(**limits), hosts)


def client(served: Site, token: str | None = None) -> TestClient:
    """Asks the application as a browser on this machine does."""
    return TestClient(create_app(served, host_names([]), token), base_url=f"http://{HOST}", headers=OWN)


def hear(talk: Any, kind: str, **like: Any) -> dict[str, Any]:
    """The next message of this kind that has these values; what comes before is passed over, but for errors."""
    while True:
        message = talk.receive_json()
        if message["type"] == kind and all(message.get(name) == value for name, value in like.items()):
            return message
        assert message["type"] not in ("error", "refused"), message
