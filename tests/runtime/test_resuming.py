"""A step goes through its items once, whatever kills it: in order, few at a time, and it says from where it goes on."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from livecc_assets.runtime import messages, resuming
from livecc_assets.runtime.task import Task
from livecc_assets.store.parts import Parts
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from tests.artifacts import new_store, task_of
from tests.killing import Killed, Work, parts_of, resumed_alike
from tests.waiting import until

SCHEMA = pa.schema([pa.field("n", pa.int64(), nullable=False), pa.field("share", pa.float32())])


@pytest.fixture
def tasks(tmp_path: Path) -> Callable[[str], tuple[Store, Task]]:
    def new(name: str) -> tuple[Store, Task]:
        store = new_store(tmp_path / name)
        return store, task_of(store, tmp_path, "scores", "a", SCHEMA, {})

    return new


def rows_of(work: Work, some: list[int]) -> Iterator[dict[str, Any] | Rejected]:
    """Of a number its row, two of them, none or a reason."""
    for number in some:
        work(number)
        if number % 7 == 3:
            yield Rejected(str(number), "filtered", "odd", f"{number} is of no use", "v")
        for _ in range(number % 3):
            yield {"n": number, "share": number / 3}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("together", [1, 4])
def test_a_killed_step_goes_on_where_it_was_and_ends_with_the_same_bytes(tasks, seed: int, together: int) -> None:
    work = Work()

    def step(task: Task) -> None:
        rows = task.resumable(range(90), lambda some: rows_of(work, some), 90, "numbers", together=together)
        task.writer.extend(rows)

    whole, made = resumed_alike(step, work, tasks, seed)
    assert list(made.rows()) == list(whole.rows())
    assert [one["id"] for one in made.rejected()] == [str(n) for n in range(90) if n % 7 == 3]


def test_items_that_are_computed_together_have_the_same_company_in_every_attempt(tasks) -> None:
    seen: list[list[int]] = []

    def step(task: Task, most: int | None) -> None:
        def compute(some: list[int]) -> Iterator[dict[str, Any]]:
            if most is not None and len(seen) == most:
                raise Killed
            seen.append(some)
            yield from ({"n": number, "share": float(len(some))} for number in some)

        task.writer.extend(task.resumable(iter(range(203)), compute, 203, "numbers", together=64))

    step(tasks("whole")[1], None)
    whole, company = list(seen), [len(some) for some in seen]
    assert company == [10] * 20 + [3], "a twentieth at most"
    seen.clear()
    with pytest.raises(Killed):
        step(tasks("killed")[1], 7)
    step(tasks("killed")[1], None)
    assert seen == whole


def test_one_that_takes_long_holds_up_no_other() -> None:
    gate, done = threading.Event(), list[int]()

    def made(number: int) -> int:
        if number == 0:
            gate.wait(20)
        done.append(number)
        return number

    rows = resuming.flowing(range(100), made, at_once=2)
    threading.Thread(target=lambda: (until(lambda: len(done) == 99, 10, "the others waited"), gate.set())).start()
    assert list(rows) == list(range(100))
    assert done[-1] == 0


def test_few_items_are_under_way_at_a_time_and_rows_keep_their_order(tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "AHEAD", 2)
    gate, taken = threading.Event(), list[int]()

    def numbers() -> Iterator[int]:
        for number in range(30):
            taken.append(number)
            yield number

    def compute(some: list[int]) -> Iterator[dict[str, Any]]:
        gate.wait(20)
        time.sleep(0.01 * (some[0] % 3))
        yield {"n": some[0], "share": None}

    rows = tasks("x")[1].resumable(numbers(), compute, 30, "numbers", at_once=3)
    threading.Timer(0.2, gate.set).start()
    first = next(rows)
    assert len(taken) == 6
    assert [row["n"] for row in [first, *rows] if isinstance(row, dict)] == list(range(30))


def test_an_answer_that_was_paid_for_is_kept_though_one_before_it_is_awaited(tasks) -> None:
    store, task = tasks("x")
    gate, asked = threading.Event(), list[int]()

    def compute(some: list[int]) -> Iterator[dict[str, Any]]:
        asked.append(some[0])
        if some[0] == 0:
            gate.wait(60)
            raise Killed
        yield {"n": some[0], "share": None}

    rows = task.resumable(range(8), compute, 8, "numbers", at_once=4, paid=True)

    def go() -> None:
        with pytest.raises(Killed):
            list(rows)

    thread = threading.Thread(target=go)
    thread.start()
    folder = f"{store.place('scores', 'a', 'key')}/parts/first"
    until(lambda: Parts(store.blobs, folder, 8).found == 7, 20, "seven answers are kept")
    gate.set()
    thread.join()
    asked.clear()
    again = tasks("x")[1].resumable(range(8), lambda some: asked.append(some[0]) or [], 8, "numbers", paid=True)
    assert [row["n"] for row in again if isinstance(row, dict)] == list(range(1, 8))
    assert asked == [0]


def test_progress_says_once_how_many_are_served_and_then_counts_on(tasks, tmp_path: Path) -> None:
    work, said = Work(), list[str]()
    work.again(12)
    _, task = tasks("x")
    with pytest.raises(Killed):
        list(task.resumable(range(40), lambda some: rows_of(work, some), 40, "numbers"))
    work.again()
    writer = tasks("x")[1].writer
    task = Task("scores", {}, tmp_path, {}, writer, "key", said.append)
    counted: list[tuple[Any, ...]] = []
    task.progress = lambda *about: counted.append(about)  # type: ignore[method-assign]
    list(task.resumable(range(40), lambda some: rows_of(work, some), 40, "numbers"))
    assert said == ["scores[a]: 12 of 40 served from an earlier attempt"]
    assert counted == [(number, 40, "numbers") for number in range(1, 41)]
    assert work.done == list(range(12, 40))


def test_nothing_is_said_of_parts_where_there_were_none(tasks, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    said = list[str]()
    task = Task("scores", {}, tmp_path, {}, tasks("x")[1].writer, "key", said.append)
    list(task.resumable(range(3), lambda some: [], 3, "numbers"))
    assert said == [] and capsys.readouterr().err == ""


def test_the_time_left_is_told_by_what_this_attempt_did(tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    from livecc_assets.runtime import progress
    from tests.runtime.test_task import Clock

    clock, said = Clock(), list[str]()
    monkeypatch.setattr(progress, "time", clock)
    report = progress.Progress("x[a]", said.append)
    report.resume(30, 40)
    clock.now = 10
    report(32, 40, "clips")
    assert said[1:] == ["x[a]: 32/40 clips (10 s, 40 s left)"]


def test_only_the_first_of_several_ranks_writes_parts(tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "RANK", "1")
    assert not messages.is_lead()
    store, task = tasks("x")
    list(task.resumable(range(5), lambda some: [{"n": some[0], "share": None}], 5, "numbers"))
    assert parts_of(store, "scores") == []
