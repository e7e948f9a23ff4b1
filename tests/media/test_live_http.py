"""Bytes from the web: ranges, breaks, redirects; each server here runs on loopback for one test."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media.live_address import Address, LiveReport, Waits, live_address
from livecc_assets.media.live_source import LiveSource

FAST = Waits(opening=1, reading=1, first_pause=0.05, longest_pause=0.1, outage=1)
Answer = Callable[[http.server.BaseHTTPRequestHandler, int], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """The address of a server that answers so; ``answer`` also gets which request it is."""
    count = iter(range(1000))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            with suppress(OSError):
                answer(self, next(count))

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/film?key=secret"
        running.shutdown()


def say(handler: http.server.BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def ranged(data: bytes, most: int = 10**9, mark: Callable[[int], str] = lambda number: '"one"') -> Answer:
    """Gives parts of ``data``, and hangs up after ``most`` bytes of each."""

    def answer(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        at = int((handler.headers["Range"] or "bytes=0-")[6:-1])
        same = handler.headers.get("If-Range") in (None, mark(number))
        headers = {"ETag": mark(number), "Content-Length": str(len(data) - (at if same else 0))}
        handler.close_connection = True
        if same:
            headers["Content-Range"] = f"bytes {at}-{len(data) - 1}/{len(data)}"
        say(handler, 206 if same else 200, headers, (data[at:] if same else data)[:most])

    return answer


def address_of(uri: str) -> Address:
    found = live_address(uri)
    assert found is not None
    return found


def numbers(film: Any, uri: str, report: LiveReport | None = None, found: list[int] | None = None) -> list[int]:
    """The numbers that the pictures of a web address show; kept in ``found`` as they come."""
    found = [] if found is None else found
    for item in LiveSource(address_of(uri), waits=FAST, report=report).shown():
        if item.picture is not None:
            found.append(film.number_of(item.picture.to_ndarray(format="rgb24")))
    return found


@pytest.fixture(scope="module")
def films(film: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder: Path = tmp_path_factory.mktemp("films")
    return {ending: film.make(folder / f"film.{ending}", seconds=6).read_bytes() for ending in ("mp4", "mkv", "ts")}


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_a_film_is_read_whole_from_a_server_that_gives_parts(film: Any, films: dict[str, bytes], ending: str) -> None:
    with server(ranged(films[ending])) as uri:
        assert numbers(film, uri) == list(range(60))


@pytest.mark.parametrize("ending", ["mp4", "ts"])
def test_a_server_that_hangs_up_is_asked_for_the_rest(film: Any, films: dict[str, bytes], ending: str) -> None:
    report = LiveReport()
    with server(ranged(films[ending], most=len(films[ending]) // 3)) as uri:
        assert numbers(film, uri, report) == list(range(60))
    assert report.reopened >= 2


def test_a_film_that_is_exchanged_midway_ends_in_words_after_what_came_before(
    film: Any, films: dict[str, bytes]
) -> None:
    data, found = films["mkv"], []
    with (
        server(ranged(data, len(data) // 2, lambda number: f'"{number}"')) as uri,
        pytest.raises(MediaError, match="exchanged by its server"),
    ):
        numbers(film, uri, found=found)
    assert len(found) > 20


def test_a_stream_without_a_length_is_opened_again_and_shown_once(film: Any, films: dict[str, bytes]) -> None:
    data = films["ts"]

    def answer(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        handler.close_connection = True
        say(handler, 200, {"Connection": "close"}, data[: len(data) // 2 if number == 0 else len(data)])

    report = LiveReport()
    with server(answer) as uri:
        found = numbers(film, uri, report)
    # A picture or two are cut in the middle.
    assert found == sorted(set(found)) and len(found) >= 57 and found[-1] == 59
    assert report.reopened >= 1


def test_a_stream_in_chunks_ends_where_it_says(film: Any, films: dict[str, bytes]) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        body = b"".join(
            b"%x\r\n%s\r\n" % (len(part), part)
            for part in (films["ts"][k : k + 5000] for k in range(0, len(films["ts"]), 5000))
        )
        say(handler, 200, {"Transfer-Encoding": "chunked"}, body + b"0\r\n\r\n")

    report = LiveReport()
    with server(answer) as uri:
        assert numbers(film, uri, report) == list(range(60))
    assert report.reopened == 0


def test_a_server_that_is_gone_for_good_ends_in_words_after_what_came_before(
    film: Any, films: dict[str, bytes]
) -> None:
    data, found = films["ts"], []

    def answer(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        handler.close_connection = True
        if number:
            say(handler, 503, {"Content-Length": "0"})
        else:
            say(handler, 200, {"Connection": "close"}, data[: len(data) // 2])

    with server(answer) as uri, pytest.raises(MediaError, match=r"gone.*did not come back.*503"):
        numbers(film, uri, found=found)
    assert found == sorted(set(found)) and len(found) > 20


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("file:///etc/passwd", "redirects to a file address"),
        ("ftp://127.0.0.1/film.ts", "redirects to a ftp address"),
        ("http://10.0.0.1/film.ts", "in a private network"),
        ("/film", "redirects more than 5 times"),
    ],
)
def test_redirects_out_of_the_web_are_not_followed(film: Any, target: str, words: str) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        say(handler, 302, {"Location": target, "Content-Length": "0"})

    with server(answer) as uri, pytest.raises(MediaError, match=words) as caught:
        numbers(film, uri)
    assert "secret" not in caught.value.detail


def test_a_redirect_within_a_server_is_followed(film: Any, films: dict[str, bytes]) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        if handler.path.startswith("/film"):
            say(handler, 302, {"Location": "/there", "Content-Length": "0"})
        else:
            ranged(films["mkv"])(handler, number)

    with server(answer) as uri:
        assert numbers(film, uri) == list(range(60))


def test_a_playlist_a_missing_page_and_a_silent_server_are_refused_in_words(film: Any) -> None:
    def playlist(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        body = b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n"
        say(handler, 200, {"Content-Length": str(len(body))}, body)

    def missing(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        handler.send_error(404)

    def silent(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        time.sleep(1.5)

    for answer, words in ((playlist, "is a playlist"), (missing, "answers 404"), (silent, "timed out")):
        with server(answer) as uri, pytest.raises(MediaError, match=words):
            numbers(film, uri)
