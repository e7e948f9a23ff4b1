"""Only the UI's own pages press its buttons, under its own name, and elsewhere than on loopback with the token."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from livecc_assets.cli.door import HOSTS, Door
from livecc_assets.cli.serve import commands
from livecc_assets.graph.settings import load_settings

HERE = "http://127.0.0.1:3000"


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.method} {request.url.path}?{request.url.query}")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def client(base: str = HERE, **options: object) -> TestClient:
    methods = ["GET", "POST", "PUT", "DELETE"]
    routes = [WebSocketRoute("/graphql", talk), Route("/{path:path}", answer, methods=methods)]
    door = Door(Starlette(routes=routes), **options)  # type: ignore[arg-type]
    return TestClient(door, base_url=base, follow_redirects=False)


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST", "[::1]:3000", "ui.lab:80", "UI.Lab"])
def test_its_own_names_are_answered(host: str) -> None:
    found = client(hosts=[" ui.lab ", ""]).get("/", headers={"Host": host})
    assert found.status_code == 200
    assert found.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "[::1", "", "ui.lab@evil.example"]
)
def test_another_name_is_refused_with_the_remedy(host: str) -> None:
    for method in ("GET", "POST"):
        found = client(hosts=["ui.lab"]).request(method, "/", headers={"Host": host})
        assert found.status_code == 403 and HOSTS in found.text


def test_two_names_at_once_are_refused() -> None:
    assert client().get("/", headers=[("Host", "127.0.0.1"), ("Host", "evil.example")]).status_code == 400


@pytest.mark.parametrize(
    "path", ["/graphql?query=mutation", "/graphql/?query={x}", "/prefix/graphql?query={x}", "/graphql"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_graphql_runs_from_an_address(path: str, method: str) -> None:
    assert client().request(method, path, headers={"Accept": "image/*"}).status_code == 405


def test_a_browser_gets_the_playground_page() -> None:
    assert client().get("/graphql", headers={"Accept": "text/html,*/*"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": HERE, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://127.0.0.1:3000"},  # a proxy does the TLS
        {"Sec-Fetch-Site": "none"},
        {},  # curl, Dagster's client
    ],
)
def test_its_own_pages_and_programs_may_send(headers: dict[str, str]) -> None:
    assert client().post("/graphql", headers=headers).status_code == 200


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:8000"},  # another server of this machine
    {"Origin": "http://localhost:3000"},
    {"Origin": "file://127.0.0.1:3000"},
    {"Origin": f"{HERE}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_another_page_sends_is_refused(headers: dict[str, str], method: str) -> None:
    assert client().request(method, "/report_asset_materialization/x", headers=headers).status_code == 403


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_page_opens_no_socket(headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect) as refused, client().websocket_connect("/graphql", headers=headers):
        pass
    assert refused.value.code == 1008


def test_its_own_page_opens_one() -> None:
    with client().websocket_connect("ws://127.0.0.1:3000/graphql", headers={"Origin": HERE}) as socket:
        assert socket.receive_text() == "hello"


def test_with_a_token_nobody_comes_in_without_it() -> None:
    one = client("http://10.0.0.7:3000", token="secret")
    assert one.get("/").status_code == 401 and one.get("/?token=wrong").status_code == 401
    assert one.post("/graphql").status_code == 401
    assert one.get("/", headers={"Cookie": "livecc-ui-token=wrong; x=\x7f"}).status_code == 401
    with pytest.raises(WebSocketDisconnect), one.websocket_connect("/graphql"):
        pass
    assert one.post("/graphql", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_the_address_with_the_token_leads_in_and_keeps_it_out_of_the_history() -> None:
    one = client("http://10.0.0.7:3000", token="secret")
    let_in = one.get("http://10.0.0.7:3000//evil.example/runs?a=1&token=secret&b=%26")
    assert let_in.status_code == 303 and let_in.headers["location"] == "/evil.example/runs?a=1&b=%26"
    cookie = let_in.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert one.get("/runs").status_code == 200  # the client keeps the cookie
    foreign = {"Origin": "https://evil.example"}
    assert one.post("/graphql", headers=foreign).status_code == 403, "a cookie does not make another page its own"


@pytest.mark.parametrize(
    ("host", "guarded"), [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("lab", True)]
)
def test_elsewhere_than_on_loopback_there_is_a_token_and_mlflow_stays_here(
    host: str, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVECC_UI_TOKEN", raising=False)
    servers = commands(load_settings(), host, 3000, 5000)
    assert (len(servers["dagster"].env.get("LIVECC_UI_TOKEN", "")) >= 32) is guarded
    assert ("0.0.0.0" in servers["mlflow"].argv, "lab" in servers["mlflow"].argv) == (False, False)
    assert host in servers["dagster"].env[HOSTS]
