"""Which answers are asked for again, how long a server may make a client wait, and what an error tells."""

import pytest
import urllib3

from livecc_assets.core import http
from livecc_assets.core.http import Poster, TryAgainError, is_passing, patient, reason, retry_after


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_a_server_in_trouble_is_asked_again(status: int) -> None:
    assert is_passing(status)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 422, 501, 505])
def test_what_asking_again_cannot_change_is_final(status: int) -> None:
    assert not is_passing(status)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0", 0), (None, 0), ("soon", 0), ("86400", 60), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_a_server_may_ask_for_a_pause_up_to_a_minute(said: str | None, seconds: float) -> None:
    answer = urllib3.HTTPResponse(status=429, headers={} if said is None else {"Retry-After": said})
    assert retry_after(answer) == seconds


def test_only_what_may_pass_is_tried_again_and_the_last_error_is_raised(pauses: list[float]) -> None:
    tries: list[int] = []

    def fails() -> None:
        tries.append(1)
        raise TryAgainError(f"try {len(tries)}")

    with pytest.raises(TryAgainError, match="try 3"):
        patient(fails, 3, 1.0)
    assert (len(tries), len(pauses)) == (3, 2)

    def breaks() -> None:
        tries.append(1)
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        patient(breaks, 3, 1.0)
    assert len(tries) == 4


def test_a_servers_wish_makes_a_pause_longer_and_never_shorter(pauses: list[float]) -> None:
    errors = iter([TryAgainError("busy", after=30.0), TryAgainError("busy", after=0.1)])

    def call() -> str:
        for error in errors:
            raise error
        return "done"

    assert patient(call, 3, 2.0) == "done"
    assert pauses[0] == 30.0
    assert pauses[1] >= 4.0


def test_a_reason_names_no_address() -> None:
    error = urllib3.exceptions.HTTPError("HTTPSConnectionPool(host='hooks.example', port=443): Read timed out.")
    assert reason(error) == "HTTPError: Read timed out."
    assert len(reason(ValueError("x" * 999))) == 200


def test_a_post_goes_through_the_environments_proxy_unless_the_host_is_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://me:secret@proxy.example:3128")
    manager = Poster("http://api.example/v1", 1.0)._manager
    assert isinstance(manager, urllib3.ProxyManager)
    assert manager.proxy is not None and manager.proxy.host == "proxy.example"
    assert manager.proxy_headers["proxy-authorization"].startswith("Basic ")
    monkeypatch.setenv("no_proxy", "api.example")
    assert not isinstance(Poster("http://api.example/v1", 1.0)._manager, urllib3.ProxyManager)


def test_the_longest_pause_bounds_the_doubling(pauses: list[float]) -> None:
    def fails() -> None:
        raise TryAgainError("busy")

    with pytest.raises(TryAgainError):
        patient(fails, 9, 4.0)
    assert max(pauses) <= http.LONGEST_PAUSE
    assert pauses[0] >= 4.0 and pauses[1] >= 8.0
