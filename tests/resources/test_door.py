"""The door in front of the pages: what it lets in, what it refuses, and with which words."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from livecc_assets.core.errors import UserError
from resources.door import Door, door_from_environment

HOST = "127.0.0.1:3000"
OWN = {"host": HOST, "origin": f"http://{HOST}"}
POSTED = "/graphql"


async def _tell(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.method} {request.url.query}")


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept("graphql-ws")
    await websocket.send_text("hello")
    await websocket.close()


def page(environment: dict[str, str] | None = None, base: str = "http://127.0.0.1:3000") -> TestClient:
    """A page of two routes behind the door that this environment describes; ``base`` is where connections come in."""
    methods = ["GET", "POST", "OPTIONS", "DELETE"]
    routes = [
        WebSocketRoute("/graphql", _talk),
        Route("/graphql", _tell, methods=methods),
        Route("/{path:path}", _tell, methods=methods),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(Door, **door_from_environment(environment or {}))
    return TestClient(app, base_url=base)


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:8080", "LocalHost", "[::1]:3000", "127.0.0.1"])
def test_the_names_of_loopback_are_answered_on_any_port(host: str) -> None:
    assert page().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:3000", "127.0.0.1.evil.example:3000", "10.evil.example", "localhost.evil.example",
        "evil.example@127.0.0.1", "127.0.0.1:3000@evil.example", "127.0.0.1,evil.example", "127.0.0.1:x", "[::1", "",
        "10.0.0.9:3000", "localhost.",
    ],
)  # fmt: skip
def test_a_foreign_host_is_refused_in_one_line_that_names_the_remedy(host: str) -> None:
    for path in ("/", "/server_info", "/health"):
        answer = page().get(path, headers={"host": host})
        assert answer.status_code == 403
        assert "LIVECC_UI_HOSTS" in answer.text
        assert len(answer.text.splitlines()) == 1
        assert answer.headers["content-type"].startswith("text/plain")


def test_a_request_with_two_hosts_is_refused() -> None:
    client = page()
    twice = client.build_request("GET", "/", headers=[("host", HOST), ("host", "evil.example")])
    assert client.send(twice).status_code == 403


def test_names_that_the_operator_lists_are_answered() -> None:
    client = page({"LIVECC_UI_HOSTS": " ui.Example , 192.168.1.5:3000,fd00::5,, "})
    for host in ("ui.example", "UI.example:443", "192.168.1.5:3000", "[fd00::5]:3000", "localhost:3000"):
        assert client.get("/", headers={"host": host}).status_code == 200
    assert client.get("/", headers={"host": "other.example"}).status_code == 403


@pytest.mark.parametrize("listed", ["*", "*.example", "https://ui.example", "ui example"])
def test_what_is_no_name_in_the_setting_is_told_in_one_line(listed: str) -> None:
    with pytest.raises(UserError, match=r"LIVECC_UI_HOSTS holds .*write names"):
        door_from_environment({"LIVECC_UI_HOSTS": f"ui.example,{listed}"})


def test_the_very_address_that_a_connection_came_to_needs_no_setting() -> None:
    """Kubernetes's probes ask a pod by its number."""
    client = page(base="http://10.1.2.3:3000")
    assert client.get("/server_info", headers={"host": "10.1.2.3:3000"}).status_code == 200
    assert client.get("/server_info", headers={"host": "10.1.2.4:3000"}).status_code == 403


def test_a_name_is_not_known_because_a_server_says_so() -> None:
    assert page(base="http://evil.example").get("/", headers={"host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("method", ["POST", "DELETE", "GET", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "http://127.0.0.1:8000", "http://127.0.0.1", "http://localhost:3000", "",
        "http://127.0.0.1:3000.evil.example", "file://", "http://127.0.0.1:30000", "chrome-extension://127.0.0.1:3000",
    ],
)  # fmt: skip
def test_another_origin_is_refused_whatever_the_method(method: str, origin: str) -> None:
    answer = page().request(method, POSTED, headers={"host": HOST, "Origin": origin, "accept": "text/html"})
    assert answer.status_code == 403
    assert len(answer.text.splitlines()) == 1
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_form_of_another_site_is_refused(kind: str) -> None:
    headers = {"host": HOST, "origin": "http://127.0.0.1:8000", "content-type": kind}
    assert page().post(f"{POSTED}?query=mutation", headers=headers).status_code == 403
    without = {"host": HOST, "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert page().post(f"{POSTED}?query=mutation", headers=without).status_code == 403


def test_two_origins_are_not_one_of_them() -> None:
    client = page()
    for values in (["http://evil.example", OWN["origin"]], [OWN["origin"], "http://evil.example"]):
        sent = client.build_request("POST", POSTED, headers=[("host", HOST), *(("origin", one) for one in values)])
        assert client.send(sent).status_code == 403


def test_the_page_itself_may_change_things() -> None:
    for origin in (f"http://{HOST}", f"HTTP://{HOST}"):
        answer = page().post(POSTED, headers={"host": HOST, "origin": origin, "sec-fetch-site": "same-origin"})
        assert (answer.status_code, answer.text) == (200, "POST ")


def test_behind_a_proxy_that_ends_tls_the_page_may_change_things() -> None:
    client = page({"LIVECC_UI_HOSTS": "ui.example"})
    assert client.post(POSTED, headers={"host": "ui.example", "origin": "https://ui.example"}).status_code == 200
    refused = client.post(POSTED, headers={"host": "localhost:3000", "origin": "https://ui.example"})
    assert refused.status_code == 403
    assert "pass the Host header on" in refused.text


def test_what_is_no_browser_may_change_things_on_loopback() -> None:
    assert page().post(POSTED, headers={"host": HOST}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("mode", "target"), [("no-cors", "image"), ("navigate", "iframe"), ("cors", "empty")])
def test_images_frames_and_fetches_of_other_sites_get_nothing(site: str, mode: str, target: str) -> None:
    headers = {"host": HOST, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": target}
    for path in ("/download_debug/1", "/logs/1", "/graphql"):
        assert page().get(path, headers=headers).status_code == 403


def test_a_link_on_another_site_still_opens_a_page() -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert page().get("/runs/1", headers={"host": HOST} | link).status_code == 200


def test_no_other_site_can_frame_a_page() -> None:
    assert page().get("/", headers={"host": HOST}).headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/prefix/graphql"])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "image/avif,*/*"])
def test_a_get_executes_no_graphql(path: str, accept: str) -> None:
    for method in ("GET", "HEAD"):
        answer = page().request(method, f"{path}?query=mutation", headers={"host": HOST, "accept": accept})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_playground_is_shown_and_its_query_stays_in_the_browser() -> None:
    answer = page().get("/graphql?query=mutation", headers={"host": HOST, "accept": "text/html,*/*"})
    assert (answer.status_code, answer.text) == (200, "GET ")


def denied(client: TestClient, headers: dict[str, str]) -> int:
    """With which status a handshake is refused."""
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect("/graphql", headers=headers):
        pass
    return caught.value.status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"host": HOST, "origin": "http://127.0.0.1:8000"},
        {"host": HOST, "origin": "null"},
        {"host": HOST, "sec-fetch-site": "cross-site"},
        {"host": "evil.example:3000", "origin": "http://evil.example:3000"},
    ],
)
def test_a_websocket_of_another_site_is_refused(headers: dict[str, str]) -> None:
    assert denied(page(), headers) == 403


@pytest.mark.parametrize("headers", [OWN, {"host": HOST}, OWN | {"sec-fetch-site": "same-site"}])
def test_a_websocket_of_the_page_itself_is_open(headers: dict[str, str]) -> None:
    with page().websocket_connect("/graphql", headers=headers, subprotocols=["graphql-ws"]) as talk:
        assert talk.receive_text() == "hello"
