"""Links in a model folder lead to files of that folder; only the hub's cache and the artifact store keep theirs elsewhere."""

import os
import shutil
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.folder_check import checked
from livecc_assets.models.links import MAX_ENTRIES
from livecc_assets.models.qwen2_vl import TOKENIZER_FILES, load_model, load_processor
from livecc_assets.store.store import Store
from livecc_assets.training.checkpoints import copy_model_files


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "credentials"
    path.write_text('{"aws_secret_access_key": "wJalrXUtnFEMI"}')
    return path


def snapshot(folder: Path, root: Path) -> Path:
    """The folder as the hub's cache keeps it."""
    blobs, place = root / "models--a--b" / "blobs", root / "models--a--b" / "snapshots" / "1f2e"
    blobs.mkdir(parents=True)
    place.mkdir(parents=True)
    for number, path in enumerate(sorted(folder.iterdir())):
        shutil.move(path, blobs / str(number))
        (place / path.name).symlink_to(f"../../blobs/{number}")
    return place


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        checked(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("name", ["tokenizer_config.json", "vocab.json", "notes", "deep/er/notes"])
def test_a_link_out_of_the_folder_is_refused_at_any_depth(folder: Path, secret: Path, name: str, relative: bool):
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(os.path.relpath(secret, place.parent) if relative else secret)
    assert f"{place.name} is a link that leaves the model's folder" in refusal(folder)


def test_a_chain_of_links_is_followed_to_its_end(folder: Path, secret: Path):
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("config.json")
    checked(folder)
    (folder / "two").unlink()
    (folder / "two").symlink_to(secret)
    assert "a link that leaves" in refusal(folder)


def test_a_link_to_a_folder_is_judged_as_one_to_a_file(folder: Path, secret: Path):
    (folder / "additional_chat_templates").symlink_to(secret.parent)
    assert "additional_chat_templates is a link that leaves" in refusal(folder)
    (folder / "additional_chat_templates").unlink()
    (folder / "own").mkdir()
    (folder / "additional_chat_templates").symlink_to("own")
    checked(folder)


@pytest.mark.parametrize(("target", "told"), [("nowhere", "No such file"), ("vocab.json", "leads nowhere")])
def test_a_link_that_leads_nowhere_is_refused(folder: Path, target: str, told: str):
    (folder / "vocab.json").symlink_to(target)
    assert told in refusal(folder)


@pytest.mark.parametrize("target", ["/dev/zero", "."])
def test_a_link_to_what_is_no_file_is_refused(folder: Path, target: str):
    (folder / "vocab.json").symlink_to(target)
    assert "vocab.json" in refusal(folder)


def test_an_absolute_link_within_the_folder_and_a_folder_that_is_a_link_are_taken(folder: Path, tmp_path: Path):
    (folder / "other.json").symlink_to(folder / "config.json")
    (tmp_path / "alias").symlink_to(folder)
    assert checked(tmp_path / "alias") == tmp_path / "alias"
    assert load_processor(tmp_path / "alias").factor == 28


def test_links_into_the_hubs_store_of_blobs_are_followed(folder: Path, tmp_path: Path):
    place = snapshot(folder, tmp_path / "hub")
    assert load_processor(place).factor == 28
    assert load_model(place).config.model_type == "qwen2_vl"
    copy_model_files(place, tmp_path / "copy", TOKENIZER_FILES)
    assert not (tmp_path / "copy" / "tokenizer.json").is_symlink()
    assert "model" in (tmp_path / "copy" / "tokenizer.json").read_text()


def test_the_form_of_the_hubs_cache_opens_nothing_else(folder: Path, tmp_path: Path, secret: Path):
    place = snapshot(folder, tmp_path / "hub")
    blobs = place.parent.parent / "blobs"
    (blobs / "99").symlink_to(secret)
    (place / "vocab.json").symlink_to("../../blobs/99")
    assert "vocab.json is a link that leaves" in refusal(place)
    (place / "vocab.json").unlink()
    (blobs / "99").unlink()
    shutil.copytree(blobs, secret.parent, dirs_exist_ok=True)
    shutil.rmtree(blobs)
    blobs.symlink_to(secret.parent)
    assert "a link that leaves" in refusal(place)


def test_an_artifacts_folder_of_links_is_taken_and_its_form_opens_nothing_else(
    folder: Path, tmp_path: Path, secret: Path
):
    store = Store(str(tmp_path / "store"), tmp_path / "cache")
    writer = store.write("livecc_base", "sample", "key", None, code_version="1", config={}, upstream=[])
    for path in folder.iterdir():
        writer.add_file(path, path.name)
    writer.add_file(folder / "config.json", "1_Pooling/config.json")
    writer.commit()
    artifact = store.at(store.place("livecc_base", "sample", "key"))
    assert artifact is not None
    place = artifact.folder()
    assert (place / "config.json").is_symlink()
    assert load_processor(place).factor == 28
    (place / "vocab.json").symlink_to(secret)
    assert "vocab.json is a link that leaves" in refusal(place)
    (place / "vocab.json").unlink()
    (place / "vocab.json").symlink_to((place / "config.json").resolve())
    assert "vocab.json is a link that leaves" in refusal(place)


def test_a_checkpoint_takes_no_file_along_that_a_link_of_its_initial_model_names(
    folder: Path, secret: Path, tmp_path: Path
):
    (folder / "tokenizer_config.json").unlink()
    (folder / "tokenizer_config.json").symlink_to(secret)
    with pytest.raises(UserError, match=r"tokenizer_config\.json is a link that leaves"):
        copy_model_files(folder, tmp_path / "copy", TOKENIZER_FILES)
    assert not (tmp_path / "copy" / "tokenizer_config.json").exists()


def test_a_folder_with_too_many_files_is_no_model(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("livecc_assets.models.links.MAX_ENTRIES", 3)
    assert MAX_ENTRIES > 3
    assert "more than 3 files" in refusal(folder)
