"""Whether a model was instruct-tuned is known from a record or a publisher, or not known."""

from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.tuning import RECORD, instruct_of, write_tuning


@pytest.mark.parametrize("instruct", [True, False])
def test_a_folder_says_what_its_record_says(tmp_path: Path, instruct: bool) -> None:
    write_tuning(tmp_path, instruct)
    assert instruct_of(str(tmp_path)) is instruct
    assert instruct_of(f"{tmp_path}/") is instruct


def test_a_folder_without_a_record_says_nothing_whatever_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "My-Model-Instruct"
    folder.mkdir()
    assert instruct_of(str(folder)) is None


@pytest.mark.parametrize(
    ("ref", "known"),
    [
        ("hub:chenjoya/LiveCC-7B-Base", False),
        ("hub:chenjoya/LiveCC-7B-Instruct@main", True),
        ("hub:somebody/LiveCC-7B-Instruct", None),
        ("embedded:tiny-qwen2-vl", False),
        ("embedded:smollm2", None),
    ],
)
def test_published_models_are_known_by_their_whole_name(ref: str, known: bool | None) -> None:
    assert instruct_of(ref) is known


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"instruct": "yes"}', "\udcff"])
def test_a_record_that_says_nothing_is_one_line_with_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match=r"livecc\.json: .*--instruct or --base") as caught:
        instruct_of(str(tmp_path))
    assert len(str(caught.value).splitlines()) == 1
