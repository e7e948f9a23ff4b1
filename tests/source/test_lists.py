"""Which videos must never train: every list is read whole, and what cannot be read is told."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import SHIPPED, Settings, load_settings, read_yaml
from livecc_assets.sample.world import evaluation_list
from livecc_assets.source.evaluation_lists import evaluation_ids
from livecc_assets.source.named_lists import named_lists
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected
from tests.artifacts import new_store, write
from tests.rows import kept

EVENTS = pa.schema([("video_id", pa.string()), ("event_id", pa.int64())])


def _events(folder: Path, *videos: str) -> Artifact:
    rows = [{"video_id": video, "event_id": number} for number, video in enumerate(videos)]
    return write(new_store(folder), "livesports_events", "all", rows, EVENTS)


def _ids(config: dict[str, Any], events: Artifact | None = None) -> list[tuple[str, str]]:
    return [(row["video_id"], row["benchmark"]) for row in kept(evaluation_ids(config, events))]


def test_each_id_comes_once_with_the_list_that_named_it_first(tmp_path: Path) -> None:
    (tmp_path / "mvbench.txt").write_text("m\ne\np\n")
    config = {"ids": ["p", "e"], "files": {"mvbench": str(tmp_path / "mvbench.txt")}}
    assert _ids(config, _events(tmp_path, "e", "e", "f")) == [
        ("e", "livesports"),
        ("f", "livesports"),
        ("p", "profile"),
        ("m", "mvbench"),
    ]


def test_a_list_is_read_whatever_its_line_endings_blank_lines_and_spaces(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\n\r\n  two\t\n\nthree")
    assert _ids({"files": {"a": str(tmp_path / "a.txt")}}) == [("one", "a"), ("two", "a"), ("three", "a")]


def test_a_list_with_a_byte_order_mark_names_its_first_video(tmp_path: Path) -> None:
    """As spreadsheets and editors of Windows write it; otherwise that video would train."""
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert _ids({"files": {"a": str(tmp_path / "a.txt")}}) == [("one", "a"), ("two", "a")]


def test_a_list_that_is_no_utf_8_is_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("gö".encode("utf-16"))
    with pytest.raises(UserError, match=r"a\.txt: .*UTF-8"):
        _ids({"files": {"a": str(tmp_path / "a.txt")}})


def test_a_line_with_two_ids_is_an_error_that_names_file_and_line_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo three\nfour\n")
    first, wrong, last = evaluation_ids({"files": {"held": str(tmp_path / "a.txt")}}, None)
    assert isinstance(wrong, Rejected)
    assert (wrong.id, wrong.kind, wrong.reason) == ("held:2", "error", "malformed_id")
    assert wrong.detail == "a.txt line 2 holds more than one id: 'two three'"
    assert [row["video_id"] for row in kept([first, last])] == ["one", "four"]


def test_a_list_that_is_not_there_is_told_with_the_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.txt: this list .* is not there; mend evaluation_videos in the profile"):
        _ids({"files": {"a": str(tmp_path / "gone.txt")}})


def test_nothing_named_is_nobody_held_out() -> None:
    assert _ids({}) == []
    assert _ids({"files": None, "ids": []}) == []


def test_numbers_in_a_profile_are_ids_as_text() -> None:
    assert _ids({"ids": [20130422, "a"]}) == [("20130422", "profile"), ("a", "profile")]


@tries(deadline=None)
@given(st.lists(st.text("abc-_0", min_size=1, max_size=4)), st.lists(st.text("abc-_0", min_size=1, max_size=4)))
def test_every_named_id_is_held_out_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], listed: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "listed.txt"
    path.write_text("\n".join(listed))
    found = [name for name, _ in _ids({"ids": ids, "files": {"a": str(path)}})]
    assert sorted(found) == sorted({*ids, *listed})


def test_the_sample_worlds_list_counts_once_it_was_made_and_only_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def asked(sample_world: bool) -> Settings:
        profile = read_yaml(SHIPPED / "profiles" / "sample.yaml")
        profile["evaluation_videos"] = {"files": {"mine": "/lists/mine.txt"}, "sample_world": sample_world}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(profile))
        return load_settings(tmp_path / "home", profile=str(tmp_path / "mine.yaml"))

    settings = asked(True)
    assert named_lists(settings, settings.store()) == {"mine": "/lists/mine.txt"}
    listed = evaluation_list(settings.home)
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("sample-1\n")
    found = named_lists(settings, settings.store())
    assert list(found) == ["mine", "sample-world"]
    assert Path(found["sample-world"]).read_text() == "sample-1\n"
    assert settings.profile.evaluation_videos.files == {"mine": "/lists/mine.txt"}, "it stays as it was read"
    assert named_lists(asked(False), settings.store()) == {"mine": "/lists/mine.txt"}
