"""What `livecc ui` prints, and what it tells the pages' doors."""

import pytest

from livecc_assets.cli.greeting import address, door_keys, greeting
from livecc_assets.core.errors import UserError
from resources.door import door_from_environment


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2", "LOCALHOST"])
def test_on_loopback_no_token_is_asked_for(host: str) -> None:
    assert door_from_environment(door_keys(host, {}))["token"] is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "box.example", "localhost.example"])
def test_elsewhere_each_start_has_a_token_of_its_own_that_nobody_guesses(host: str) -> None:
    one, other = (door_from_environment(door_keys(host, {}))["token"] for _ in range(2))
    assert one and other and one != other
    assert len(one) >= 32


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_token_that_the_environment_has_is_kept(host: str) -> None:
    assert door_from_environment(door_keys(host, {"LIVECC_UI_TOKEN": "mine"}))["token"] == "mine"


def test_the_pages_answer_to_the_host_they_were_given_and_to_the_names_of_the_setting() -> None:
    names = door_from_environment(door_keys("box.example", {"LIVECC_UI_HOSTS": "ui.example"}))["names"]
    assert names == {"127.0.0.1", "localhost", "[::1]", "box.example", "ui.example"}
    assert "[fd00::1]" in door_from_environment(door_keys("fd00::1", {}))["names"]


def test_a_mistake_in_the_setting_is_told_before_a_server_starts() -> None:
    with pytest.raises(UserError, match=r"LIVECC_UI_HOSTS holds 'http://ui.example'"):
        door_keys("127.0.0.1", {"LIVECC_UI_HOSTS": "http://ui.example"})


def test_the_greeting_has_links_that_open() -> None:
    said = greeting("127.0.0.1", 3000, 5000, "")
    assert said == "Dagster http://127.0.0.1:3000   MLflow http://127.0.0.1:5000   (Ctrl-C ends both)"
    said = greeting("0.0.0.0", 3000, 5000, "a+b")
    assert "Dagster http://127.0.0.1:3000/?token=a%2Bb   MLflow http://127.0.0.1:5000/?token=a%2Bb" in said
    assert "LIVECC_UI_HOSTS" in said.splitlines()[1]


def test_an_ipv6_address_has_its_brackets() -> None:
    assert address("::1", 3000) == "http://[::1]:3000"
