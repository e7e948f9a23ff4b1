"""A file on its way in: within limits, under a name of ours, and gone when anything is amiss."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.web.site import Limits
from livecc_assets.web.uploads import STORED, check_length, receive, shown_name

LIMITS = Limits(upload_bytes=10, stalled=0.2)


async def pieces(*given: bytes, pause: float = 0.0) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece
        await asyncio.sleep(pause)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    folder = tmp_path / "viewer"
    path = asyncio.run(receive(pieces(b"12345", b"67890"), folder, LIMITS))
    assert path == folder / STORED and path.read_bytes() == b"1234567890"
    assert folder.stat().st_mode & 0o077 == 0, "nobody else may read it"


def test_an_upload_that_drips_for_too_long_is_given_up(tmp_path: Path) -> None:
    limits = Limits(upload_bytes=1000, uploading=0.1)
    with pytest.raises(UserError, match="took more than"):
        asyncio.run(receive(pieces(*[b"1"] * 100, pause=0.02), tmp_path / "viewer", limits))
    assert list((tmp_path / "viewer").iterdir()) == []


@pytest.mark.parametrize(
    ("body", "goes_on", "words"),
    [
        (pieces(b"12345", b"678901"), True, "larger than"),
        (pieces(), True, "empty"),
        (pieces(b"1", b"2", pause=5), True, "stood still for 0.2 seconds"),
        (pieces(b"1", b"2"), False, "was closed"),
    ],
    ids=["too large", "empty", "stalled", "the viewer left"],
)
def test_what_is_not_taken_leaves_nothing(
    tmp_path: Path, body: AsyncIterator[bytes], goes_on: bool, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        asyncio.run(receive(body, tmp_path / "viewer", LIMITS, lambda: goes_on))
    assert list((tmp_path / "viewer").iterdir()) == []


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "viewer").mkdir()
    (tmp_path / "viewer" / STORED).symlink_to("/dev/full")
    with pytest.raises(UserError, match="could not keep the file"):
        asyncio.run(receive(pieces(b"1234"), tmp_path / "viewer", LIMITS))


def test_a_length_above_the_limit_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UserError, match="larger than"):
        check_length("11", LIMITS)
    for fine in ("10", None, "", "x"):
        check_length(fine, LIMITS)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("match.mp4", "match.mp4"), ("../../etc/passwd", "passwd"), ("C:\\videos\\a.mp4", "a.mp4"), ("/", "the video"),
        ("", "the video"), ("a\nb\x1b[31m.mp4", "a b[31m.mp4"), ("x" * 500, "x" * 100),
    ],
)  # fmt: skip
def test_a_name_is_a_word_in_messages_and_no_path(given: str, shown: str) -> None:
    assert shown_name(given) == shown
