"""Texts from outside become texts that can be stored."""

import pytest

from livecc_assets.core.text import brief, shortened, sound, sound_values


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("goal \U0001f600 é", "goal \U0001f600 é"),
        ("goal \ud83d", "goal \ufffd"),
        ("\ude00 goal", "\ufffd goal"),
        ("\ud83dx\udcff", "\ufffdx\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
    ],
)
def test_halves_of_characters_are_joined_or_replaced(text: str, kept: str) -> None:
    assert sound(text) == kept
    assert sound(text).encode().decode() == kept


def test_texts_are_found_at_every_depth_and_nothing_else_changes() -> None:
    value = {"a\ud83d": [1, 2.5, None, True, ("b\ud83d", {"c": b"\xff"})]}
    assert sound_values(value) == {"a\ufffd": [1, 2.5, None, True, ("b\ufffd", {"c": b"\xff"})]}


@pytest.mark.parametrize(
    ("text", "most", "kept"), [("aé", 3, "aé"), ("aé", 2, "a"), ("é" * 100, 7, "ééé"), ("", 5, "")]
)
def test_a_text_is_cut_between_characters(text: str, most: int, kept: str) -> None:
    assert shortened(text, most) == kept
    assert len(kept.encode()) <= most


def test_a_value_from_outside_is_one_short_printable_part_of_a_line() -> None:
    assert brief("no such file") == "no such file"
    assert brief(ValueError("a\nb\x1b[2J")) == "a b\\x1b[2J"
    assert len(brief("é" * 10**6).encode()) <= 203
    assert brief("x" * 300, 10) == "xxxxxxxxxx..."
