"""Published figures are those of the paper, carry their source, and a file of one's own is checked line by line."""

import re
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.board_page import page
from livecc_assets.evaluation.measures import BY_NAME
from livecc_assets.evaluation.published import as_entries, read_results
from livecc_assets.graph.settings.results import MEASURED
from tests.house.places import REPOSITORY

COLUMNS = {
    "Table 3": {"V-MME w/o": "videomme", "w/ sub": "videomme_subtitles", "MVBench": "mvbench", "OVO avg": "ovobench",
                "RTVP": "ovobench_RTVP", "BT": "ovobench_BT", "FAR": "ovobench_FAR"},
    "Table 4": {"CC": "win_rate", "QA": "livesports_qa", "OCR": "livesports_qa_ocr", "Who": "livesports_qa_who",
                "When": "livesports_qa_when", "What": "livesports_qa_what"},
}  # fmt: skip


def tables() -> dict[tuple[str, str, str], float]:
    """(table, model, measure) -> figure of Tables 3 and 4 as docs/method.md has them."""
    text = (REPOSITORY / "docs" / "method.md").read_text("utf-8")
    found = {}
    for table, columns in COLUMNS.items():
        lines = text.split(f"**{table} ")[1].split("\n\n")[1].splitlines()
        head, _, *rows = ([cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines)
        for row in rows:
            for name, value in zip(head, row, strict=True):
                if name in columns and re.fullmatch(r"[\d.]+", value):
                    found[table, row[0], columns[name]] = float(value)
    return found


def test_the_papers_tables_are_there_figure_by_figure(tmp_path: Path) -> None:
    paper = [row for row in read_results(tmp_path) if "arXiv" in row["source"]]
    found = {(row["source"].rpartition(", ")[2], row["experiment"], row["metric"]): row["value"] for row in paper}
    assert len(found) == len(paper) > 100
    assert found == tables()


def test_every_published_row_has_its_source_and_says_how_it_was_got(tmp_path: Path) -> None:
    rows = read_results(tmp_path)
    assert all(row["source"] and row["url"].startswith("https://") and row["data"] == "published" for row in rows)
    judged = [row for row in rows if row["metric"] == "win_rate"]
    assert {(row["judge"], row["opponent"], row["n"]) for row in judged} == {
        ("gpt-4o-2024-08-06", "GPT-4o-08-06", 1702)
    }
    assert {row["chance"] for row in rows if row["metric"].startswith(("livesports_qa", "videomme"))} == {25}
    assert set(MEASURED) <= set(BY_NAME)


MINE = """\
source: Someone 2026
url: https://example.org/a
tables:
  - where: Table 1
    conditions: {win_rate: {n: 1702, judge: gpt-5}}
    rows:
      - model: Later-9B
        figures: {win_rate: {value: 61.5, interval: [59.0, 64.0]}, videomme: 70.1}
"""


def test_rows_of_ones_own_come_from_the_state_folder_or_a_named_file(tmp_path: Path) -> None:
    mine, home = tmp_path / "mine.yaml", tmp_path / "home"
    mine.write_text(MINE)
    (home / "results").mkdir(parents=True)
    (home / "results" / "later.yaml").write_text(MINE)
    shipped = len(read_results(tmp_path))
    assert len(read_results(home)) == shipped + 2
    win, _ = as_entries(read_results(tmp_path, [mine])[shipped:])
    assert (win["model"], win["value"], win["interval"]) == ("Later-9B", 61.5, [59.0, 64.0])
    assert (win["n"], win["judge"], win["source"]) == (1702, "gpt-5", "Someone 2026, Table 1")
    (home / "results" / "livecc-paper.yaml").write_text(MINE)
    assert {row["source"] for row in read_results(home)} >= {"Someone 2026, Table 1"}
    assert not any("arXiv" in row["source"] for row in read_results(home)), "its name stands in place of the package's"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("videomme: 70.1", "videome: 70.1"),
            "line 8: tables.0.rows.0.figures.videome: unknown name; did you mean `videomme`?",
        ),
        (("value: 61.5", "value: 71.5"), "lies outside its interval"),
        (("videomme: 70.1", "videomme: 701"), "no percentage"),
        (("source: Someone 2026\n", ""), "source: is missing"),
        (("https://example.org/a", "javascript:alert(1)"), "http:// or https://"),
    ],
)
def test_a_mistake_names_the_file_and_the_line(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(MINE.replace(*change))
    with pytest.raises(UserError) as error:
        read_results(tmp_path, [mine])
    assert str(mine) in str(error.value) and told in str(error.value)
    assert "\n" not in str(error.value)


TWICE = """\
source: Someone 2026
tables:
  - rows:
      - {model: A-7B, note: "mean over 3 seeds; against the odds", figures: {livesports_qa: 50, livesports_qa_who: 41}}
      - {model: A-7B, note: longer clips, figures: {livesports_qa: 60, livesports_qa_who: 62}}
      - {model: B-7B, figures: {livesports_qa_who: 70, livesports_qa_what: 80}}
"""


def test_a_model_that_a_source_has_twice_keeps_each_rows_parts_and_a_part_shows_without_its_whole(
    tmp_path: Path,
) -> None:
    file, shipped = tmp_path / "a.yaml", len(read_results(tmp_path))
    file.write_text(TWICE)
    made = page({"experiments": {}, "event_f1_gain": [], "baselines": {}}, read_results(tmp_path, [file])[shipped:])
    (part,) = made.parts
    (block,) = part.blocks
    assert block.parts == ("Who", "What")
    assert [(line.model, line.value, line.parts) for line in block.lines] == [
        ("A-7B", 60.0, (62.0, None)),
        ("A-7B", 50.0, (41.0, None)),
        ("B-7B", None, (70.0, 80.0)),
    ]
    notes = dict(part.notes)
    assert "mean over 3 seeds; against the odds" in notes[block.lines[1].letter], "an author's words are all there"
    assert "only parts of it are given" in notes[block.lines[2].letter]


def test_a_file_of_results_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(MINE)
    again = tmp_path / "." / "mine.yaml"
    assert len(read_results(tmp_path, [file, again])) == len(read_results(tmp_path, [file]))


@pytest.mark.parametrize(
    "figure", ["win_rate: {value: 61.5, interval: [-3, 64.0]}", "words_per_second: {value: -1}", "win_rate: 101"]
)
def test_a_figure_or_an_end_of_its_interval_that_cannot_be_is_told(figure: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(MINE.replace("win_rate: {value: 61.5, interval: [59.0, 64.0]}, videomme: 70.1", figure))
    with pytest.raises(UserError, match="is no p"):
        read_results(tmp_path, [file])
