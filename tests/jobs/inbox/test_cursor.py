"""What the sensor remembers survives an update of the project."""

from pathlib import Path

import pytest

from jobs.inbox.cursor import Cursor, Waiting
from tests.jobs.inbox_ticks import Ticks, drop


def test_cursors_of_earlier_forms_are_understood() -> None:
    assert Cursor.read(None) == Cursor()
    assert Cursor.read('{"drop-1": "abc"}') == Cursor(waiting={"drop-1": Waiting()})
    before = '{"after": "b", "changed": 7, "swept": 1.5, "waiting": {"c": "abc", "d": ""}}'
    assert Cursor.read(before) == Cursor("b", 7, 1.5, {"c": Waiting(), "d": Waiting()})
    kept = Cursor("b", 7, 1.5, {"c": Waiting("abc", 2.5)}, {"a": Waiting("def", 3.5)}, "a")
    assert Cursor.read(kept.write()) == kept


@pytest.mark.parametrize(
    "before", ['{"a": "abc"}', '{"after": "a", "changed": 7, "swept": 1.5, "waiting": {"a": "abc"}}']
)
def test_a_folder_that_waited_in_an_earlier_cursor_goes_on_waiting(ticks: Ticks, folder: Path, before: str) -> None:
    drop(folder, "a")
    ticks.cursor = before
    assert ticks.tick() == []
    assert ticks.says == "waiting: a (settles in 90 s)"
    assert ticks.tick() == ["a"]


def test_names_stand_in_the_order_of_their_keys_whatever_bytes_they_are_of() -> None:
    cursor = Cursor()
    cursor.seen(["a", "a-b", "caf\udce9", "b"])
    assert cursor.after == "caf\udce9"
    cursor = Cursor()
    cursor.seen(["a-b", "a"])
    assert cursor.after == "a", "a/ comes after a-b/"
    assert Cursor.read(cursor.write()) == cursor


def test_what_is_known_takes_no_room(ticks: Ticks, folder: Path) -> None:
    names = [f"drop-{number:03}" for number in range(50)]
    for name in names:
        drop(folder, name)
    ticks.tick()
    assert ticks.tick() == names
    ticks.tick()
    assert len(ticks.cursor or "") < 200
