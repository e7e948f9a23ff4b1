"""``livecc batch retire``: a batch is taken out, and brought back, by its name."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.graph.settings import load_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    load_settings(tmp_path / "home").store().register_batch("a", {"uri": "/films"})
    return tmp_path / "home"


def retire(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "batch", "retire", *arguments])


def test_it_is_retired_once_and_again_and_brought_back(home: Path) -> None:
    for _ in range(2):
        done = retire(home, "a")
        assert (done.exit_code, done.output) == (0, "batch a is retired; to undo: livecc batch retire a --undo\n")
    store = load_settings(home).store()
    assert store.retired() == {"a"} and store.batches() == ["a"]
    for _ in range(2):
        done = retire(home, "a", "--undo")
        assert (done.exit_code, done.output) == (0, "batch a is back; next: livecc curate a\n")
    assert store.retired() == frozenset()


@pytest.mark.parametrize("name", ["b", "../a", ""])
def test_a_name_of_no_batch_is_told_in_one_line(home: Path, name: str) -> None:
    done = retire(home, name)
    assert done.exit_code == 1 and done.output.startswith("livecc: ") and done.output.count("\n") == 1
    assert load_settings(home).store().retired() == frozenset()


def test_status_says_how_it_comes_back(home: Path) -> None:
    retire(home, "a")
    done = CliRunner().invoke(main, ["--home", str(home), "status"])
    assert "retired  yt_cc_source[a]  livecc batch retire a --undo brings it back" in done.output
