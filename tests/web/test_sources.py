"""What a viewer may watch: web addresses, and nothing of this machine's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import UserError
from livecc_assets.media.live_address import LiveReport
from livecc_assets.web.sources import Source, address_source, seconds_of, starting_at
from tests.web.fakes import CONFIG


@pytest.mark.parametrize(
    "text",
    [
        "/etc/passwd", "file:///etc/passwd", "-", "", "match.mp4", "/dev/video0", "/dev/stdin", "s3://bucket/a.mp4",
        "gopher://a.example/", "concat:/etc/passwd|/etc/group", "subfile,,start,0,end,9,,:/etc/passwd", "data:text/plain,x",
        "pipe:0", "http:/a.mp4", "udp://239.0.0.1:1234", "ftp://a.example/a.mp4",
    ],
)  # fmt: skip
def test_no_file_pipe_or_device_of_the_server_can_be_named(text: str) -> None:
    with pytest.raises(UserError, match="http://"):
        address_source(text, 0.0, None)


@pytest.mark.parametrize("text", ["http:///a.mp4", "http://[::1/a.mp4", "http://a b.example/", "rtsp://:80/"])
def test_an_address_without_a_host_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="names no host"):
        address_source(text, 0.0, None)


def test_a_web_address_is_taken_and_its_secrets_are_not_shown() -> None:
    source = address_source(" https://user:word@a.example:8443/m.mp4?sig=1 ", 12.5, None)
    assert (source.name, source.at, source.live) == ("https://a.example:8443/m.mp4", 12.5, False)


def test_a_source_in_real_time_begins_where_it_is() -> None:
    source = address_source("rtsp://a.example/cam", 12.5, None)
    assert (source.at, source.live) == (0.0, True)


@pytest.mark.parametrize(
    "text",
    ["http://b.example/a.mp4", "http://a.example.evil.example/", "http://127.0.0.1/", "http://a.example@evil.example/"],
)
def test_where_hosts_are_listed_no_other_is_asked(text: str) -> None:
    assert address_source("http://A.example/a.mp4", 0.0, frozenset({"a.example"})).name == "http://a.example/a.mp4"
    with pytest.raises(UserError, match=r"not opened here \(allowed: a\.example\)"):
        address_source(text, 0.0, frozenset({"a.example"}))


def test_an_upload_that_is_no_video_or_too_long_is_refused_under_the_viewers_name_for_it(
    video: Path, tmp_path: Path
) -> None:
    assert seconds_of(video, "mine.mp4", 60) == pytest.approx(6.0, abs=0.2)
    with pytest.raises(UserError, match=r"mine\.mp4 lasts 0\.1 minutes, and at most 0\.05 "):
        seconds_of(video, "mine.mp4", 3)
    for content in (b"#EXTM3U\nfile:///etc/passwd\n", b"no video at all " * 40, b"\0" * 2000):
        bad = tmp_path / "uploaded-video"
        bad.write_bytes(content)
        with pytest.raises(UserError, match=r"mine\.mp4 ") as caught:
            seconds_of(bad, "mine.mp4", 60)
        assert str(tmp_path) not in str(caught.value) and "uploaded-video" not in str(caught.value)


def _blocks() -> Iterator[Block]:
    yield Block(0.0, 3.0, torch.zeros(6, 3, 28, 28, dtype=torch.uint8), 0.5)
    for start in range(3, 9):
        yield Block(float(start), start + 1.0, torch.full((2, 3, 28, 28), start, dtype=torch.uint8), 0.5)


def test_a_stream_that_is_joined_later_begins_like_any_other() -> None:
    found = list(starting_at(_blocks(), 4.2))
    assert [(b.origin_s + b.start_s, b.origin_s + b.end_s, len(b.frames)) for b in found] == [
        (4.5, 7.5, 6),
        (7.5, 8.5, 2),
        (8.5, 9.5, 2),
    ]
    assert found[0].start_s == 0.0
    assert found[0].frames[:, 0, 0, 0].tolist() == [4, 4, 5, 5, 6, 6]


def test_the_end_is_shown_even_where_it_is_short_and_nothing_comes_after_it() -> None:
    assert [len(block.frames) for block in starting_at(_blocks(), 7.4)] == [4]
    assert list(starting_at(_blocks(), 70.0)) == []


def test_a_file_is_read_from_the_second_that_was_asked_for(video: Path) -> None:
    found = list(Source("six", 2.0, video).blocks(CONFIG, LiveReport()))
    assert [(b.origin_s + b.start_s, b.origin_s + b.end_s) for b in found] == [(2.0, 5.0), (5.0, 6.0)]
