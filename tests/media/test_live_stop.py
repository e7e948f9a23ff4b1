"""A source that drips holds nobody up: its reading ends when nobody wants it, and by itself when no picture comes of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from rtsp_server import RtspServer

from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_address import Address, LiveReport, Waits, live_address
from livecc_assets.media.live_queue import ahead
from livecc_assets.media.live_source import LiveSource
from livecc_assets.media.live_stop import Stop
from tests.dripping import dripping
from tests.waiting import until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
NULLS = (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 30  # MPEG-TS without a picture
RANGED = HEAD.replace(b"200 OK", b"206 Partial Content\r\nContent-Range: bytes 0-999999999/1000000000")


def address_of(uri: str) -> Address:
    found = live_address(uri)
    assert found is not None
    return found


def reading(uri: str, waits: Waits | None = None) -> tuple[LiveSource, threading.Thread, list[BaseException]]:
    """A source that is read in a thread of its own, and what ends it but the stop."""
    source, faults = LiveSource(address_of(uri), waits=waits), list[BaseException]()

    def work() -> None:
        try:
            for _ in source.shown():
                pass
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return source, thread, faults


def ends_at_once(source: LiveSource, thread: threading.Thread) -> float:
    time.sleep(0.1)  # it waits for the next byte
    assert thread.is_alive()
    began = time.monotonic()
    source.interrupt()
    thread.join(5)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "at_once",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", HEAD, RANGED, HEAD + NULLS],
    ids=["nothing", "headers", "the first bytes", "of a server that gives parts", "while FFmpeg opens it"],
)
def test_a_web_server_that_drips_is_left_at_once(at_once: bytes) -> None:
    with dripping(at_once, 0.05) as (port, begun):
        source, thread, faults = reading(f"http://127.0.0.1:{port}/film.mkv")
        assert begun.wait(5)
        assert ends_at_once(source, thread) < 0.5
    assert faults == []


def test_a_secure_server_that_drips_in_its_greeting_is_left_at_once() -> None:
    with dripping(b"\x16\x03\x03\x40\x00", 0.05) as (port, begun):
        source, thread, faults = reading(f"https://127.0.0.1:{port}/film.mkv")
        assert begun.wait(5)
        assert ends_at_once(source, thread) < 0.5
    assert faults == []


@pytest.mark.parametrize("at_once", [b"HTTP/1.1 200 OK\r\nX: ", HEAD, RANGED], ids=["headers", "a body", "parts"])
def test_dripping_that_brings_no_picture_has_an_end_in_words(at_once: bytes) -> None:
    waits = Waits(opening=0.2, reading=0.2, first_pause=0.05, longest_pause=0.1, outage=0.4)
    with dripping(at_once, 0.02) as (port, _):
        _, thread, faults = reading(f"http://127.0.0.1:{port}/film.mkv?key=secret", waits)
        thread.join(5)
        assert not thread.is_alive()
    [fault] = faults
    assert isinstance(fault, MediaError) and fault.reason in {"timed_out", "unreachable"}
    assert "no picture in 0.4 s" in fault.detail or "no answer for 0.4 s" in fault.detail
    assert "secret" not in fault.detail


def test_what_is_not_wanted_before_it_is_asked_for_is_not_read() -> None:
    stop = Stop()
    stop.set()
    with dripping(HEAD, 0.05) as (port, _):
        source = LiveSource(address_of(f"http://127.0.0.1:{port}/film.mkv"), stop=stop)
        began = time.monotonic()
        assert list(source.shown()) == []
        assert time.monotonic() - began < 0.5


@pytest.fixture
def rtsp(film: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    path = tmp_path_factory.mktemp("rtsp") / "film.mp4"
    running = RtspServer(film.make(path, seconds=6, fps=10, gop=5, sound=False, coding={"bf": "0"}), 10)
    yield running
    running.kill()


@pytest.mark.live
def test_a_stream_that_falls_to_dripping_is_left_within_a_second(rtsp: RtspServer) -> None:
    stop, came = Stop(), list[float]()
    source = LiveSource(address_of(rtsp.url), stop=stop)
    thread = threading.Thread(target=lambda: came.extend(item.start_s for item in source.shown()), daemon=True)
    thread.start()
    until(lambda: len(came) > 3 or not thread.is_alive(), 10, "no picture came")
    rtsp.silent = True

    def drip() -> None:
        with suppress(OSError):
            while True:
                time.sleep(0.2)
                rtsp._clients[-1].sendall(b"$")

    threading.Thread(target=drip, daemon=True).start()
    time.sleep(0.8)
    assert ends_at_once(source, thread) < 1.0
    assert not thread.is_alive()


@pytest.mark.live
def test_a_stream_that_pauses_goes_on_without_loss(rtsp: RtspServer) -> None:
    def pause() -> None:
        rtsp.silent = True
        time.sleep(1.4)
        rtsp.silent = False

    report, came, timer = LiveReport(), list[float](), threading.Timer(1.0, pause)
    timer.start()
    for item in LiveSource(address_of(rtsp.url), report=report).shown():
        came.append(item.start_s)
        if item.start_s > 4:
            break
    assert report.summary() == "", "neither opened again nor damaged"
    assert came == sorted(came) and len(came) > 20


def test_who_waits_for_a_queue_is_freed_by_the_stop_whatever_the_source_does() -> None:
    stop, hanging, found = Stop(), threading.Event(), list[int]()

    def items() -> Iterator[int]:
        yield 1
        hanging.wait(10)
        yield 2

    thread = threading.Thread(target=lambda: found.extend(ahead(items(), 3, hanging.set, stop=stop)), daemon=True)
    thread.start()
    until(lambda: found == [1], 5, "the first item did not come")
    stop.set()
    thread.join(1)
    assert not thread.is_alive() and found == [1]


def test_who_is_late_to_a_stop_is_freed_at_once_and_who_has_left_is_not() -> None:
    stop, called = Stop(), list[str]()
    frees: list[Callable[[], None]] = [lambda: called.append("left"), lambda: called.append("stays")]
    for free in frees:
        stop.frees_by(free)
    stop.forget(frees[0])
    stop.set()
    stop.frees_by(lambda: called.append("late"))
    assert called == ["stays", "late"]
