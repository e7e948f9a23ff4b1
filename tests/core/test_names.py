"""Names of batches, selections and experiments, checked where they enter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.core.errors import UserError
from livecc_assets.core.names import LONGEST, checked_name
from livecc_assets.graph.settings import load_settings

BAD = [
    "", ".", "..", "a..b", "a...b", ".a", "_a", "-a", "a b", "a,b", 'a"b', "a|b", "[a]", "a+b", "a:1", "a%2F", "a/b", "a\\b",
    "a\nb", "a\n", "a\x00b", "a\u200bb", "a\ufeff", "a\u202eb", "a\u0308", "A" * (LONGEST + 1), "足" * 90, "all", "shared", "a*",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_dagster_paths_or_keys_cannot_carry_is_one_line(name: str) -> None:
    with pytest.raises(UserError) as refusal:
        checked_name(name)
    message = str(refusal.value)
    assert message.isprintable()
    assert "letters, digits" in message
    assert len(message) < 300


@pytest.mark.parametrize("name", ["a", "sample-a", "2024.05", "drop_1", "A" * LONGEST, "Füße", "足球", "x--y"])
def test_letters_digits_dots_dashes_and_underscores_are_taken(name: str) -> None:
    assert checked_name(name) == name


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / "home"


@pytest.mark.parametrize("name", ["a...b", "a\nb", "a b"])
def test_a_bad_batch_name_is_refused_before_anything_is_stored(home: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    result = CliRunner().invoke(main, ["--home", str(home), "ingest", str(tmp_path), f"--batch={name}"])
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert "letters, digits" in line
    assert load_settings(home).store().batches() == []
    assert not (home / "selections").exists()


def test_the_store_itself_takes_no_bad_batch(home: Path) -> None:
    store = load_settings(home).store()
    with pytest.raises(UserError, match="letters, digits"):
        store.register_batch("a...b", {"uri": "/nowhere"})
    assert store.batches() == []


def test_a_batch_that_was_registered_with_a_bad_name_is_passed_over_with_a_line(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = load_settings(home).store()
    store.register_batch("good", {"uri": "/nowhere"})
    store.blobs.put("_batches/a...b.json", b'{"uri": "/nowhere"}')
    assert store.batches() == ["good"]
    assert "batch 'a...b' is passed over: its name holds '..'" in caplog.text


def test_a_file_with_a_bad_name_is_invalid_and_the_location_loads(home: Path) -> None:
    (home / "selections").mkdir(parents=True)
    (home / "selections" / "a...b.yaml").write_text(
        "profile: sample\nlive_cc: {batches: [a]}\nlive_whisperx: {batches: [a]}\n"
    )
    code = "import livecc_assets.definitions; from livecc_assets.graph.settings import load_settings as s; print(*s().selections)"
    environment = {**os.environ, "LIVECC_HOME": str(home)}
    loaded = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == ["sample"]
    (invalid,) = load_settings(home).invalid
    assert "a...b.yaml" in invalid.message and "holds '..'" in invalid.message and "rename the file" in invalid.message


def test_curating_an_unknown_batch_names_the_known_ones_and_leaves_no_partition(home: Path, tmp_path: Path) -> None:
    from livecc_assets.orchestration.partitions import SOURCE_BATCHES
    from livecc_assets.orchestration.runs import open_instance

    (tmp_path / "a.mp4").write_bytes(b"")
    runner = CliRunner()
    assert runner.invoke(main, ["--home", str(home), "ingest", str(tmp_path), "--batch", "mine"]).exit_code == 0
    result = runner.invoke(main, ["--home", str(home), "curate", "nosuch"])
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert "no batch 'nosuch'" in line
    assert "there are mine;" in line
    with open_instance(load_settings(home)) as instance:
        assert list(instance.get_dynamic_partitions(str(SOURCE_BATCHES.name))) == ["mine"]
