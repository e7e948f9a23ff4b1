"""RTSP on loopback: read in real time, over a server that dies, falls silent and comes back."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rtsp_server import RtspServer

from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_address import LiveReport, Waits, live_address
from livecc_assets.media.live_source import LiveSource, Shown

FAST = Waits(opening=3, reading=1, first_pause=0.1, longest_pause=0.3, outage=1.5)


@pytest.fixture(scope="module")
def clip(film: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rtsp") / "film.mp4"
    return film.make(path, seconds=20, fps=10, gop=5, sound=False, coding={"bf": "0"})


@pytest.fixture
def server(clip: Path) -> Iterator[RtspServer]:
    running = RtspServer(clip, 10)
    yield running
    running.kill()


def _read(server: RtspServer, seconds: float, report: LiveReport) -> list[Shown]:
    address = live_address(server.url)
    assert address is not None
    source, found = LiveSource(address, waits=FAST, report=report), []
    for item in source.shown():
        found.append(item)
        if item.start_s >= seconds:
            break
    return found


def test_rtsp_is_read_in_real_time_without_a_hole(server: RtspServer) -> None:
    report, begun = LiveReport(), time.monotonic()
    found = _read(server, 3.0, report)
    assert 2.5 < time.monotonic() - begun < 6
    steps = [b.start_s - a.start_s for a, b in pairwise(found)]
    assert steps == pytest.approx([0.1] * len(steps), abs=1e-3)
    assert report.summary() == ""


@pytest.mark.live
def test_a_server_that_is_killed_and_back_is_read_on_with_a_counted_hole(server: RtspServer) -> None:
    told: list[str] = []
    report = LiveReport(told.append)
    timer = threading.Timer(2.0, server.kill), threading.Timer(3.0, server.start)
    for one in timer:
        one.start()
    found = _read(server, 5.5, report)
    starts = [item.start_s for item in found]
    assert starts == sorted(starts)
    holes = [item for item in found if item.hole]
    assert len(holes) == 1 and 1.0 < holes[0].start_s - holes[0].known_s < 4.0
    assert (report.reopened, report.gaps) == (1, 1)
    assert any("broke off" in line for line in told) and any("nothing between" in line for line in told)


def test_a_server_that_never_comes_back_ends_in_words(server: RtspServer) -> None:
    threading.Timer(1.5, server.kill).start()
    with pytest.raises(MediaError, match=r"gone.*did not come back"):
        _read(server, 60, LiveReport())


@pytest.mark.live
def test_a_server_that_falls_silent_is_asked_again(server: RtspServer) -> None:
    def hush() -> None:
        server.silent = True
        time.sleep(2.4)
        server.silent = False

    threading.Timer(1.5, hush).start()
    report = LiveReport()
    found = _read(server, 5.5, report)
    assert (report.reopened, report.gaps) == (1, 1) and found[-1].start_s >= 5.5


def test_nothing_that_listens_is_told_at_once(server: RtspServer) -> None:
    server.kill()
    begun = time.monotonic()
    with pytest.raises(MediaError, match=r"cannot be opened: Connection refused"):
        _read(server, 1, LiveReport())
    assert time.monotonic() - begun < 2
