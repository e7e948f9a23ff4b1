"""Whatever runs out is one line that says what, where and what to do."""

import errno
import os
import resource
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from livecc_assets.core import shortage
from livecc_assets.core.errors import UserError
from livecc_assets.core.shortage import AT, KEPT, ShortageError, as_line, has_room, raise_if_short, writing


def system(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path) if path else OSError(number, os.strerror(number))


class OutOfMemoryError(RuntimeError):
    """As torch names a GPU's."""


CASES = {
    "space": (system(errno.ENOSPC, "/d/x"), "out of disk space in /d/x (No space left on device); free space there"),
    "quota": (
        system(errno.EDQUOT, "/d/x"),
        "out of disk quota in /d/x (Disk quota exceeded); free space or raise the quota",
    ),
    "file size": (
        system(errno.EFBIG, "/d/x"),
        "over the allowed size of a file in /d/x (File too large); raise the limit",
    ),
    "open files": (
        system(errno.EMFILE, "/d/x"),
        "out of open files at /d/x (Too many open files); raise the limit on open",
    ),
    "open files of all": (system(errno.ENFILE), "out of open files (Too many open files in system); raise the limit"),
    "processes": (system(errno.EAGAIN), "out of threads or processes (Resource temporarily unavailable); raise"),
    "threads": (RuntimeError("can't start new thread"), "out of threads or processes (can't start new thread); raise"),
    "memory of Python": (MemoryError(), "out of memory (MemoryError); end other programs"),
    "memory of Arrow": (pa.ArrowMemoryError("malloc of size 9 failed"), "out of memory (malloc of size 9 failed)"),
    "memory of torch": (
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: you tried 9"),
        "out of memory ([enforce fail",
    ),
    "memory of a library": (ImportError("libx.so: failed to map segment from shared object"), "out of memory (libx.so"),
    "memory of numpy": (
        ImportError("READ THIS\n\nOriginal error was: failed to map segment"),
        "out of memory (Original",
    ),
    "a GPU's": (
        OutOfMemoryError("CUDA out of memory. Tried 2 GiB"),
        "out of GPU memory (CUDA out of memory. Tried 2 GiB)",
    ),
    "a GPU's in CTranslate2": (RuntimeError("CUDA failed with error out of memory"), "out of GPU memory (CUDA failed"),
    "Rust's": (Exception("No space left on device (os error 28)"), "out of disk space (No space left"),
}


@pytest.mark.parametrize(("error", "start"), CASES.values(), ids=CASES)
def test_each_kind_is_a_line_with_the_remedy(error: Exception, start: str) -> None:
    line = str(as_line(error))
    assert line.startswith(start) and line.endswith(KEPT) and "\n" not in line


@pytest.mark.parametrize(
    "error", [ValueError("x"), RuntimeError("x"), system(errno.ENOENT, "/d/x"), KeyError("Too many open files")]
)
def test_other_errors_are_none(error: Exception) -> None:
    assert as_line(error) is None
    raise_if_short(error)


def test_a_shortage_is_found_behind_the_errors_that_it_led_to() -> None:
    library, ours = ValueError("cannot be saved"), UserError("the model cannot be loaded; convert it")
    library.__cause__ = system(errno.ENOSPC, "/d/x")
    ours.__context__ = library  # as `from None` leaves it
    assert "out of disk space in /d/x" in str(as_line(ours))


def test_what_a_user_error_quotes_is_no_shortage() -> None:
    assert as_line(UserError("the endpoint answered: CUDA out of memory")) is None


def test_it_names_the_setting_of_a_folder_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LIVECC_ROOT", str(tmp_path / "root"))
    error = system(errno.ENOSPC, str(tmp_path / "root" / "a" / "x"))
    assert "or name a folder with more room in LIVECC_ROOT. " in str(as_line(error))


def test_where_an_error_does_not_say_which_disk_is_full_the_full_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVECC_HOME", str(tmp_path))
    monkeypatch.setattr(shortage, "_FULL", 1 << 62)
    assert f"out of disk space in {tmp_path} (" in str(as_line(system(errno.ENOSPC)))
    monkeypatch.setattr(shortage, "_FULL", 0)
    assert "out of disk space (" in str(as_line(system(errno.ENOSPC)))


def test_it_says_how_far_the_work_was() -> None:
    error = MemoryError()
    error.add_note("of a library")
    error.add_note(f"{AT}after 3 of 40 clips scored")
    assert str(as_line(error)).startswith("out of memory, after 3 of 40 clips scored (MemoryError); ")


def test_a_database_that_is_full_is_told(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute("pragma max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.execute("create table x as select randomblob(100000)")
    wrapped = RuntimeError("(sqlite3.OperationalError) …")
    wrapped.orig = caught.value  # type: ignore[attr-defined]  # as SQLAlchemy keeps it
    assert "out of disk space" in str(as_line(wrapped))


def test_a_database_that_cannot_be_opened_for_lack_of_descriptors_is_told_so(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    held = list[int]()
    try:
        with suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        with pytest.raises(sqlite3.OperationalError) as caught:
            sqlite3.connect(tmp_path / "x.db")
        line = as_line(caught.value)
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "out of open files" in str(line)
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path / "no folder" / "x.db")
    assert as_line(caught.value) is None


def test_no_folder_for_temporary_files_is_told() -> None:
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/var/tmp']")
    assert "name a folder with room in TMPDIR" in str(as_line(error))


def test_a_write_to_an_open_file_gets_its_name() -> None:
    error = system(errno.ENOSPC)
    with suppress(OSError), writing("/d/set.jsonl"):
        raise error
    with pytest.raises(OSError, match=r"^as S3 says it$"), writing("bucket/x"):
        raise OSError("as S3 says it")
    assert "in /d/set.jsonl (" in str(as_line(error))


def test_a_shortage_is_not_taken_for_the_fault_of_a_file() -> None:
    with pytest.raises(ShortageError, match="out of open files at v"):
        raise_if_short(system(errno.EMFILE, "v.mp4"))


def test_room_is_asked_of_the_system() -> None:
    assert has_room(1 << 20)
    assert not has_room(1 << 60)


def test_a_thread_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are CPython's own; another version may have others."""

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading, "_start_new_thread", refuse)
    with pytest.raises(RuntimeError) as caught:
        threading.Thread(target=print).start()
    assert "out of threads" in str(as_line(caught.value))
