"""Addresses that carry a password are told without it, by steps of the orchestrator and by MLflow's records alike."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.store.artifact import Artifact
from resources.mlflow import _remember, _remembered
from resources.tracking import Recorded, Tracker
from tests.security import planted_graph
from tests.security.searching import leaks
from tests.security.test_planted_secret import database, event_log, home, planted, run_everything

__all__ = ["database", "home", "planted"]  # fixtures

PASSWORD = "p4ssw0rd-in-an-address"


class Failing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 501)
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def tracking(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A tracking server that is there and takes nothing, at an address with a password."""
    server = HTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = f"http://me:{PASSWORD}@127.0.0.1:{server.server_port}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    yield uri
    server.shutdown()


def test_a_tracking_server_that_refuses_is_told_without_its_password(
    home: Path,
    planted: dict[str, str],
    tracking: str,
) -> None:
    assert run_everything() == [True, False]
    assert "did not take the record" in event_log(home)
    assert leaks(home, planted | {"MLFLOW_TRACKING_URI": PASSWORD}) == []


@pytest.mark.parametrize("kind", [UserError, ConnectionError])
def test_a_step_of_the_orchestrator_that_fails_keeps_no_secret(
    kind: type[Exception],
    home: Path,
    planted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def numbers(task) -> None:
        import os

        try:
            raise OSError(f"{os.environ['OPENAI_API_KEY']} was refused")
        except OSError as error:
            raise kind(f"nothing answers at {os.environ['AWS_ENDPOINT_URL']}") from error

    failing = replace(planted_graph.STEPS["numbers"], function=numbers)
    monkeypatch.setitem(planted_graph.STEPS, "numbers", failing)
    assert run_everything()[0] is False
    assert "nothing answers at http://" in event_log(home)
    assert leaks(home, planted) == []


def test_links_and_receipts_of_a_tracking_server_hold_no_password(home: Path) -> None:
    tracker = Tracker.at(home, env={"MLFLOW_TRACKING_URI": f"https://me:{PASSWORD}@tracking.example"})
    assert tracker.uri == f"https://me:{PASSWORD}@tracking.example", "the client itself needs it"
    links = tracker._links(SimpleNamespace(info=SimpleNamespace(run_id="r", experiment_id="e")), "m")
    assert links.run_url == "https://tracking.example/#/experiments/e/runs/r"
    receipt, artifact = home / "receipts" / "one.json", cast(Artifact, SimpleNamespace(data_version="d"))
    _remember(receipt, tracker, artifact, links)
    assert PASSWORD not in receipt.read_text()
    assert _remembered(receipt, tracker, artifact) == links
    assert _remembered(receipt, Tracker("https://other.example"), artifact) is None
    assert isinstance(links, Recorded) and load_settings().home == home
