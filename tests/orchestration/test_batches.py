"""What becomes of a folder that is brought in, and how the outcome of a job is told."""

from pathlib import Path

import pytest
import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration import batches
from livecc_assets.orchestration.batches import address_of, register
from livecc_assets.orchestration.runs import Outcome


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What was registered; no Dagster instance is opened."""
    done: list[tuple] = []
    monkeypatch.setattr(batches, "add_batch", lambda settings, *about: done.append(about))
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "videos"
    made.mkdir()
    (made / "a.mp4").write_bytes(b"a")
    (made / "a.en.vtt").write_bytes(b"b")  # stands beside its video, and is not counted
    return made


def test_an_address_is_absolute_and_a_prefix_has_no_slash_at_its_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert address_of("videos") == str(folder)
    assert address_of("s3://bucket/videos/") == "s3://bucket/videos"
    monkeypatch.setenv("HOME", str(folder.parent))
    assert address_of("~/videos") == str(folder)
    with pytest.raises(UserError, match=r"^nowhere: no such folder; name a folder of videos or an s3://"):
        address_of("nowhere")


def test_a_batch_gets_a_selection_with_the_thresholds_in_force(
    folder: Path, tmp_path: Path, registered: list[tuple]
) -> None:
    settings = load_settings(tmp_path / "home")
    lines = list(register(settings, str(folder), "mine", "required", "Sports"))
    assert registered == [(str(folder), "mine", "required", "Sports", False)]
    assert lines[0] == f"batch mine: 1 files under {folder}"
    assert lines[-1].startswith("next: livecc curate mine, then livecc select mine")
    made = load_settings(tmp_path / "home").selections["mine"]
    sample = settings.selections["sample"]
    assert made.live_cc is not None and made.live_whisperx is not None
    assert sample.live_cc is not None and sample.live_whisperx is not None
    assert made.live_cc == sample.live_cc.but(batches=["mine"])
    assert made.live_whisperx == sample.live_whisperx.but(batches=["mine"])


def test_without_any_selection_the_batchs_own_filters_nothing(folder: Path, tmp_path: Path, registered: list) -> None:
    home = tmp_path / "home"
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "bare.yaml").write_text("name: bare\n")
    list(register(load_settings(home, profile="bare"), str(folder), "mine", "optional"))
    said = yaml.safe_load((home / "selections" / "mine.yaml").read_text())
    assert said == {"profile": "bare", "live_cc": {"batches": ["mine"]}, "live_whisperx": {"batches": ["mine"]}}


def test_an_empty_folder_and_a_bad_name_register_nothing(tmp_path: Path, registered: list) -> None:
    (tmp_path / "empty").mkdir()
    settings = load_settings(tmp_path / "home")
    with pytest.raises(UserError, match="holds no files; put videos there, with captions beside them"):
        list(register(settings, str(tmp_path / "empty"), "mine", "optional"))
    with pytest.raises(UserError, match="the name holds"):
        list(register(settings, str(tmp_path), "a...b", "optional"))
    assert registered == [] and not (tmp_path / "home" / "selections").exists()


@pytest.mark.parametrize(
    ("made", "served", "failures", "line"),
    [
        (["a", "b"], [], [], "curate x: made 2 (1.2 s)"),
        (["a"], ["b", "c"], [], "curate x: made 1, 2 already stood (1.2 s)"),
        ([], ["b"], [], "curate x: recomputed nothing, 1 already stood (1.2 s)"),
        ([], [], ["a: no", "b: gone"], "curate x: recomputed nothing (1.2 s)  FAILED: a: no | b: gone"),
    ],
)
def test_an_outcome_is_one_line(made: list[str], served: list[str], failures: list[str], line: str) -> None:
    outcome = Outcome("curate", "x", made, served, failures, 1.23)
    assert outcome.line() == line
    assert outcome.ok is (not failures)


def test_an_outcome_without_partition_names_the_job_alone() -> None:
    assert Outcome("update_leaderboard", None, ["a"], [], [], 0.0).line() == "update_leaderboard: made 1 (0.0 s)"
