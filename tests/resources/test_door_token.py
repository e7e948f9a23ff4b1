"""Away from loopback the pages ask for a token: in the link, then in a cookie, or as a bearer's."""

import re

import pytest

from tests.resources.test_door import HOST, denied, page

TOKEN = "a-token-of-some-length"
ASKING = {"LIVECC_UI_TOKEN": TOKEN}
OWN = {"host": HOST}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer "},
        {"cookie": "livecc-ui=wrong"},
        {"cookie": f"other={TOKEN}"},
        {"cookie": "livecc-ui="},
    ],
)
def test_without_the_token_nothing_is_answered_but_how_to_get_in(headers: dict[str, str]) -> None:
    for method, path in (("GET", "/"), ("POST", "/graphql"), ("GET", "/?token=wrong"), ("POST", f"/?token={TOKEN}")):
        answer = page(ASKING).request(method, path, headers=OWN | headers)
        assert answer.status_code == 401
        assert "livecc ui" in answer.text and "LIVECC_UI_TOKEN" in answer.text
        assert TOKEN not in answer.text
    assert denied(page(ASKING), OWN) == 401


def test_the_link_leaves_a_cookie_that_no_script_and_no_other_site_can_use() -> None:
    answer = page(ASKING).get(f"/runs?token={TOKEN}&view=all", headers=OWN)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    assert f"livecc-ui={TOKEN}" in cookie
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert 'url=/runs?view=all"' in answer.text and TOKEN not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_with_the_cookie_or_as_a_bearer_everything_is_answered() -> None:
    for sent in ({"cookie": f"a=b; livecc-ui={TOKEN}"}, {"authorization": f"Bearer {TOKEN}"}):
        assert page(ASKING).get("/", headers=OWN | sent).status_code == 200
        assert page(ASKING).post("/graphql", headers=OWN | sent).status_code == 200
        with page(ASKING).websocket_connect("/graphql", headers=OWN | sent) as talk:
            assert talk.receive_text() == "hello"


def test_the_cookie_does_not_open_the_door_for_other_sites() -> None:
    sent = OWN | {"cookie": f"livecc-ui={TOKEN}", "origin": "http://127.0.0.1:8000"}
    assert page(ASKING).post("/graphql", headers=sent).status_code == 403


@pytest.mark.parametrize("path", ["//evil.example/a", "/\\evil.example", '/"><script>', "/a;url=b"])
def test_the_link_leads_nowhere_but_into_the_page(path: str) -> None:
    answer = page(ASKING).get(f"http://127.0.0.1:3000{path}?token={TOKEN}", headers=OWN)
    [target] = re.findall(r'content="0;url=([^">]*)">$', answer.text)
    assert re.fullmatch(r"/[^/\\;<>]*(/[^\\;<>]*)?", target)


def test_probes_need_no_token() -> None:
    for path in ("/server_info", "/health"):
        assert page(ASKING).get(path, headers=OWN).status_code == 200
        assert page(ASKING).post(path, headers=OWN).status_code == 401


def test_an_empty_token_asks_for_none() -> None:
    assert page({"LIVECC_UI_TOKEN": ""}).get("/", headers=OWN).status_code == 200
