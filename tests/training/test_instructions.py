"""Conversations that others published: each line is a row or is rejected with its line, and media lie where they lay."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.core.errors import UserError
from livecc_assets.store.rows import Rejected
from livecc_assets.training.instructions import instruction_rows, media_root, read_conversations
from livecc_assets.training.schemas import SCHEMAS
from tests.artifacts import new_store, task_of
from tests.rows import kept, rejected

SAID = [{"type": "text", "text": "What is it?"}, {"type": "image", "image": "a/b.png"}]
TURNS = [{"role": "user", "content": SAID}, {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]}]


def _read(folder: Path, *lines: str) -> list[dict[str, Any] | Rejected]:
    path = folder / "talk.jsonl"
    path.write_text("\n".join(lines))
    return list(read_conversations(path, "mine"))


def test_a_line_is_a_row_named_by_source_and_number_and_kept_as_it_was(tmp_path: Path) -> None:
    first, second = kept(_read(tmp_path, json.dumps(TURNS), json.dumps(TURNS[:1])))
    assert (first["sample_id"], first["source"]) == ("mine:0", "mine")
    assert json.loads(first["conversation"]) == TURNS
    assert second["sample_id"] == "mine:1"
    assert list(first) == SCHEMAS["general_instructions"].names


def test_the_seek_index_at_the_end_is_no_conversation_and_no_error(tmp_path: Path) -> None:
    assert len(kept(_read(tmp_path, json.dumps(TURNS), "[0, 214]"))) == 1


def _turn(**element: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [element]}]


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ({"conversations": TURNS}, "expected a list of turns"),
        ([], "expected a list of turns"),
        (["hello"], "every turn needs a role"),
        ([{"role": "human", "content": SAID}], "every turn needs a role: system, user or assistant"),
        ([{"role": "user", "content": "What is it?"}], "every turn needs a list as content"),
        (_turn(type="audio", audio="a.wav"), "content of type 'audio'; known are image, video and text"),
        ([{"role": "user", "content": ["What is it?"]}], "content of type None"),
        (_turn(type="image", url="a.png"), "a image element without its image"),
        (_turn(type="video", video=3), "a video element without its video"),
        (_turn(type="video", video="a.mp4", pos=[0, 5]), "frames packed in one blob file"),
    ],
)
def test_what_is_no_conversation_is_rejected_with_file_line_and_reason(tmp_path: Path, turns: Any, said: str) -> None:
    good, bad, last = _read(tmp_path, json.dumps(TURNS), json.dumps(turns), json.dumps(TURNS))
    assert isinstance(bad, Rejected)
    assert (bad.id, bad.kind, bad.reason) == ("mine:1", "error", "malformed_conversation")
    assert bad.detail.startswith("talk.jsonl line 2: ")
    assert said in bad.detail
    assert [row["sample_id"] for row in kept([good, last])] == ["mine:0", "mine:2"]


@pytest.mark.parametrize("line", ["[" * 100_000, '[{"role": ' + "9" * 5000 + "}]"])
def test_a_line_that_no_parser_takes_is_an_error_and_the_rest_goes_on(tmp_path: Path, line: str) -> None:
    bad, good = _read(tmp_path, line, json.dumps(TURNS))
    assert isinstance(bad, Rejected)
    assert (bad.id, bad.kind, bad.reason) == ("mine:0", "error", "malformed_json")
    assert len(kept([good])) == 1


def test_a_line_that_is_cut_short_is_an_error_of_its_own(tmp_path: Path) -> None:
    (bad,) = rejected(_read(tmp_path, json.dumps(TURNS)[:-5]))
    assert (bad.kind, bad.reason) == ("error", "malformed_json")
    assert bad.detail.startswith("talk.jsonl line 1: ")


@settings(deadline=None)
@given(st.lists(st.sampled_from([json.dumps(TURNS), "{", "[3]", "null", json.dumps(_turn(type="x"))]), max_size=8))
def test_every_line_but_an_index_comes_out_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    found = _read(tmp_path_factory.getbasetemp(), *lines)
    names = [one.id if isinstance(one, Rejected) else one["sample_id"] for one in found]
    assert names == [f"mine:{number}" for number, line in enumerate(lines) if line != "[3]"]


def test_a_source_without_a_file_or_with_one_that_is_gone_is_told_by_its_setting(tmp_path: Path) -> None:
    def rows(**about: Any) -> list[Any]:
        config = {"source": "mine"} | about
        schema = SCHEMAS["general_instructions"]
        return list(
            instruction_rows(task_of(new_store(tmp_path), tmp_path, "general_instructions", "mine", schema, config))
        )

    with pytest.raises(UserError, match=r"instructions\.mine\.jsonl is empty: set it"):
        rows(jsonl="")
    with pytest.raises(UserError, match=r"gone\.jsonl: no such file; set instructions\.mine\.jsonl in the profile"):
        rows(jsonl=str(tmp_path / "gone.jsonl"))


def test_media_lie_beside_their_file_or_in_the_samples_folder(tmp_path: Path) -> None:
    blobs = new_store(tmp_path).blobs
    assert media_root({"jsonl": str(tmp_path / "x" / "talk.jsonl")}, tmp_path, blobs) == str(tmp_path / "x")
    assert media_root({"jsonl": "s3://bucket/deep/talk.jsonl"}, tmp_path, blobs) == "s3://bucket/deep"
    assert media_root({"jsonl": "talk.jsonl"}, tmp_path, blobs) == str(Path.cwd())
    assert media_root({}, tmp_path, blobs) == ""
    assert media_root({"generator": "sample-world"}, tmp_path, blobs).endswith("sample/instructions")
