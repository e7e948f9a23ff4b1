"""A tracking server that is down, silent or failing costs seconds and a warning, never a training."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from resources.tracking import Tracker
from tests.resources.tracked import train


class _Failing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 500)
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def failing_server() -> Iterator[str]:
    """A tracking server that is up and answers every question with an error."""
    server = HTTPServer(("127.0.0.1", 0), _Failing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_server_that_is_down_costs_seconds_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    started = time.monotonic()
    recorded = train(Tracker(f"http://user:secret@127.0.0.1:{port}"))
    assert time.monotonic() - started < 60
    assert recorded.run_id is None
    assert recorded.warning is not None
    assert "did not take the record" in caplog.text
    assert "secret" not in caplog.text


def test_a_server_that_accepts_and_is_silent_costs_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        recorded = train(Tracker(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        assert time.monotonic() - started < 60
    assert recorded.warning is not None
    assert "no answer" in recorded.warning


def test_a_server_that_fails_costs_a_bounded_time(failing_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    started = time.monotonic()
    recorded = train(Tracker(failing_server))
    assert time.monotonic() - started < 180
    assert recorded.warning is not None


def test_a_damaged_database_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is not a database")
    recorded = train(Tracker.at(tmp_path, env={}))
    assert recorded.warning is not None
    assert "not a database" in recorded.warning
