"""The checkpoint worker from artifacts to an artifact."""

import json

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.graph.step import steps_of
from livecc_assets.live_cc.schemas import LIVE_CC
from livecc_assets.models.checkpoint import REFERENCE, checkpoint_folder
from livecc_assets.models.qwen2_vl import load_model
from livecc_assets.models.tuning import instruct_of
from livecc_assets.runtime.task import Task
from livecc_assets.store.store import Store
from livecc_assets.training import assets
from livecc_assets.training.schemas import SCHEMAS


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "root"), tmp_path / "cache")


def write(store, asset, schema, rows):
    writer = store.write(asset, "sample", "key", schema, code_version="1", config={}, upstream=[])
    writer.extend(rows)
    writer.commit()
    return store.at(store.place(asset, "sample", "key"))


def run(store, home, asset, config, inputs, key="k1"):
    writer = store.write(asset, "shared", key, None, code_version="1", config=config, upstream=[], error_limit=1.0)
    steps_of(assets)[asset](Task(asset, config, home, inputs, writer, key))
    writer.commit()
    return store.at(store.place(asset, "shared", key))


def stage(video_section, **more):
    return {
        "train": True, "global_batch": 2, "learning_rate": 5e-3, "max_steps": 3, "threads": 1, "log_every": 1,
        "video": video_section,
    } | more  # fmt: skip


def test_both_stages_train_in_turn_and_say_what_they_trained_on(store, tmp_path, tiny_folder, clip_rows, video_section):
    bad = clip_rows[0] | {"clip_id": "silent:0", "words": []}
    live_cc = write(store, "live_cc", LIVE_CC, [*clip_rows[:3], bad])
    base = run(
        store,
        tmp_path,
        "livecc_base",
        stage(video_section, init_model=str(tiny_folder), epochs=1.0),
        {"live_cc": [live_cc]},
    )
    about = base.manifest.metadata
    assert about["data_versions"] == {"live_cc/sample": live_cc.data_version}
    assert about["initial_model"] == str(tiny_folder)
    assert [step for step, _ in about["loss"]] == [1, 2, 3]
    assert about["steps"] == 3
    assert about["skipped"] == 1
    assert [row["id"] for row in base.rejected()] == ["silent:0"]
    assert not (tmp_path / "training" / "k1").exists()
    folder = checkpoint_folder(base, tmp_path)
    assert load_model(folder).config.model_type == "qwen2_vl"
    assert len((folder / "training_log.jsonl").read_text().splitlines()) == 3

    qa = [{"sample_id": "q:0", "source": "s", "conversation": json.dumps(
        [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Red."}])}]  # fmt: skip
    instructions = write(store, "general_instructions", SCHEMAS["general_instructions"], qa)
    instruct = run(
        store, tmp_path, "livecc_instruct", stage(video_section),
        {"livecc_base": [base], "live_whisperx": [live_cc], "general_instructions": [instructions]}, "k2",
    )  # fmt: skip
    assert instruct.manifest.metadata["initial_model"] == f"livecc_base/shared@{base.data_version}"
    assert instruct.manifest.metadata["samples"] == 5
    assert len(instruct.manifest.metadata["data_versions"]) == 3
    told = [instruct_of(str(checkpoint_folder(one, tmp_path))) for one in (base, instruct)]
    assert told == [False, True], "a checkpoint says itself how it is to be asked"


def test_a_stage_without_data_carries_its_initial_model_by_reference(store, tmp_path, tiny_folder, video_section):
    config = stage(video_section, train=False, init_model=str(tiny_folder))
    base = run(store, tmp_path, "livecc_base", config, {})
    assert base.names == [REFERENCE, "rejected.parquet"]
    assert checkpoint_folder(base, tmp_path) == tiny_folder.resolve()
    instruct = run(store, tmp_path, "livecc_instruct", stage(video_section, train=False), {"livecc_base": [base]}, "k2")
    assert checkpoint_folder(instruct, tmp_path) == tiny_folder.resolve()


def test_a_first_stage_without_a_model_says_so(store, tmp_path, video_section):
    with pytest.raises(UserError, match="init_model"):
        run(store, tmp_path, "livecc_base", stage(video_section), {})
