"""General instructions of the sample world: questions whose answers can be seen."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from livecc_assets.sample.instructions import CLIP_SECONDS, generate
from livecc_assets.sample.match import ACTORS, COLOURS, PLACES, VERBS

ANSWERS = {*ACTORS, *VERBS, *PLACES, "on the left", "in the middle", "on the right", "first", "second"}


def conversations(folder: Path, seed: int = 1, count: int = 12) -> list[list[dict]]:
    return [json.loads(row["conversation"]) for row in generate(folder, seed, count)]


def test_rows_have_the_columns_of_the_table_and_ids_of_their_own(tmp_path) -> None:
    rows = list(generate(tmp_path, 1, 9))
    assert all(set(row) == {"sample_id", "source", "conversation"} for row in rows)
    assert len({row["sample_id"] for row in rows}) == 9
    assert {row["source"] for row in rows} == {"sample-qa"}


def test_every_conversation_is_a_question_on_media_that_exist_and_a_short_answer(tmp_path) -> None:
    for asked, answered in conversations(tmp_path):
        assert (asked["role"], answered["role"]) == ("user", "assistant")
        *media, text = asked["content"]
        assert media
        assert text["type"] == "text"
        assert text["text"].endswith("?")
        for element in media:
            assert (tmp_path / element[element["type"]]).is_file()
        assert [part["type"] for part in answered["content"]] == ["text"]
        assert answered["content"][0]["text"] in ANSWERS


def test_pictures_clips_and_pairs_of_pictures_take_turns(tmp_path) -> None:
    kinds = [[part["type"] for part in asked["content"][:-1]] for asked, _ in conversations(tmp_path, count=6)]
    assert kinds == [["image"], ["video"], ["image", "image"]] * 2


def test_who_is_answered_by_the_kit_that_fills_most_of_the_picture(tmp_path) -> None:
    """The acting player is drawn large: its colour alone must lead to the answer."""
    right = total = 0
    for asked, answered in conversations(tmp_path, count=60):
        *media, text = asked["content"]
        if media[0]["type"] != "image" or not text["text"].startswith("Who"):
            continue
        pixels = np.asarray(Image.open(tmp_path / media[0]["image"]).convert("RGB")).astype(int)
        close = {name: (np.abs(pixels - colour).sum(-1) < 40).sum() for name, colour in COLOURS.items()}
        total += 1
        right += max(close, key=lambda name: close[name]) == answered["content"][0]["text"]
    assert total >= 5
    assert right >= 0.8 * total


def test_equal_seeds_give_equal_rows_and_pictures_and_other_seeds_others(tmp_path) -> None:
    first = conversations(tmp_path / "a", 1)
    again = conversations(tmp_path / "b", 1)
    other = conversations(tmp_path / "c", 2)

    def words(rows: list[list[dict]]) -> list[tuple[str, str]]:
        return [(asked["content"][-1]["text"], answered["content"][0]["text"]) for asked, answered in rows]

    assert words(first) == words(again) != words(other)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "b").iterdir())
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


def test_files_that_stand_are_kept(tmp_path) -> None:
    conversations(tmp_path, 1, 6)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    conversations(tmp_path, 1, 6)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == stamps


def test_clips_last_as_long_as_they_say(tmp_path) -> None:
    import av

    conversations(tmp_path, 1, 3)
    with av.open(str(next(tmp_path.glob("*.mp4")))) as container:
        assert (container.duration or 0) / 1e6 == CLIP_SECONDS
