"""In a real browser: another site's page presses no button of the UI, and the UI itself works."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import CHROMIUM, Tab, browser
from tests.cli.attacker import MEANS, READING, START, attacker
from tests.cli.test_serve import _free_port
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

DEFINITIONS = f"""
import dagster as dg

@dg.asset
def footage(): ...

job = dg.define_asset_job("make", [footage])
names = {[*MEANS, "button"]}
schedules = [dg.ScheduleDefinition(name=name, job=job, cron_schedule="0 0 1 1 *") for name in names]
defs = dg.Definitions(assets=[footage], jobs=[job], schedules=schedules)
"""
STATES = """{ schedulesOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "defs.py"})
{ ... on Schedules { results { name scheduleState { status } } } } }"""
#: Names that a resolver could give any address: of the attacker, and of one that rebinds its name to this machine.
NAMES = "--host-resolver-rules=MAP *.example 127.0.0.1"
GUARDED, BARE = "livecc_assets.cli.webserver", "dagster_webserver"


def ask(ui: str, query: str) -> dict[str, Any]:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{ui}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def running(ui: str) -> list[str]:
    """The schedules that are switched on."""
    found = ask(ui, STATES)["schedulesOrError"]["results"]
    assert len(found) == len(MEANS) + 1
    return [one["name"] for one in found if one["scheduleState"]["status"] == "RUNNING"]


@pytest.fixture
def ui(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Dagster's webserver on a few schedules, started by the module that the test names; its address."""
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (tmp_path / "defs.py").write_text(DEFINITIONS)
    address = f"http://127.0.0.1:{_free_port()}"
    command = [
        sys.executable,
        "-m",
        request.param,
        "-f",
        "defs.py",
        "-h",
        "127.0.0.1",
        "-p",
        address.rpartition(":")[2],
    ]
    environment = os.environ | {"DAGSTER_HOME": str(tmp_path)}
    with (tmp_path / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "log.txt").read_text()
        try:
            return running(address) == []
        except OSError:
            return False

    try:
        until(answers, 120, lambda: (tmp_path / "log.txt").read_text(), every=0.5)
        yield address
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browser(tmp_path / "profile", NAMES) as one:
        yield one


@pytest.mark.parametrize("ui", [GUARDED, BARE], indirect=True, ids=["with the door", "with Dagster's own command"])
@pytest.mark.parametrize("name", ["cats.example", "127.0.0.1"], ids=["another site", "another port of this machine"])
def test_another_sites_page_starts_no_schedule_and_reads_nothing_which_without_the_door_it_does(
    ui: str, name: str, tab: Tab, request: pytest.FixtureRequest
) -> None:
    with attacker(ui) as server:
        tab.open(f"http://{name}:{server.server_port}/")
        told = until(lambda: server.told, 60, "the page tried everything") or {}
    if request.node.callspec.params["ui"] == GUARDED:
        assert running(ui) == []
        assert told == dict.fromkeys(READING, "")
    else:
        assert set(running(ui)) == {*MEANS} - {"frame"}  # a frame gets the playground, which runs nothing by itself
        assert "connection_ack" in told["websocket"]


@pytest.mark.parametrize("ui", [GUARDED], indirect=True)
def test_a_name_that_was_rebound_to_this_machine_opens_nothing(ui: str, tab: Tab) -> None:
    tab.open(ui.replace("127.0.0.1", "rebound.example"))
    assert "LIVECC_UI_HOSTS" in tab.text()
    query = json.dumps(json.dumps({"query": START % "button"}))
    sent = f"fetch('/graphql', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: {query}}})"
    assert tab.ask(f"{sent}.then(answer => answer.status)") == 403
    assert running(ui) == []


@pytest.mark.parametrize("ui", [GUARDED], indirect=True)
def test_the_ui_itself_shows_its_assets_and_its_buttons_work(ui: str, tab: Tab, tmp_path: Path) -> None:
    tab.open(f"{ui}/assets")
    until(lambda: "footage" in tab.text(), 60, tab.text, every=0.5)
    tab.picture(tmp_path / "assets.png")
    tab.open(f"{ui}/locations/defs.py/schedules/button")
    switch = "document.querySelector('input[type=checkbox], [role=switch]')"
    until(lambda: tab.ask(f"!!{switch}"), 60, tab.text, every=0.5)
    tab.ask(f"{switch}.click()")
    until(lambda: running(ui) == ["button"], 30, tab.text, every=0.5)
    tab.picture(tmp_path / "schedule.png")
