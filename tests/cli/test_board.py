"""``livecc leaderboard``: what stands, beside what was published, in every format."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.evaluation.gathering import write_board
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.graph.settings import load_settings
from livecc_assets.store.store import Store
from tests.artifacts import finished, task_of
from tests.evaluation.test_board import experiment
from tests.evaluation.test_published import MINE


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    store = load_settings(home).store()
    _written(store, tmp_path, {"x-streaming": experiment(36, "x-streaming"), "x-blind": experiment(10, "x-blind")})
    return home


def _written(store: Store, folder: Path, experiments: dict[str, Any]) -> None:
    task = task_of(store, folder, "leaderboard", "all", SCHEMAS["leaderboard"], {})
    write_board(task, experiments, [])
    finished(task, store)
    store.set_current("leaderboard", "all", store.place("leaderboard", "all", "key"))


def livecc(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "leaderboard", *arguments])


def document(home: Path, *arguments: str) -> dict[str, Any]:
    result = livecc(home, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def test_the_document_keeps_its_keys_and_gains_the_published_rows(home: Path) -> None:
    made = document(home)
    entry = made["experiments"]["x-streaming"]
    assert (entry["win_rate"], entry["win_rate_interval"], entry["n"]["win_rate"]) == (90, [80, 100], 40)
    assert {"data_versions", "videos", "too_few"} <= entry.keys() and made["event_f1_gain"] == []
    assert entry["data"]["win_rate"] == "sample" and entry["livesports_qa_who"] == 12.5
    (seen,) = made["sight"]
    assert seen["above"] and seen["p_holm"] < 0.001
    paper = [row for row in made["published"] if row["metric"] == "win_rate" and row["model"] == "LiveCC-7B-Base"]
    assert [(row["value"], row["judge"]) for row in paper] == [(43.2, "gpt-4o-2024-08-06")]
    assert "published" not in document(home, "--measured")


def test_every_experiment_is_compared_with_the_chosen_one(home: Path) -> None:
    made = document(home, "--against", "x-blind")["against"]
    (entry,) = made["compared"]
    assert (made["name"], entry["experiment"], entry["measure"]) == ("x-blind", "x-streaming", "livesports_qa")
    assert entry["difference"] == pytest.approx(65) and entry["p_holm"] == entry["p"] < 0.001
    assert "diff" in livecc(home, "--against", "x-blind").stdout


def test_whom_to_compare_with_must_have_been_measured_here(home: Path) -> None:
    assert "x-blind" in refused(livecc(home, "--against", "nobody"))
    assert "its single answers are not known here" in refused(livecc(home, "--against", "LiveCC-7B-Base"))


def test_a_leaderboard_without_single_scores_says_how_to_get_them(home: Path) -> None:
    store = load_settings(home).store()
    writer = store.write("leaderboard", "all", "old", SCHEMAS["leaderboard"], code_version="2", config={}, upstream=[])
    found = store.current("leaderboard", "all")
    assert found is not None
    writer.add_file(found.path("leaderboard.json"), "leaderboard.json")
    writer.commit()
    store.set_current("leaderboard", "all", store.place("leaderboard", "all", "old"))
    assert livecc(home).exit_code == 0
    assert "update_leaderboard" in refused(livecc(home, "--against", "x-blind"))


def test_the_page_goes_to_a_file_in_the_format_asked_for(home: Path, tmp_path: Path) -> None:
    starts = {"html": "<!doctype html>", "markdown": "# Leaderboard", "text": "LiveSports-3K CC", "json": "{"}
    for form, start in starts.items():
        out = tmp_path / f"board.{form}"
        result = livecc(home, "--format", form, "-o", str(out))
        assert result.exit_code == 0, result.output
        assert result.stdout == "" and out.read_text("utf-8").startswith(start)
    assert livecc(home, "--format", "markdown").stdout == (tmp_path / "board.markdown").read_text("utf-8")
    assert "does not exist" in refused(livecc(home, "-o", str(tmp_path / "no" / "board.html")))


def test_a_file_of_published_rows_stands_beside_or_is_told_in_one_line(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(MINE)
    assert "Later-9B" in livecc(home, "--results", str(mine)).stdout
    mine.write_text(MINE.replace("win_rate", "winrate"))
    assert f"{mine}, line 5" in refused(livecc(home, "--results", str(mine)))
    assert "no such file" in refused(livecc(home, "--results", str(tmp_path / "none.yaml")))
