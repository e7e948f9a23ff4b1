"""The page as it is sent: complete, with nothing inline and nothing from elsewhere, and with its models' names as text."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from livecc_assets.web.page import STATIC
from livecc_assets.web.site import Model, Site
from tests.web.fakes import FakeStreams, client, site

SCRIPTS = sorted(Path(STATIC).glob("*.js"))


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(served: Site) -> None:
    tags = Tags(client(served).get("/").text).found
    assert ("video", {"id": "video", "controls": None, "playsinline": None}) in tags
    for tag, given in tags:
        assert not [name for name in given if name.startswith("on") or name == "style"], (tag, given)
        assert tag != "style" and (tag != "script" or given["src"])
        for name in ("src", "href", "action"):
            assert (given.get(name) or "/").startswith("/") and not (given.get(name) or "").startswith("//")


def test_every_file_that_the_page_names_is_served(served: Site) -> None:
    page = client(served)
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.get("/").text))
    for script in SCRIPTS:
        named |= set(re.findall(r'from "(/static/[^"]+)"', script.read_text("utf-8")))
    assert {Path(name).name for name in named} == {path.name for path in Path(STATIC).iterdir()}
    for name in named:
        assert page.get(name).status_code == 200


def test_a_models_name_is_text_not_markup(tmp_path: Path) -> None:
    evil = "<script>alert('1')</script>\"&"
    one = site(tmp_path, FakeStreams())
    one.models = [Model(evil, one.models[0].streams)]
    text = client(one).get("/").text
    assert "<script>alert" not in text
    [known] = [given["data-known"] for _, given in Tags(text).found if "data-known" in given]
    assert known and json.loads(known)["models"] == [evil]
    assert evil in unescape(text)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_what_is_said_is_only_ever_shown_as_text(script: Path) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.srcdoc",
        script.read_text("utf-8"),
    )


def test_addresses_are_offered_where_they_are_opened_and_with_the_hosts_that_are_allowed(tmp_path: Path) -> None:
    def offered(hosts: frozenset[str] | None) -> str:
        return client(site(tmp_path, FakeStreams(), hosts=hosts)).get("/").text

    assert 'value="address"' in offered(None)
    assert 'value="address"' not in offered(frozenset())
    assert "Of these hosts: a.example, b.example." in offered(frozenset({"b.example", "a.example"}))


def test_two_models_have_a_pane_each(tmp_path: Path) -> None:
    tags = Tags(client(site(tmp_path, FakeStreams(), FakeStreams())).get("/").text).found
    assert [given["data-model"] for tag, given in tags if tag == "article"] == ["0", "1"]
