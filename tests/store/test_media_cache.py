"""Copies of remote media stay within their bound, whoever makes them, and none goes that somebody reads."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.store import media_cache
from livecc_assets.store.media_cache import cache_bytes, cached
from livecc_assets.store.uris import local_path
from tests.store import cache_user


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose cache may hold a hundred bytes, none of them asked for just now."""
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    monkeypatch.setenv("LIVECC_MEDIA_CACHE_BYTES", "100")
    monkeypatch.setattr(media_cache, "MOMENTS_SEC", 0)
    (tmp_path / "log").mkdir()
    monkeypatch.setenv("CACHE_LOG", str(tmp_path / "log"))
    return tmp_path


def ask(name: str, size: int = 30, age: float = 0.0) -> Path:
    """The copy of a name, as if asked for so many seconds ago."""
    path = cached(name, f"{name}.mp4", size, lambda file: file.write(name[:1].encode() * size))
    assert path.read_bytes() == name[:1].encode() * size
    if age:
        os.utime(path, (time.time() - age, time.time() - age))
    return path


def kept(home: Path) -> list[str]:
    """Names of the copies that are there; others may delete some meanwhile."""
    cache = home / "cache" / "media"
    walked = [(Path(folder), names) for folder, _, names in os.walk(cache)]
    return sorted(
        Path(name).stem for folder, names in walked if folder != cache and folder.name[0] != "." for name in names
    )


def stored_bytes(home: Path) -> int:
    """Bytes of the copies and of those that are being written."""
    total = 0
    for path in (home / "cache" / "media").glob("*/*"):
        if path.parent.name != ".locks":
            total += int(path.name.split("-")[1]) if path.parent.name == ".partial" else path.stat().st_size
    return total


@pytest.fixture
def process(home: Path) -> Iterator:
    """Starts a process that uses the cache; its first line is read when it has begun."""
    started: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, cache_user.__file__, *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_what_was_not_asked_for_the_longest_goes_first_when_the_bound_would_be_passed(home: Path) -> None:
    for name, age in [("a", 30.0), ("b", 40.0), ("c", 20.0)]:
        ask(name, age=age)
    assert kept(home) == ["a", "b", "c"]
    ask("d")
    assert kept(home) == ["a", "c", "d"]
    ask("a")
    ask("e")
    assert kept(home) == ["a", "d", "e"], "a was asked for again, so c was the oldest"
    assert stored_bytes(home) == 90


def test_videos_in_s3_are_copied_within_the_bound(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="films")
        for number in range(10):
            client.put_object(Bucket="films", Key=f"{number}.mp4", Body=bytes([number]) * 30)
        for number in range(10):
            path = local_path(f"s3://films/{number}.mp4")
            assert path.read_bytes() == bytes([number]) * 30
            os.utime(path, (number, number))
            assert stored_bytes(home) <= 100
        assert kept(home) == ["7", "8", "9"]
        client.put_object(Bucket="films", Key="large.mp4", Body=b"x" * 101)
        with pytest.raises(
            MediaError, match=r"large.mp4 has 101 bytes, .* may have 100 together; raise LIVECC_MEDIA_CACHE"
        ):
            local_path("s3://films/large.mp4")
        assert kept(home) == ["7", "8", "9"]


def test_a_copy_that_is_open_here_stays(home: Path) -> None:
    with ask("a", age=50).open("rb"):
        for name in "bcdef":
            ask(name, age=10)
        assert kept(home) == ["a", "e", "f"]
    ask("g")
    assert "a" not in kept(home)


def test_a_copy_that_is_open_in_another_process_stays(home: Path, process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECC_MEDIA_CACHE_BYTES", "2000")
    held = process("hold", "x")
    assert held.stdout.readline() == "ready\n"
    for path in (home / "cache" / "media").glob("*/x.mp4"):
        os.utime(path, (0, 0))
    ask("a", 900, age=10)
    ask("b", 900, age=10)
    assert kept(home) == ["b", "x"]
    held.kill()
    held.wait()
    ask("c", 900)
    assert kept(home) == ["b", "c"]


def test_a_copy_that_was_asked_for_moments_ago_stays_and_the_bound_is_passed(home: Path, monkeypatch) -> None:
    monkeypatch.setattr(media_cache, "MOMENTS_SEC", 3600)
    for name in "abcd":
        ask(name, age=10)
    assert kept(home) == ["a", "b", "c", "d"]
    ask("e", age=7200)
    ask("f", age=7200)
    assert kept(home) == ["a", "b", "c", "d", "f"]


def test_a_bound_that_was_lowered_holds_from_the_next_copy_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        ask(name, age=10)
    monkeypatch.setenv("LIVECC_MEDIA_CACHE_BYTES", "50")
    ask("d")
    assert kept(home) == ["d"]


def test_what_was_deleted_by_hand_or_lies_there_from_before_is_counted_as_it_is(home: Path) -> None:
    (home / "cache" / "media" / "old").mkdir(parents=True)
    (home / "cache" / "media" / "old" / "old.mp4").write_bytes(b"x" * 60)
    (home / "cache" / "media" / "a stray file").write_bytes(b"")
    ask("a")
    ask("a").unlink()
    for name in "bc":
        ask(name, age=-10)
    assert kept(home) == ["b", "c"]


def test_a_copy_that_fails_leaves_nothing_and_is_tried_again(home: Path) -> None:
    def fill(file) -> None:
        file.write(b"half")
        raise ConnectionError("gone")

    for _ in range(20):
        with pytest.raises(ConnectionError):
            cached("a", "a.mp4", 30, fill)
    assert stored_bytes(home) == 0
    ask("a")
    ask("b")
    assert kept(home) == ["a", "b"]


def test_a_copy_whose_process_died_is_made_anew_and_its_room_is_free(home: Path, process, monkeypatch) -> None:
    monkeypatch.setenv("LIVECC_MEDIA_CACHE_BYTES", "1500")
    for again in ("x", "y"):
        hung = process("hang", "x")
        assert hung.stdout.readline() == "ready\n"
        assert stored_bytes(home) >= 1000
        hung.kill()
        hung.wait()
        (home / "log" / "x").unlink()
        ask(again, 1000)
        assert stored_bytes(home) == 1000
        ask(again, 1000).unlink()


def test_names_longer_than_a_file_system_allows_are_cut(home: Path) -> None:
    assert cached("a", "é" * 500, 1, lambda file: file.write(b"x")).name == "é" * 100


def test_threads_that_ask_for_one_file_copy_it_once(home: Path) -> None:
    made: list[float] = []

    def fill(file) -> None:
        made.append(time.monotonic())
        time.sleep(0.2)
        file.write(b"x" * 30)

    found: list[bytes] = []
    asked = [
        threading.Thread(target=lambda: found.append(cached("a", "a.mp4", 30, fill).read_bytes())) for _ in range(5)
    ]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join()
    assert (len(made), found) == (1, [b"x" * 30] * 5)


def test_processes_that_share_the_cache_keep_to_one_bound_and_read_whole_files(
    home: Path, process, monkeypatch
) -> None:
    # At most 4 files in 0.2 s for each of four processes, of 1,000 bytes: what they used moments ago is below the bound.
    bound = 30 * cache_user.SIZE
    monkeypatch.setenv("LIVECC_MEDIA_CACHE_BYTES", str(bound))
    users = [process("ask", str(seed), "60") for seed in range(4)]
    most = 0
    while any(user.poll() is None for user in users):
        names = kept(home)
        most = max(most, len(names))
        time.sleep(0.01)
    most = max(most, len(kept(home)))
    assert [user.returncode for user in users] == [0] * 4
    assert 20 <= most <= 30
    assert list((home / "log").iterdir()) == [] and list((home / "cache/media/.partial").iterdir()) == []


@pytest.mark.parametrize("text", ["0", "-1", "20GiB", "1e9", "²"])
def test_a_bound_that_is_no_number_of_bytes_is_told_with_an_example(text: str, monkeypatch) -> None:
    monkeypatch.setenv("LIVECC_MEDIA_CACHE_BYTES", text)
    with pytest.raises(UserError) as refused:
        cache_bytes()
    assert (
        str(refused.value)
        == f"LIVECC_MEDIA_CACHE_BYTES={text}: is no number of bytes; write one such as 21474836480, or unset it"
    )


def test_without_the_variable_the_largest_video_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVECC_MEDIA_CACHE_BYTES")
    from livecc_assets.store.uris import MOST_BYTES

    assert cache_bytes() > MOST_BYTES
