"""Of two computations of one input key the second waits, gets what the first made, and takes over from one that died."""

# ruff: noqa: F811 (fixtures of another file are asked for by name)
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.synchronize import Event as Flag
from pathlib import Path

import pytest

from livecc_assets.store import Store, lock
from livecc_assets.store.blobs import open_blobs
from livecc_assets.store.lock import locked
from tests.store.test_artifacts import root, s3, store  # noqa: F401

PLACE = "words/batch-a/k1"


def never() -> bool:
    return False


def holders_of(store: Store) -> list[str]:
    return [item.key for item in store.blobs.listed(f"{PLACE}/")]


def test_the_first_works_and_leaves_nothing_behind(store: Store) -> None:
    with locked(store.blobs, PLACE, "run-1", never) as mine:
        assert mine
        assert holders_of(store) == [f"{PLACE}/lock"]
    assert holders_of(store) == []


def test_it_is_given_back_when_the_work_fails(store: Store) -> None:
    with pytest.raises(RuntimeError, match="cheese"), locked(store.blobs, PLACE, "run-1", never):
        raise RuntimeError("cheese")
    assert holders_of(store) == []


def test_of_many_one_works_at_a_time_and_the_others_are_served(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOOK", 0.02)
    worked, served, waited = list[int](), list[int](), list[str]()
    done = threading.Event()

    def run(number: int) -> None:
        with locked(store.blobs, PLACE, f"run-{number}", done.is_set, waited.append) as mine:
            if mine:
                worked.append(number)
                time.sleep(0.3)
                done.set()
            else:
                served.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(worked) == 1 and len(served) == 5
    assert set(waited) == {f"run-{worked[0]}"}, "those who wait know for whom"
    assert holders_of(store) == []


def test_what_was_done_in_the_last_moment_is_not_done_again(store: Store) -> None:
    with locked(store.blobs, PLACE, "run-2", lambda: True) as mine:
        assert not mine
    assert holders_of(store) == []


def _hold(root: str, held: Flag) -> None:
    with locked(open_blobs(root), PLACE, "killed", never):
        held.set()
        time.sleep(600)


@pytest.fixture
def killed(tmp_path: Path) -> Store:
    """A store whose lock is held by a process that was killed."""
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(str(tmp_path), held))
    process.start()
    assert held.wait(60) and process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    return Store(str(tmp_path), tmp_path / "cache")


def test_a_killed_holder_of_this_machine_is_waited_for_no_longer(killed: Store) -> None:
    began, waited = time.monotonic(), list[str]()
    with locked(killed.blobs, PLACE, "run-2", never, waited.append) as mine:
        assert mine
    assert time.monotonic() - began < 5 and waited == []


def from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "is_gone", lambda mark: False)
    monkeypatch.setattr(lock, "LOOK", 0.02)


def test_a_holder_elsewhere_that_gives_no_sign_any_more_is_gone_and_not_before(
    killed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_elsewhere(monkeypatch)
    monkeypatch.setattr(lock, "LAPSED", 0.5)
    began, waited = time.monotonic(), list[str]()
    with locked(killed.blobs, PLACE, "run-2", never, waited.append) as mine:
        assert mine
        assert time.monotonic() - began >= 0.5
    assert waited == ["killed"]


def test_a_holder_elsewhere_that_gives_signs_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from_elsewhere(monkeypatch)
    monkeypatch.setattr(lock, "LAPSED", 1.0)
    monkeypatch.setattr(lock, "RENEWED", 0.05)
    ended, took = threading.Event(), threading.Event()

    def second() -> None:
        with locked(store.blobs, PLACE, "run-2", never):
            took.set()

    with locked(store.blobs, PLACE, "run-1", never):
        thread = threading.Thread(target=second)
        thread.start()
        assert not took.wait(3), "three times as long as a silent one is waited for"
        ended.set()
    assert took.wait(30)
    thread.join(30)


@pytest.mark.parametrize("left", [b"", b"[]", b"\xff{", b'{"process": "what?"}'])
def test_a_damaged_one_lapses(store: Store, left: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOOK", 0.02)
    monkeypatch.setattr(lock, "LAPSED", 0.2)
    store.blobs.put(f"{PLACE}/lock", left)
    with locked(store.blobs, PLACE, "run-2", never) as mine:
        assert mine


def test_a_holder_that_slept_too_long_neither_renews_nor_gives_back_what_another_took(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_elsewhere(monkeypatch)
    monkeypatch.setattr(lock, "LAPSED", 0.2)
    sleeper = locked(store.blobs, PLACE, "sleeper", never)  # its first sign would come after 15 s
    with sleeper, locked(store.blobs, PLACE, "run-2", never) as mine:
        assert mine
        monkeypatch.setattr(lock, "RENEWED", 0.0)
        one = lock._Lock(store.blobs, f"{PLACE}/lock", "sleeper", "its token")
        one.renew(threading.Event())
        one.give_back()
        found = store.blobs.get(f"{PLACE}/lock")
        assert found and b"run-2" in found[0]
    assert holders_of(store) == []
