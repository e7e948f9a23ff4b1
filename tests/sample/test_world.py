"""Batches of the sample world: what lies in the folder, and that it meets the fate that the world expects."""

import json
import shutil
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from livecc_assets.graph.settings import load_settings
from livecc_assets.live_cc.clips import caption_clips
from livecc_assets.live_cc.words import caption_words
from livecc_assets.sample import world
from livecc_assets.sample.specials import evaluation, zero_byte
from livecc_assets.sample.world import BATCHES, build_world, expected, generate_batch, plan_batch
from livecc_assets.source.candidates import scan
from livecc_assets.source.ingest import named, source_rows
from livecc_assets.store.rows import Rejected

EVERY_SPECIAL = {
    "talking-head",
    "music",
    "german",
    "mislabelled",
    "chant",
    "shuffled",
    "too-fast",
    "too-slow",
    "silence-gap",
    "silence-split",
    "excluded",
    "evaluation",
    "corrupt",
    "zero-byte",
}


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return load_settings(tmp_path_factory.mktemp("home")).profile.as_config()


@pytest.fixture(scope="module")
def curated(batch, sections: dict, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    """What the first steps of the graph make of the batch, with the sample profile's thresholds."""
    home = tmp_path_factory.mktemp("models")
    source = list(source_rows(named(scan(str(batch.folder))), sections["source"], home=home))
    kept = [row for row in source if isinstance(row, dict)]
    words = list(caption_words(kept))
    clips = list(caption_clips((row for row in words if not isinstance(row, Rejected)), sections["caption_clips"]))
    return {"yt_cc_source": source, "caption_words": words, "caption_clips": clips}


def frames(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_every_special_video_is_there_and_knows_its_fate(batch) -> None:
    assert {about["special"] for about in batch.fates.values()} == EVERY_SPECIAL
    for id, about in batch.fates.items():
        assert (batch.folder / f"{id}.mp4").is_file()
        assert about["fates"]


def test_every_video_has_metadata_truth_and_captions(batch) -> None:
    ids = {path.stem for path in batch.folder.glob("*.mp4")}
    assert len(ids) == 3 + len(EVERY_SPECIAL)
    for id in ids:
        info = json.loads((batch.folder / f"{id}.info.json").read_text())
        assert info["id"] == id
        assert info["title"]
        truth = json.loads((batch.folder / f"{id}.truth.json").read_text())
        assert set(truth) == {"events", "words"}
        beside = [path for path in batch.folder.glob(f"{id}[._]*") if path.suffix not in {".mp4", ".json"}]
        assert len(beside) <= 1


def test_the_first_steps_reject_what_the_world_says_for_the_reason_it_says(batch, curated) -> None:
    checked = 0
    for id, about in batch.fates.items():
        for fate in about["fates"]:
            if fate["asset"] not in curated or fate["kind"] == "kept":
                continue
            found = [
                row
                for row in curated[fate["asset"]]
                if isinstance(row, Rejected) and row.video_id == id and "#" not in row.id
            ]
            assert {(row.kind, row.reason) for row in found} == {(fate["kind"], fate["reason"])}, (id, found)
            assert fate["count"] in {None, len(found)}
            checked += 1
    assert checked >= 8


def test_nothing_else_is_rejected_by_the_first_steps(batch, curated) -> None:
    expected_here = {
        (fate["asset"], id) for id, about in batch.fates.items() for fate in about["fates"] if fate["asset"] in curated
    }
    for asset, rows in curated.items():
        surprising = [r for r in rows if isinstance(r, Rejected) and (asset, r.video_id) not in expected_here]
        assert surprising == []


def test_a_long_silence_splits_a_match_into_two_clips(batch, curated) -> None:
    id = batch.special("silence-split")
    clips = [row for row in curated["caption_clips"] if isinstance(row, dict) and row["video_id"] == id]
    assert len(clips) == 2
    assert clips[1]["words"][0]["end"] - clips[0]["words"][-1]["end"] > 3


def test_plain_matches_become_one_clip_each_whose_words_are_the_truth(batch, curated) -> None:
    for number in range(3):
        id = f"tiny-{number:04}"
        (clip,) = [row for row in curated["caption_clips"] if isinstance(row, dict) and row["video_id"] == id]
        truth = json.loads((batch.folder / f"{id}.truth.json").read_text())["words"]
        assert [word["word"] for word in clip["words"]] == [word["word"] for word in truth]
        drift = [abs(a["start"] - b["start"]) for a, b in zip(clip["words"], truth, strict=True)]
        assert max(drift) < 0.8  # captions without word times spread a line's words evenly
        assert np.median(drift) < 0.25


def test_truth_events_are_the_ones_that_are_told(batch) -> None:
    truth = json.loads((batch.folder / "tiny-0001.truth.json").read_text())
    told = " ".join(word["word"] for word in truth["words"])
    place = 0
    for event in truth["events"]:
        place = told.index(f"{event['actor']} {event['verb']}", place) + 1
    assert len(truth["events"]) >= 5


def test_equal_arguments_give_equal_pictures_captions_and_truth_and_another_seed_others(tmp_path) -> None:
    for folder, seed in (("a", 7), ("b", 7), ("c", 8)):
        generate_batch(tmp_path / folder, "same", seed, 2, "test")

    def content(folder: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((tmp_path / folder).iterdir())}

    assert content("a") == content("b")
    assert content("c").keys() == content("a").keys()
    assert all(content("c")[name] != content("a")[name] for name in content("a"))
    first, third = frames(tmp_path / "a" / "same-0000.mp4"), frames(tmp_path / "c" / "same-0000.mp4")
    assert first.shape != third.shape or np.abs(first.astype(int) - third.astype(int)).mean() > 1


def test_a_test_batch_holds_matches_only(tmp_path) -> None:
    generate_batch(tmp_path / "held-out", "held-out", 4, 2, "test")
    assert expected(tmp_path / "held-out") == {}
    assert sorted(path.stem for path in (tmp_path / "held-out").glob("*.mp4")) == ["held-out-0000", "held-out-0001"]


def test_a_bad_batch_is_broken_but_for_one_video(tmp_path, sections) -> None:
    folder = tmp_path / "bad"
    generate_batch(folder, "bad", 5, 5, "bad")
    rows = list(source_rows(named(scan(str(folder))), sections["source"], home=tmp_path))
    errors = {row.video_id: row.reason for row in rows if isinstance(row, Rejected) and row.kind == "error"}
    assert errors == {id: about["fates"][0]["reason"] for id, about in expected(folder).items()}
    assert len(set(errors.values())) == 5
    assert [row["video_id"] for row in rows if isinstance(row, dict)] == ["bad-0000"]
    assert len(errors) / len(rows) > sections["error_limit"]


def test_the_batches_of_the_demo_share_no_seed_and_hold_at_least_forty_held_out_matches() -> None:
    builds = [build for name, kind, seed, count in BATCHES for build in plan_batch(name, seed, count, kind)]
    seeds = [build.args[1] for build in builds if isinstance(build, partial)]
    assert len(seeds) == len(builds)
    assert len(set(seeds)) == len(seeds)
    assert all(count >= 40 for _, kind, _, count in BATCHES if kind == "test")


@pytest.fixture
def small_world(tmp_path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict]:
    monkeypatch.setattr("livecc_assets.sample.specials.SPECIALS", (evaluation, zero_byte))
    return tmp_path, {"sample_world": {"train": 1, "test": 1}}


def test_a_world_that_stands_is_not_made_again_and_one_that_lost_a_folder_is(small_world) -> None:
    home, profile = small_world
    folders = build_world(home, profile)
    assert list(folders) == ["sample-a", "sample-b", "sample-test"]
    stamps = {path: path.stat().st_mtime_ns for path in sorted((home / "sample").rglob("*")) if path.is_file()}
    assert build_world(home, profile) == folders
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    shutil.rmtree(folders["sample-b"])
    build_world(home, profile)
    assert (folders["sample-b"] / "sample-b-0000.mp4").is_file()
    assert (folders["sample-a"] / "sample-a-0000.mp4").stat().st_mtime_ns == stamps[
        folders["sample-a"] / "sample-a-0000.mp4"
    ]


def test_another_version_or_size_makes_the_world_anew_and_a_half_made_batch_too(small_world, monkeypatch) -> None:
    home, profile = small_world
    folder = build_world(home, profile)["sample-test"]
    video = folder / "sample-test-0000.mp4"
    before = video.stat().st_mtime_ns
    (folder / "left-over.mp4").write_bytes(b"")
    monkeypatch.setattr(world, "VERSION", "next")
    build_world(home, profile)
    assert not (folder / "left-over.mp4").exists()
    assert (second := video.stat().st_mtime_ns) > before
    build_world(home, {"sample_world": {"train": 1, "test": 2}})
    assert len(list(folder.glob("*.mp4"))) == 2
    world.expected_path(folder).unlink()  # as after a kill in the middle
    build_world(home, {"sample_world": {"train": 1, "test": 2}})
    assert video.stat().st_mtime_ns > second


def test_the_list_of_evaluation_videos_names_those_in_the_training_batches(small_world) -> None:
    home, profile = small_world
    build_world(home, profile)
    listed = (home / "sample" / "evaluation_videos.txt").read_text().split()
    assert listed == ["sample-a-evaluation", "sample-b-evaluation"]
