"""Downloads reach public machines only, end within bounds, and leave whole files or nothing."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import id_fault
from livecc_assets.source import fetch_list as lists
from livecc_assets.source.candidates import scan
from livecc_assets.source.fetch import Bounds, Fetcher
from livecc_assets.source.fetch_list import fetch_list, read_list
from tests.source.web import FILM, Web, certificate, loopback

HOST = "films.example"
#: Times that no machine needs: a test sets the one that it is about.
SMALL = Bounds(size_bytes=100_000, connect_sec=60, silent_sec=60, total_sec=600, redirects=3)


@pytest.fixture
def web():
    with Web() as server:
        yield server
        server.shutdown()


def here(**changes) -> Fetcher:
    """A fetcher for which every host is this machine, and this machine is public."""
    return Fetcher(**({"bounds": SMALL, "resolve": lambda host, port: ["127.0.0.1"], "allowed": loopback} | changes))


def told(fetcher: Fetcher, address: str, folder: Path) -> str:
    """The one line that a refused download ends with; nothing of it may be left."""
    with pytest.raises(UserError) as caught:
        fetcher.fetch(address, folder / "film.mp4")
    assert list(folder.iterdir()) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_comes_whole_from_the_checked_address_under_its_own_host(web: Web, tmp_path: Path) -> None:
    web.page("/a/film.mp4")
    here().fetch(f"http://{HOST}:{web.server_port}/a/film.mp4?token=x", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert web.asked == [(f"{HOST}:{web.server_port}", "/a/film.mp4?token=x")]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.10", "172.16.5.4", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1",
        "192.0.0.192", "168.63.129.16", "255.255.255.255", "::1", "fe80::1%eth0", "fd00:ec2::254", "::ffff:127.0.0.1",
        "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "ff0e::1",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_even_beside_a_public_address(address: str, tmp_path: Path) -> None:
    for found in ([address], ["93.184.215.14", address]):
        said = told(Fetcher(SMALL, lambda host, port, found=found: found), f"http://{HOST}/film.mp4", tmp_path)
        assert said.startswith(
            f"http://{HOST}/film.mp4: {HOST} leads to {address}, which is not on the public internet"
        )


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:7f00:1]"]
)
def test_this_machine_is_refused_under_all_its_names(host: str, web: Web, tmp_path: Path) -> None:
    web.page("/film.mp4")
    said = told(Fetcher(SMALL), f"http://{host}:{web.server_port}/film.mp4", tmp_path)
    assert "not on the public internet" in said or "cannot be resolved" in said
    assert web.asked == []


def test_a_resolver_that_answers_differently_the_second_time_is_not_asked_twice(web: Web, tmp_path: Path) -> None:
    web.page("/film.mp4")
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    fetcher = here(resolve=lambda host, port: answers.pop(0))
    fetcher.fetch(f"http://{HOST}:{web.server_port}/film.mp4", tmp_path / "film.mp4")
    assert answers == [["10.0.0.1"]], "the connection went to the address that was checked"
    rebinding = f"http://{HOST}:{web.server_port}/film.mp4"
    (tmp_path / "film.mp4").unlink()
    assert "leads to 10.0.0.1" in told(fetcher, rebinding, tmp_path)


def test_redirects_are_followed_and_each_is_checked(web: Web, tmp_path: Path) -> None:
    port = web.server_port
    web.page("/start.mp4", b"", 302, Location=f"http://cdn.example:{port}/next.mp4")
    web.page("/next.mp4", b"", 307, Location="film.mp4")
    web.page("/film.mp4")
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    here(resolve=resolve).fetch(f"http://{HOST}:{port}/start.mp4", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM
    assert asked == [HOST, "cdn.example", "cdn.example"]


@pytest.mark.parametrize(
    ("onward", "words"),
    [
        ("http://metadata.example/latest/film.mp4", "leads to 169.254.169.254"),
        ("file:///etc/passwd", "only http:// and https://"),
        ("http://me:secret@films.example/film.mp4", "addresses with a password are not fetched"),
        ("/start.mp4", "redirects more than 3 times"),
        ("http://[x/", "redirects to what is no web address"),
        ("//[::1", "redirects to what is no web address"),
        ("http://films.example:99999999/film.mp4", "is no web address"),
        ("http://fi\x01lms.example/film.mp4", "is no web address"),
        ("", "redirects more than 3 times"),
    ],
)
def test_a_redirect_to_what_may_not_be_reached_is_refused(onward: str, words: str, web: Web, tmp_path: Path) -> None:
    web.page("/start.mp4", b"", 302, Location=onward)
    places = {HOST: "127.0.0.1", "metadata.example": "169.254.169.254"}
    fetcher = here(resolve=lambda host, port: [places[host]])
    assert words in told(fetcher, f"http://{HOST}:{web.server_port}/start.mp4", tmp_path)


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (b"x", {"Content_Length": "100001"}, "has 100001 bytes, above the limit of 100000"),
        (b"x" * 100_001, {"Content_Length": ""}, "sends more than the limit of 100000 bytes"),
        (b"x" * 50, {"Content_Length": "60"}, "broke off after 50 bytes"),
        (b"", {}, "is empty"),
        (b"x" * 50, {"Content_Encoding": "gzip"}, "compressed"),
        (b"5\r\nabc", {"Content_Length": "", "Transfer_Encoding": "chunked"}, "broke off"),
    ],
)
def test_a_size_is_believed_only_as_far_as_it_arrives(body, headers, words, web: Web, tmp_path: Path) -> None:
    web.page("/film.mp4", body, **headers)
    assert words in told(here(), f"http://{HOST}:{web.server_port}/film.mp4", tmp_path)


def test_a_stream_without_end_is_cut_at_the_limit_and_a_trickle_at_the_time(web: Web, tmp_path: Path) -> None:
    web.endless("/film.mp4")
    web.endless("/trickle.mp4", b"x", 0.05)
    web.endless("/silent.mp4", b"", 5)
    base = f"http://{HOST}:{web.server_port}"
    assert "more than the limit" in told(here(), f"{base}/film.mp4", tmp_path)
    trickle, silent = here(bounds=replace(SMALL, total_sec=1.5)), here(bounds=replace(SMALL, silent_sec=1))
    started = time.monotonic()
    assert "takes longer than 1.5 s" in told(trickle, f"{base}/trickle.mp4", tmp_path)
    assert "broke off after 0 bytes" in told(silent, f"{base}/silent.mp4", tmp_path)
    assert time.monotonic() - started < 45, "the other bounds are longer"


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "block"),
    [
        (b"", CONTINUE),
        (CONTINUE + b"HTTP/1.1 ", b"2"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x"),
    ],
)
def test_an_answer_that_never_begins_ends_at_the_time(first: bytes, block: bytes, web: Web, tmp_path: Path) -> None:
    web.trickle("/film.mp4", first, block)
    started, bounds = time.monotonic(), replace(SMALL, total_sec=1.5)
    said = told(here(bounds=bounds), f"http://{HOST}:{web.server_port}/film.mp4", tmp_path)
    assert "takes longer than 1.5 s" in said
    assert time.monotonic() - started < 45, "the other bounds are longer"


def test_an_answer_that_never_begins_ends_at_the_time_under_tls_too(tmp_path: Path, monkeypatch) -> None:
    pem, folder = certificate(tmp_path / "web.pem", HOST), tmp_path / "films"
    folder.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with Web(pem) as server:
        server.trickle("/film.mp4", b"", CONTINUE)
        server.endless("/body.mp4", b"x", 0.05)
        started, bounds = time.monotonic(), replace(SMALL, total_sec=1.5)
        for page in ("film", "body"):
            said = told(here(bounds=bounds), f"https://{HOST}:{server.server_port}/{page}.mp4", folder)
            assert "takes longer than 1.5 s" in said
        assert time.monotonic() - started < 45, "the other bounds are longer"
        server.shutdown()


def test_a_download_leaves_no_clock_running(web: Web, tmp_path: Path) -> None:
    web.page("/film.mp4")
    here().fetch(f"http://{HOST}:{web.server_port}/film.mp4", tmp_path / "film.mp4")
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_busy_server_is_asked_again_after_the_time_that_it_names(
    web: Web, tmp_path: Path, pauses: list[float]
) -> None:
    web.page("/film.mp4", b"", 429, Retry_After="30")
    with pytest.raises(UserError, match="the server answered 429; try again later"):
        here().fetch(f"http://{HOST}:{web.server_port}/film.mp4", tmp_path / "film.mp4")
    assert (len(web.asked), pauses) == (3, [30.0, 30.0])


def test_a_busy_server_is_not_waited_for_longer_than_a_download_may_take(
    web: Web, tmp_path: Path, pauses: list[float]
) -> None:
    web.page("/film.mp4", b"", 503, Retry_After="30")
    with pytest.raises(UserError, match="the server answered 503; try again later"):
        here(bounds=replace(SMALL, total_sec=20)).fetch(
            f"http://{HOST}:{web.server_port}/film.mp4", tmp_path / "film.mp4"
        )
    assert (len(web.asked), pauses) == (1, [])


def test_an_answer_that_is_no_file_is_told_with_its_status(web: Web, tmp_path: Path) -> None:
    web.page("/film.mp4", b"gone", 404)
    said = told(here(), f"http://{HOST}:{web.server_port}/film.mp4?Signature=secret", tmp_path)
    assert said == f"http://{HOST}:{web.server_port}/film.mp4: the server answered 404; check the address"


def test_a_host_that_tls_cannot_name_is_told(web: Web, tmp_path: Path) -> None:
    assert "no answer (UnicodeError: label" in told(
        here(), f"https://.films.example:{web.server_port}/film.mp4", tmp_path
    )


def test_nobody_at_home_is_told(tmp_path: Path) -> None:
    with Web() as server:
        port = server.server_port
        server.shutdown()
    assert "no answer (" in told(here(), f"http://{HOST}:{port}/film.mp4", tmp_path)


def test_the_certificate_must_be_that_of_the_name_and_not_of_the_number(tmp_path: Path, monkeypatch) -> None:
    pem, folder = certificate(tmp_path / "web.pem", HOST), tmp_path / "films"
    folder.mkdir()
    with Web(pem) as server:
        server.page("/film.mp4")
        server.page("/down.mp4", b"", 302, Location=f"http://{HOST}:{server.server_port}/film.mp4")
        base = f"https://{HOST}:{server.server_port}"
        assert "self-signed certificate" in told(here(), f"{base}/film.mp4", folder)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        assert "match" in told(here(), f"https://other.example:{server.server_port}/film.mp4", folder)
        assert "redirects from https to http://" in told(here(), f"{base}/down.mp4", folder)
        here().fetch(f"{base}/film.mp4", folder / "film.mp4")
        assert (folder / "film.mp4").read_bytes() == FILM
        server.shutdown()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("s3://bucket/film.mp4", "only http:// and https://"),
        ("http://h/film.exe", "are fetched; take it out of the list"),
        ("http://h/", "are fetched; take it out of the list"),
        ("not an address", "is no web address"),
        ("http://h/good.mp4\nhttp://other/good.mp4", "line 2: two addresses end in good.mp4"),
        ("# nothing but words", "holds no address"),
        ("http://me:pw@h/film.mp4", "addresses with a password"),
        ("ftp://me:pw@h/film.mp4", "only http:// and https://"),
        ("http://me:pw@[h/film.mp4?Signature=pw", "is no web address"),
    ],
)
def test_a_list_that_cannot_be_fetched_names_the_line_before_anything_is(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(UserError, match=r"list\.txt") as caught:
        read_list(tmp_path / "list.txt")
    assert words in str(caught.value) and "pw" not in str(caught.value)


def test_names_stay_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        "http://h/a/..%2f..%2fetc%2fcron.mp4\nhttp://h/%2e%2ehidden.mp4\nhttp://h/é b.en.vtt\n"
    )
    assert list(read_list(tmp_path / "list.txt")) == ["_.._etc_cron.mp4", "hidden.mp4", "é b.en.vtt"]


@pytest.mark.parametrize(
    "title",
    [
        "x" * 300,
        "é" * 300,
        "\u5165" * 300,
        "\U0001f600" * 300,
        "%E5%85%A5" * 300,
        "of. " * 80,
        *("x" * n for n in (120, 127, 128, 129, 130, *range(190, 210))),
    ],
)
def test_long_names_fit_every_file_system_and_keep_what_belongs_together(title: str, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    endings = [".mp4", ".en.vtt", "_en-US.srt", ".info.json", ".json3"]
    listed.write_text("\n".join(f"http://h/{title}{end}" for end in [*endings, "2.mp4", "2.srt"]))
    names = list(read_list(listed))
    for name in names:
        (tmp_path / "films").mkdir(exist_ok=True)
        (tmp_path / "films" / name).write_bytes(b"x")
    found = {candidate.name: candidate for candidate in scan(str(tmp_path / "films"))}
    assert len(found) == 2
    assert [id_fault(candidate.stem) for candidate in found.values()] == [None, None]
    first, second = (found[names[0]], found[names[5]])
    assert {caption.name for caption in first.captions} == {names[1], names[2], names[4]} and first.info
    assert [caption.name for caption in second.captions] == [names[6]]


def test_a_long_name_that_was_fetched_is_not_fetched_again(web: Web, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"http://{HOST}:{web.server_port}/{'%C3%A9' * 200}.mp4\n")
    web.page(f"/{'%C3%A9' * 200}.mp4")
    assert next(fetch_list(listed, tmp_path / "films", here())).endswith(f": {len(FILM)} bytes")
    assert next(fetch_list(listed, tmp_path / "films", here())).endswith(": already there")


@pytest.mark.usefixtures("pauses")
def test_what_is_there_is_not_fetched_again_and_what_fails_is_named(web: Web, tmp_path: Path) -> None:
    base, listed = f"http://{HOST}:{web.server_port}", tmp_path / "list.txt"
    listed.write_text(f"# a match\n{base}/one.mp4\n\n{base}/one.vtt\n{base}/two.mp4\n")
    web.page("/one.mp4")
    web.page("/one.vtt", b"WEBVTT\n")
    web.page("/two.mp4", b"", 503)
    with pytest.raises(UserError, match=r"1 of 3 addresses were not fetched, the first: .*two.mp4: .* 503"):
        list(fetch_list(listed, tmp_path / "films", here()))
    web.page("/two.mp4")
    lines = list(fetch_list(listed, tmp_path / "films", here()))
    assert [line.split(": ")[1] for line in lines] == ["already there", "already there", f"{len(FILM)} bytes"]
    assert sorted(path.name for path in (tmp_path / "films").iterdir()) == ["one.mp4", "one.vtt", "two.mp4"]


@pytest.fixture
def livecc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    for name in ("LIVECC_HOME", "LIVECC_PROFILE", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "restored after the test")
        monkeypatch.delenv(name)

    def run(*arguments: str):
        return CliRunner().invoke(main, ["--home", str(tmp_path / "home"), "ingest", *arguments, "--batch", "web"])

    return run


def test_a_list_becomes_a_batch_when_it_is_asked_for(
    web: Web, livecc, tmp_path: Path, template, subrip, monkeypatch
) -> None:
    base, listed = f"http://{HOST}:{web.server_port}", tmp_path / "list.txt"
    web.page("/match.mp4", template)
    web.page("/match.en.srt", subrip().encode())
    listed.write_text(f"{base}/match.mp4\n{base}/match.en.srt\n")
    monkeypatch.setattr(lists, "Fetcher", here)
    done = livecc(str(listed), "--fetch")
    assert done.exit_code == 0, done.output
    assert f"batch web: 1 files under {tmp_path}/home/fetched/web" in done.output
    assert (tmp_path / "home/fetched/web/match.mp4").read_bytes() == template


@pytest.mark.parametrize("folder", ["http://films.example/film.mp4", "list.txt"])
def test_nothing_is_downloaded_unasked(folder: str, livecc, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("http://films.example/film.mp4\n")
    done = livecc(folder)
    assert done.exit_code == 1
    assert "Nothing is downloaded unless you ask for it" in done.output and "--fetch" in done.output


def test_the_public_check_is_the_default_on_the_command(web: Web, livecc, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"http://localhost:{web.server_port}/film.mp4\n")
    done = livecc(str(tmp_path / "list.txt"), "--fetch")
    assert done.exit_code == 1
    assert "not on the public internet" in done.output
    assert web.asked == [] and not (tmp_path / "home" / "artefacts").exists()
