"""The server as a program: it ends in order, leaves nothing, and who is served is not slowed by who is refused."""

import contextlib
import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.web.serving import MODEL, send_file, serving, sit, watch

pytestmark = pytest.mark.live


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_ends_it_in_order_and_removes_what_viewers_sent(tmp_path: Path, video: Path, number: int) -> None:
    with serving(tmp_path, "--model", MODEL) as (address, process):
        with sit(address) as talk:
            send_file(address, json.loads(talk.recv(60))["viewer"], video)
            talk.send(json.dumps({"type": "start", "source": "file"}))
            assert [path.name for path in (tmp_path / "tmp").rglob("*") if path.is_file()] == ["uploaded-video"]
            process.send_signal(number)
            assert process.wait(60) == 0
            with contextlib.suppress(ConnectionClosed):
                while talk.recv(10):
                    pass
        assert list((tmp_path / "tmp").glob("livecc*")) == []
        assert list((tmp_path / "tmp").rglob("uploaded-video")) == []
        lines = (tmp_path / "serve.log").read_text().splitlines()
        assert lines == [f"loading {MODEL}", f"Live commentary {address}   (Ctrl-C ends it)"]


def test_who_is_refused_hears_it_in_words_and_those_who_are_served_do_not_fall_behind(
    tmp_path: Path, video: Path
) -> None:
    def refused(_: int) -> tuple[str, int]:
        with sit(address) as talk:
            message = json.loads(talk.recv(60))
            assert message["type"] == "refused", message
            with pytest.raises(ConnectionClosed):
                talk.recv(30)
            return message["text"], talk.close_code or 0

    with serving(tmp_path, "--model", MODEL, "--max-viewers", "3") as (address, _):
        watch(address, video, 4.0)  # the model is warm
        with ThreadPoolExecutor(60) as pool:
            seated = threading.Barrier(4)  # the three, and who lets the others come
            watching = [pool.submit(watch, address, video, 8.0, lambda: seated.wait(120)) for _ in range(3)]
            seated.wait(120)
            words = list(pool.map(refused, range(50)))
            served = [one.result() for one in watching]
    assert set(words) == {("All 3 seats are taken. Try again when somebody has left.", 1013)}
    for said in served:
        assert [(one["start"], one["end"]) for one in said] == [(0.0, 3.0), (3.0, 4.0), (4.0, 5.0), (5.0, 6.0)]
        assert said[-1]["skipped"] == 0
        assert all(-0.05 <= one["late"] <= 1.0 for one in said), [round(one["late"], 2) for one in said]


def test_away_from_loopback_the_printed_link_opens_it_and_nothing_else_does(tmp_path: Path) -> None:
    with serving(tmp_path, "--model", MODEL, "--host", "0.0.0.0") as (address, _):
        assert "?token=" in address
        with pytest.raises(InvalidStatus) as refused:
            sit(address)
        assert refused.value.response.status_code == 401
