"""A clone has every recording that may be copied, and says which of the others it lacks."""

import json
import re
from pathlib import Path

import pytest

from tests.recordings import GOLDEN, Media, not_in_the_repository


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A clone with nothing beside it."""
    monkeypatch.setenv("LIVECC_SHARED", str(tmp_path / "absent"))


def test_golden_vectors_are_in_a_clone(golden: Path) -> None:
    assert len((golden / "pretrain_clips.jsonl").read_text("utf-8").splitlines()) == 150


def test_recordings_in_the_public_domain_are_in_a_clone() -> None:
    for name in ("jfk.flac", "nasa_13013.mp4", "nasa_13013_en.srt"):
        assert (Media() / name).is_file()


@pytest.mark.parametrize("name", ["golden/data", "media/askany_yoga.mp4"])
def test_what_may_not_be_copied_skips_and_says_so(name: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"{name} may not be copied"):
        not_in_the_repository(name)


def test_each_file_is_described_and_each_description_has_a_file() -> None:
    text = (GOLDEN / "README.md").read_text("utf-8")
    table = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    described = set(re.findall(r"`([\w./]+)`", table)) - {"_en.srt"} | {"media/nasa_13013_en.srt"}
    files = {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*") if path.is_file()} - {"README.md"}
    assert files == described


def test_files_stay_small() -> None:
    large = {path.name: path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()}
    assert {name: size for name, size in large.items() if size > 2_000_000} == {}


def test_the_wording_of_ovobench_is_not_copied() -> None:
    for line in (GOLDEN / "ovobench_rows.jsonl").read_text("utf-8").splitlines():
        assert all("question" not in row for row in json.loads(line).get("output", []))
