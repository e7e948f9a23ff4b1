"""Dagster's real webserver, as our command runs it: every way in passes the door."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from livecc_assets.cli import webserver

PAUSE = "mutation { setAutoMaterializePaused(paused: %s) }"
PAUSED = "{ instance { autoMaterializePaused } }"
HOST = {"host": "127.0.0.1:3000"}
OWN = HOST | {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-origin"}
FOREIGN = HOST | {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-site"}


def run(
    command: Callable[[], None], home: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[TestClient], Any]
) -> Any:
    """What ``ask`` finds while the command would serve its app."""
    from dagster_webserver import cli

    found = []

    def serve(app: Starlette, **_: Any) -> None:
        found.append(ask(TestClient(app, base_url="http://127.0.0.1:3000")))

    with monkeypatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        patch.setattr("sys.argv", ["dagster-webserver", "--empty-workspace"])
        patch.setattr("uvicorn.run", serve)
        patch.setattr(cli, webserver.MAKER, getattr(cli, webserver.MAKER))  # and back again
        with pytest.raises(SystemExit):
            command()
    [one] = found
    return one


def is_paused(client: TestClient) -> bool:
    return client.post("/graphql", json={"query": PAUSED}, headers=HOST).json()["data"]["instance"][
        "autoMaterializePaused"
    ]


#: Ways in which another site's page, or a careless link, can hand Dagster a mutation.
ATTACKS: dict[str, Callable[[TestClient, str], Any]] = {
    "image": lambda client, query: client.get(
        "/graphql", params={"query": query}, headers=HOST | {"accept": "image/*"}
    ),
    "image of old browser": lambda client, query: client.get("/graphql", params={"query": query}, headers=HOST),
    "form": lambda client, query: client.post("/graphql", params={"query": query}, data={"a": "b"}, headers=FOREIGN),
    "upload": lambda client, query: client.post(
        "/graphql", params={"query": query}, files={"a": b"b"}, headers=FOREIGN
    ),
    "plain text": lambda client, query: client.post(
        "/graphql", params={"query": query}, content="a=b", headers=FOREIGN | {"content-type": "text/plain"}
    ),
    "unknown origin": lambda client, query: client.post(
        "/graphql", params={"query": query}, headers=HOST | {"origin": "null"}
    ),
    "rebound name": lambda client, query: client.post(
        "/graphql", json={"query": query}, headers={"host": "evil.example:3000", "origin": "http://evil.example:3000"}
    ),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return tmp_path


@pytest.mark.parametrize("guarded", [True, False], ids=["with the door", "with Dagster's own command"])
def test_no_other_site_changes_anything_which_without_the_door_each_would(
    guarded: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attack(client: TestClient) -> list[str]:
        succeeded = []
        for name, send in ATTACKS.items():
            client.post("/graphql", json={"query": PAUSE % "false"}, headers=HOST)
            assert not is_paused(client)
            send(client, PAUSE % "true")
            if is_paused(client):
                succeeded.append(name)
        return succeeded

    if guarded:
        command = webserver.main
    else:
        from dagster_webserver.cli import main as command
    assert run(command, home, monkeypatch, attack) == ([] if guarded else list(ATTACKS))


def test_the_page_its_api_its_playground_and_its_subscriptions_work(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def use(client: TestClient) -> None:
        shown = client.get("/", headers=HOST | {"accept": "text/html"})
        assert shown.status_code == 200 and "content-security-policy" in shown.headers
        assert shown.headers["x-frame-options"] == "SAMEORIGIN"
        assert "dagster_version" in client.get("/server_info", headers=HOST).json()
        assert "graphiql" in client.get("/graphql", headers=HOST | {"accept": "text/html"}).text.lower()
        for headers in (OWN, HOST):  # the page; curl and Dagster's Python client
            for said in (True, False):
                client.post("/graphql", json={"query": PAUSE % json.dumps(said)}, headers=headers)
                assert is_paused(client) == said
        with client.websocket_connect("/graphql", subprotocols=["graphql-ws"], headers=OWN) as talk:
            talk.send_json({"type": "connection_init"})
            assert talk.receive_json() == {"type": "connection_ack"}

    run(webserver.main, home, monkeypatch, use)


#: Routes of Dagster that answer a GET, but for its files: they read. A new one has to be looked at before it is listed here.
READING = {
    "/", "/{path:path}", "/server_info", "/dagit_info", "/graphql", "/logs/{path:path}", "/notebook", "/dagit/notebook",
    "/download_debug/{run_id:str}",
}  # fmt: skip


def test_what_a_get_reaches_only_reads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(client: TestClient) -> list[Any]:
        assert isinstance(client.app, Starlette)
        return list(client.app.routes)

    routes = [one for one in run(webserver.main, home, monkeypatch, look) if getattr(one, "name", "") != "root_static"]
    assert {one.path for one in routes if "GET" in (getattr(one, "methods", None) or ())} == READING
    assert len([one for one in routes if one.path.startswith("/report_") and one.methods == {"POST"}]) == 3


def test_a_setting_that_is_no_name_ends_the_command_before_it_serves(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.core.errors import UserError

    monkeypatch.setenv("LIVECC_UI_HOSTS", "*")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with pytest.raises(UserError, match="LIVECC_UI_HOSTS"):
        webserver.main()
