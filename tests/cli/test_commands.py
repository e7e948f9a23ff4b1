"""The ``livecc`` command as its users meet it; one line for every mistake."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
import yaml
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration import history
from livecc_assets.orchestration.runs import open_instance
from livecc_assets.store.rows import Rejected
from tests.artifacts import write
from tests.media.film import make
from tests.recordings import Media


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / "home"


def livecc(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments])


def one_line_error(result: Result) -> str:
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def test_every_command_explains_itself(home: Path) -> None:
    names = main.commands
    assert {"demo", "ui", "ingest", "comment", "leaderboard", "doctor", "status", "gc", "lineage", "rejected"} <= set(
        names
    )
    for name in names:
        result = livecc(home, name, "--help")
        assert result.exit_code == 0
        assert "Usage:" in result.output


def test_an_unknown_profile_names_those_that_ship(home: Path) -> None:
    result = CliRunner().invoke(main, ["--home", str(home), "--profile", "papre", "status"])
    assert "paper, sample" in one_line_error(result)


def test_a_folder_that_is_not_there_is_one_line(home: Path) -> None:
    assert "no such folder" in one_line_error(livecc(home, "ingest", str(home / "nowhere"), "--batch", "x"))


def test_ingest_makes_a_batch_with_a_selection_of_its_own(home: Path, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "match.mp4").write_bytes(b"0")
    result = livecc(home, "ingest", str(videos), "--batch", "mine")
    assert result.exit_code == 0, result.output
    settings = load_settings(home)
    assert settings.store().batch("mine") == {"uri": str(videos), "captions": "optional"}
    own = settings.selections["mine"].live_cc
    assert own is not None
    assert own.batches == ["mine"]
    assert "mine" not in str(settings.selections["sample"]), "another training set must not change"
    again = livecc(home, "ingest", str(tmp_path), "--batch", "mine")
    assert "choose another" in one_line_error(again)


def test_a_category_given_at_ingest_is_that_of_videos_without_one(home: Path, tmp_path: Path, media: Media) -> None:
    import json
    import shutil

    videos = tmp_path / "videos"
    videos.mkdir()
    for name in ("one", "two"):
        shutil.copy(media / "nasa_13013.mp4", videos / f"{name}.mp4")
        shutil.copy(media / "nasa_13013_en.srt", videos / f"{name}_en.srt")
    (videos / "two.info.json").write_text(json.dumps({"id": "two", "title": "t", "categories": ["Gaming"]}))
    result = livecc(home, "ingest", str(videos), "--batch", "mine", "--category", "Education")
    assert result.exit_code == 0, result.output
    from livecc_assets.orchestration.steps import BY_ASSET
    from livecc_assets.runtime.task import Task

    settings, step = load_settings(home), BY_ASSET["yt_cc_source"]
    store = settings.store()
    config = step.config(settings, store, "mine")
    writer = store.write("yt_cc_source", "mine", "k", step.schema(), code_version="1", config=config, upstream=[])
    step(Task("yt_cc_source", config, home, {}, writer, "k"))
    writer.commit()
    found = store.at("yt_cc_source/mine/k")
    assert found is not None
    assert {row["video_id"]: row["category"] for row in found.rows()} == {"one": "Education", "two": "Gaming"}


def test_an_edited_selection_survives_a_second_ingest(home: Path, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "match.mp4").write_bytes(b"0")
    livecc(home, "ingest", str(videos), "--batch", "mine")
    path = home / "selections" / "mine.yaml"
    recipe = yaml.safe_load(path.read_text())
    recipe["live_cc"]["loss"] = [2.0, 3.0]
    path.write_text(yaml.safe_dump(recipe))
    livecc(home, "ingest", str(videos), "--batch", "mine")
    kept = load_settings(home).selections["mine"].live_cc
    assert kept is not None
    assert kept.loss == (2.0, 3.0)


def test_a_broken_selection_file_is_named_and_stops_nothing_else(home: Path) -> None:
    (home / "selections").mkdir(parents=True)
    (home / "selections" / "bad.yaml").write_text("live_cc: [unclosed")
    result = livecc(home, "status")
    assert result.exit_code == 0, result.output
    invalid = [line for line in result.output.splitlines() if line.startswith("invalid")]
    assert [line.split()[1] for line in invalid] == ["live_cc[bad]", "live_whisperx[bad]"]
    assert all("bad.yaml, line 1: not valid YAML" in line for line in invalid)
    assert "live_cc[sample]" in result.output


def test_status_of_an_empty_home_says_what_is_missing(home: Path) -> None:
    result = livecc(home, "status")
    assert result.exit_code == 0, result.output
    assert "missing  evaluation_videos[all]" in result.output
    assert "0 of" in result.output


def test_a_leaderboard_that_is_not_there_says_how_to_get_one(home: Path) -> None:
    assert "livecc demo" in one_line_error(livecc(home, "leaderboard", "--json"))


def test_comment_with_an_unknown_model_lists_the_trained_ones(home: Path, tmp_path: Path) -> None:
    result = livecc(home, "comment", "v.mp4", "--model", "nobody", "-o", str(tmp_path / "o.vtt"))
    assert "none yet" in one_line_error(result)


def test_rejected_and_lineage_read_the_manifests(home: Path) -> None:
    store = load_settings(home).store()
    schema = pa.schema([("video_id", pa.string())])
    writer = store.write("yt_cc_source", "a", "k1", schema, code_version="1", config={}, upstream=[])
    writer.add({"video_id": "v1"})
    writer.add(Rejected("v2", "error", "truncated", "the file ends early", "v2"))
    writer.add(Rejected("v3", "filtered", "too_short", "3 s", "v3"))
    writer.commit()
    store.set_current("yt_cc_source", "a", "yt_cc_source/a/k1")
    both = livecc(home, "rejected", "yt_cc_source", "a").output.splitlines()
    assert len(both) == 2
    (only,) = livecc(home, "rejected", "yt_cc_source", "a", "--kind", "error").output.splitlines()
    assert only.split()[:2] == ["error", "truncated"]
    assert "yt_cc_source[a]" in livecc(home, "lineage", "yt_cc_source", "a").output
    assert "never materialised" in one_line_error(livecc(home, "lineage", "live_cc", "sample"))


def test_gc_lists_first_and_deletes_when_asked(home: Path) -> None:
    store = load_settings(home).store()
    store.claim()
    for name in ("part-1.parquet", "rejected-1.parquet"):  # as a killed writer leaves them
        store.blobs.put(f"yt_cc_source/a/k1/{name}", b"PAR1")
    assert "2 objects" in livecc(home, "gc", "--older-than", "0").output
    assert "deleted" in livecc(home, "gc", "--older-than", "0", "--delete").output
    assert "0 objects" in livecc(home, "gc", "--older-than", "0").output


def test_gc_takes_what_was_made_of_a_retired_batch_and_old_runs_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = load_settings(home).store()
    store.register_batch("a", {"uri": str(home)})
    write(store, "yt_cc_source", "a", [{"video_id": "v1"}], pa.schema([("video_id", pa.string())]))
    livecc(home, "batch", "retire", "a")
    assert "0 objects" in livecc(home, "gc", "--delete").output
    said = livecc(home, "gc", "--delete", "--retired-older-than", "0").output
    assert "yt_cc_source/a/key/manifest.json" in said and store.current("yt_cc_source", "a") is None
    assert "old runs" not in said, "there is no Dagster instance, and none is made"

    @dg.asset
    def toy() -> None: ...

    with open_instance(load_settings(home)) as instance:
        first, last = (dg.materialize([toy], instance=instance).run_id for _ in range(2))
    assert "0 old runs" in livecc(home, "gc", "--delete").output
    monkeypatch.setattr(history, "timedelta", lambda days: timedelta(0))
    said = livecc(home, "gc", "--runs-older-than", "7").output
    assert f"run {first} (__ephemeral_asset_job__)" in said and "1 old runs\n" in said and last not in said
    assert "1 old runs deleted" in livecc(home, "gc", "--delete").output
    assert "0 old runs" in livecc(home, "gc").output


def test_export_writes_the_published_format_with_its_seek_index(home: Path, tmp_path: Path) -> None:
    from livecc_assets.live_cc.records import RecordFile
    from livecc_assets.live_cc.schemas import SCHEMAS

    schema = SCHEMAS["live_cc"]
    row = {field.name: None for field in schema} | {
        "batch": "a", "clip_id": "v:0", "video_id": "v", "path": "v.mp4", "sha256": "0", "title": "Zürich", "category": "Sports",
        "start": 1.0, "end": 2.0, "words": [{"start": 1.0, "end": 2.0, "word": "goal"}], "previous": "",
        "words_per_second": 1.0, "distinct_words": 1, "loss": 3.0, "talking_head_score": 0.0, "rank": 1,
    }  # fmt: skip
    store = load_settings(home).store()
    writer = store.write("live_cc", "sample", "k1", schema, code_version="1", config={}, upstream=[])
    writer.extend([row, row | {"clip_id": "v:1"}])
    writer.commit()
    store.set_current("live_cc", "sample", "live_cc/sample/k1")
    store.register_batch("a", {"uri": "/films"})
    target = tmp_path / "set.jsonl"
    result = livecc(home, "export", "live_cc", "sample", "-o", str(target))
    assert "2 records" in result.output
    with RecordFile(target) as records:
        assert len(records) == 2
        assert records[1][0]["content"][1]["title"] == "Zürich"
        assert records[1][0]["content"][0]["video"] == "/films/v.mp4", "a record names a video by its address"


def test_a_batch_called_like_a_selection_that_ships_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "film.mp4", seconds=2)
    home = tmp_path / "home"
    result = CliRunner().invoke(main, ["--home", str(home), "ingest", str(tmp_path), "--batch", "sample"])
    assert result.exit_code == 1
    assert "a selection of this name ships with the package" in result.output
    assert not (home / "selections" / "sample.yaml").exists()
    assert load_settings(home).store().batches() == []


@pytest.mark.parametrize("job", ["curate", "select", "train", "evaluate"])
@pytest.mark.parametrize("name", ["", " "])
def test_a_job_without_a_name_is_refused_in_one_line(tmp_path: Path, job: str, name: str) -> None:
    result = CliRunner().invoke(main, ["--home", str(tmp_path), job, name])
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert "is named; see `livecc status --all`" in line


def test_a_selection_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--home", str(tmp_path), "select", "nosuch"])
    assert result.exit_code == 1
    assert result.output.splitlines() == ["livecc: select: no partition named nosuch; see `livecc status`"]
    assert not (tmp_path / "artefacts").exists()


@pytest.mark.parametrize(("place", "says"), [("", "no folder is named"), ("s3://", "no bucket is named")])
def test_an_empty_place_for_a_batch_is_refused(tmp_path: Path, place: str, says: str) -> None:
    call = ["--home", str(tmp_path / "home"), "ingest", place, "--batch", "a"]
    result = CliRunner().invoke(main, call)
    assert result.exit_code == 1 and says in result.output
    load_settings(tmp_path / "home").store().register_batch("a", {"uri": "/videos"})
    moved = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), "batch", "move", "a", place])
    assert moved.exit_code == 1 and says in moved.output


@pytest.mark.parametrize("command", ["lineage", "rejected"])
def test_a_misspelt_asset_is_told_with_what_was_meant(tmp_path: Path, command: str) -> None:
    result = CliRunner().invoke(main, ["--home", str(tmp_path), command, "live_c", "sample"])
    assert result.exit_code == 1
    assert "live_c: the graph has no such asset; did you mean live_cc?" in result.output
