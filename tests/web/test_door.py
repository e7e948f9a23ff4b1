"""Who gets to the page and its socket, and what a browser is told to refuse."""

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from livecc_assets.web.site import Site
from tests.web.fakes import OWN, client

TOKEN = "a-token-of-some-length"
FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:8000"},
    {"origin": "null"},
    {"host": "rebound.example"},
    {"host": "rebound.example", "origin": "http://rebound.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_sites_page_gets_neither_page_nor_file_nor_socket(served: Site, headers: dict[str, str]) -> None:
    page = client(served)
    assert page.get("/", headers=OWN | headers).status_code == 403
    assert page.put("/live/x/video", headers=OWN | headers, content=b"x").status_code == 403
    with (
        pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)),
        page.websocket_connect("/live", headers=OWN | headers),
    ):
        pass
    assert served.seats.taken == 0


def test_with_a_token_nothing_is_had_without_it(served: Site) -> None:
    page = client(served, TOKEN)
    for path in ("/", "/static/live.js"):
        answer = page.get(path)
        assert answer.status_code == 401
        assert "livecc serve" in answer.text and TOKEN not in answer.text
    assert page.put("/live/x/video", content=b"x").status_code == 401
    with pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)), page.websocket_connect("/live"):
        pass
    assert served.seats.taken == 0
    assert page.get("/health").json() == {"status": "ok"}


def test_the_link_with_the_token_opens_page_and_socket(served: Site) -> None:
    page = client(served, TOKEN)
    answer = page.get(f"/?token={TOKEN}")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert TOKEN not in answer.text
    assert page.get("/").status_code == 200
    with page.websocket_connect("/live", headers=OWN | {"cookie": f"livecc-serve={TOKEN}"}) as talk:
        assert talk.receive_json()["type"] == "seated"


def test_the_token_of_this_page_is_not_that_of_the_uis(served: Site) -> None:
    assert client(served, TOKEN).get("/", headers={"cookie": f"livecc-ui={TOKEN}"}).status_code == 401
    assert client(served, TOKEN).get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/static/live.js", "/nosuch", "/health"])
def test_every_answer_forbids_what_the_page_does_not_need(served: Site, path: str) -> None:
    headers = client(served).get(path).headers
    policy = dict(rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"] and "http" not in headers["content-security-policy"]
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_refusal_carries_the_policy_too(served: Site) -> None:
    answer = client(served).get("/", headers={"host": "evil.example"})
    assert answer.status_code == 403 and "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_interface_is_described_nowhere(served: Site) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client(served).get(path).status_code == 404
