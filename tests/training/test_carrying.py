"""A stage without training carries its model on: by reference where it has one, and by its files where it has none."""

import json
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.checkpoint import REFERENCE
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.store import Store
from livecc_assets.training.stage import train_stage
from tests.artifacts import finished, new_store, task_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def _carried(
    store: Store, home: Path, asset: str, config: dict[str, Any], *inputs: Artifact, partition: str = "shared"
) -> Artifact:
    task = task_of(store, home, asset, partition, None, config, inputs)
    base = next((one for one in inputs if one.asset == "livecc_base"), None)
    train_stage(task, base, [one for one in inputs if one is not base])
    return finished(task, store)


def _trained(store: Store, home: Path) -> Artifact:
    """A checkpoint of files, one of them in a folder."""
    task = task_of(store, home, "livecc_base", "shared", None, {})
    for name in ("config.json", "deep/model.safetensors"):
        path = home / "made" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        task.writer.add_file(path, name)
    return finished(task, store)


def _reference(artifact: Artifact) -> str:
    return json.loads(artifact.path(REFERENCE).read_text())["model"]


def test_a_reference_is_handed_from_stage_to_stage_and_nothing_is_loaded(store: Store, tmp_path: Path) -> None:
    base = _carried(store, tmp_path, "livecc_base", {"train": False, "init_model": "hub:Qwen/Qwen2-VL-7B"})
    assert [name for name in base.names if not name.endswith(".parquet")] == [REFERENCE]
    assert _reference(base) == base.manifest.metadata["initial_model"] == "hub:Qwen/Qwen2-VL-7B"
    instruct = _carried(store, tmp_path, "livecc_instruct", {"train": False}, base)
    assert _reference(instruct) == "hub:Qwen/Qwen2-VL-7B"
    assert instruct.manifest.metadata["initial_model"] == f"livecc_base/shared@{base.data_version}"
    assert instruct.manifest.metadata["data_versions"] == {"livecc_base/shared": base.data_version}
    assert list((tmp_path / "training").iterdir()) == [], "the file that was written meanwhile is gone"


def test_other_weights_in_the_same_folder_are_another_checkpoint(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    versions = []
    for number, weights in enumerate((b"one", b"two", b"two")):
        (folder / "model.safetensors").write_bytes(weights)
        config = {"train": False, "init_model": str(folder)}
        versions.append(_carried(store, tmp_path, "livecc_base", config, partition=f"p{number}").data_version)
    assert versions[0] != versions[1] == versions[2], "all that is made from it is told by its data version"


def test_a_trained_base_without_a_second_stage_is_its_files(store: Store, tmp_path: Path) -> None:
    base = _trained(store, tmp_path)
    instruct = _carried(store, tmp_path, "livecc_instruct", {"train": False}, base)
    assert {name for name in instruct.names if not name.endswith(".parquet")} == {
        "config.json",
        "deep/model.safetensors",
    }
    assert instruct.path("deep/model.safetensors").read_text() == "deep/model.safetensors"
    assert instruct.data_version == base.data_version


def test_a_stage_that_is_to_train_and_has_no_data_carries_on(store: Store, tmp_path: Path) -> None:
    made = _carried(store, tmp_path, "livecc_base", {"train": True, "init_model": "embedded:tiny-qwen2-vl"})
    assert _reference(made) == "embedded:tiny-qwen2-vl"


def test_without_a_base_and_without_a_model_it_is_told_what_to_name(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="init_model is missing: name the model to start from"):
        _carried(store, tmp_path, "livecc_base", {"train": False})


def test_where_media_lie_is_no_hyper_parameter_and_a_misspelt_one_is_told(store: Store, tmp_path: Path) -> None:
    config = {"train": False, "init_model": "embedded:tiny-qwen2-vl", "media": {"sample-qa": "/elsewhere"}}
    assert _reference(_carried(store, tmp_path, "livecc_instruct", config)) == "embedded:tiny-qwen2-vl"
    with pytest.raises(UserError, match=r"learning_rat.*did you mean"):
        _carried(store, tmp_path, "livecc_instruct", config | {"learning_rat": 1e-5}, partition="other")
