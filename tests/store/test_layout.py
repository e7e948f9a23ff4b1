"""A state that another layout made is told in one line by whoever opens it, and never half read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import COMMANDS, main
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.store.layout import KEY, LAYOUT, check, check_folder
from livecc_assets.store.store import Store

#: One call of every command that reads or writes state.
CALLS = {
    "batch": ["batch", "move", "a", "elsewhere"],
    "chat": ["chat", "match.mp4", "--model", "mine"],
    "comment": ["comment", "match.mp4", "--model", "mine", "-o", "out.vtt"],
    "compare": ["compare", "match.mp4", "--model", "mine", "-o", "out.html"],
    "curate": ["curate", "a"],
    "demo": ["demo"],
    "doctor": ["doctor"],
    "evaluate": ["evaluate", "sample-blind"],
    "export": ["export", "live_cc", "sample", "-o", "out.jsonl"],
    "gc": ["gc"],
    "ingest": ["ingest", ".", "--batch", "a"],
    "judge": ["judge", "--predictions", __file__, "--opponent", __file__, "--events", __file__, "-o", "out.jsonl"],
    "leaderboard": ["leaderboard"],
    "lineage": ["lineage", "live_cc", "sample"],
    "livesports": ["livesports", "review", "-o", "out"],
    "rejected": ["rejected", "live_cc", "sample"],
    "select": ["select", "sample"],
    "serve": ["serve", "--model", "mine"],
    "status": ["status"],
    "train": ["train", "sample-blind"],
    "ui": ["ui"],
    "verify": ["verify"],
}


@pytest.fixture
def old_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder as the version before wrote it: a registered batch, no layout number."""
    home = tmp_path / "home"
    batches = home / "artefacts" / "_batches"
    batches.mkdir(parents=True)
    (batches / "a.json").write_text(json.dumps({"uri": "/videos", "captions": "optional"}))
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return home


def test_every_command_is_called_here_but_those_that_read_no_state() -> None:
    assert set(COMMANDS) - set(CALLS) == {"clip", "config", "inspect", "score", "sequence"}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_every_command_tells_a_state_without_a_layout_number_in_one_line(old_home: Path, name: str) -> None:
    before = sorted(path for path in old_home.rglob("*"))
    result = CliRunner().invoke(main, ["--home", str(old_home), *CALLS[name]])
    assert result.exit_code == 1, result.output
    if name == "doctor":  # a table, or a list, of findings
        said = CliRunner().invoke(main, ["--home", str(old_home), "doctor", "--json"]).stdout
        assert "made by an earlier version" in said
        return
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"livecc: {old_home / 'artefacts'}: this state was made by an earlier version")
    assert "LIVECC_HOME" in line
    assert sorted(path for path in old_home.rglob("*")) == before, "nothing was written beside it"


def test_a_later_layout_is_told_with_its_number(tmp_path: Path) -> None:
    store = Store(str(tmp_path), tmp_path / "cache")
    store.register_batch("a", {"uri": "/videos"})
    (tmp_path / KEY).write_text(json.dumps({"layout": LAYOUT + 1}))
    for look in (lambda: check(store.blobs), lambda: check_folder(tmp_path)):
        with pytest.raises(UserError, match=f"another version, with layout {LAYOUT + 1}"):
            look()


def test_what_is_written_first_carries_the_number(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "root"), tmp_path / "cache")
    check(store.blobs)
    store.register_batch("a", {"uri": "/videos"})
    assert json.loads((tmp_path / "root" / KEY).read_text()) == {"layout": LAYOUT}
    check(store.blobs)


def test_a_process_that_is_given_an_old_root_does_not_write_into_it(old_home: Path) -> None:
    store = Store(str(old_home / "artefacts"), old_home / "cache")
    with pytest.raises(UserError, match="made by an earlier version"):
        store.register_batch("b", {"uri": "/videos"})
    with pytest.raises(UserError, match="made by an earlier version"):
        load_settings(old_home).store()
