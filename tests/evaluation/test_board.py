"""The leaderboard's page: legible at 80 columns, with every row's origin, in text, Markdown and HTML."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from livecc_assets.evaluation.board_formats import html_page, markdown, text
from livecc_assets.evaluation.board_page import Page, page
from livecc_assets.evaluation.cc_score import win_rows
from livecc_assets.evaluation.compared import compare
from livecc_assets.evaluation.conditions import Conditions
from livecc_assets.evaluation.leaderboard import ExperimentScores, document, leaderboard_rows, sight
from livecc_assets.evaluation.published import read_results
from livecc_assets.evaluation.schemas import score_row
from tests.evaluation.builders import event
from tests.evaluation.test_compared import singles

CC = Conditions("sample", "b", "event-f1", "title-caption", "streaming commentary")
QA = Conditions("sample", "b", protocol="by logits")


def experiment(rights: int, name: str = "x", **conditions: Conditions) -> ExperimentScores:
    """Answered the first `rights` of 40 questions right, speaks 1.25 words a second."""
    share = 2.5 * rights
    scores = {
        "livesports_cc_score": [
            score_row("win_rate", "all", share, 40, (max(share - 10, 0), min(share + 10, 100)), None, 40),
            score_row("words_per_second", "all", 1.25, 40),
        ],
        "livesports_qa_score": [
            score_row("accuracy", "all", share, 40, (max(share - 10, 0), min(share + 10, 100)), "few", 4),
            score_row("accuracy", "q_type:who", 12.5, 8),
        ],
    }
    told = {"livesports_cc_score": CC, "livesports_qa_score": QA} | conditions
    return ExperimentScores(scores, (), {}, told, {"livesports_qa": 25.0}, singles(name, rights))


def board(published: list[dict[str, Any]] | None = None, **experiments: ExperimentScores) -> Page:
    named = {name.replace("_", "-"): one for name, one in experiments.items()}
    rows = leaderboard_rows(named)
    return page(document(rows, sight(named, rows)), published or [])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return read_results(tmp_path_factory.mktemp("home"))


def test_the_page_fits_eighty_columns_with_the_papers_rows_and_every_name_whole(
    published: list[dict[str, Any]],
) -> None:
    long = "an-experiment-with-a-rather-long-name-of-its-own"
    shown = text(board(published, **{long: experiment(40), "b": experiment(3)}), 80)
    assert max(map(len, shown.splitlines())) <= 80
    assert long in shown.replace("\n", "").replace(" ", "") or long in shown
    for part in ("Qwen2-VL-7B-LiveCCInstruct", "100.0 [90.0, 100.0]", "Table 4", "guessing 25.0 %", "1,702"):
        assert part in shown


def test_rows_of_the_sample_stand_apart_from_published_ones_and_are_marked(published: list[dict[str, Any]]) -> None:
    part = next(one for one in board(published, x=experiment(10)).parts if one.measure.name == "win_rate")
    sample, real = part.blocks
    assert "not the benchmark" in sample.about and {line.mark for line in sample.lines} == {"sample"}
    assert {line.mark for line in real.lines} == {"published"}
    shown = text(board(published, x=experiment(10)))
    assert all(re.search(r"\bsample [a-z]$", line) for line in shown.splitlines() if line.startswith(" x "))


def test_what_was_measured_here_on_the_benchmark_is_ranked_among_published_rows(
    published: list[dict[str, Any]],
) -> None:
    real = Conditions("published", "b", "openai:gpt-4o-2024-08-06", "GPT-4o", "streaming commentary", "released")
    part = next(
        one
        for one in board(published, mine=experiment(16, livesports_cc_score=real)).parts
        if one.measure.name == "win_rate"
    )
    (block,) = part.blocks
    names = [line.model for line in block.lines]
    assert names.index("LiveCC-7B-Instruct") < names.index("mine") < names.index("LLaVA-Video-72B")
    line = next(line for line in block.lines if line.model == "mine")
    note = dict(part.notes)[line.letter]
    assert line.mark == "here" and "judge openai:gpt-4o-2024-08-06, against GPT-4o" in note and "rules released" in note


def test_a_pace_is_no_percentage() -> None:
    shown = text(board(x=experiment(10))).splitlines()
    at = next(number for number, line in enumerate(shown) if line.startswith("Pace"))
    section = "\n".join(shown[at : at + 4])
    assert "words a second" in section and "1.25" in section
    assert "%" not in section and "percent" not in section


def test_a_rate_that_is_missing_says_why() -> None:
    rows = win_rows([], [event(f"v{n}") for n in range(7)])
    one = ExperimentScores({"livesports_cc_score": rows}, conditions={"livesports_cc_score": CC})
    shown = " ".join(text(board(x=one)).split())
    assert "no value: no rate: the judge gave no verdict on any of 7 events" in shown
    assert "n/a" not in shown


def test_failed_canaries_and_few_videos_are_on_the_page() -> None:
    note = "CANARIES FAILED: passed order 1 of 6; against other, judge x; 0 of 80 calls tied"
    rows = [score_row("win_rate", "all", 50.0, 40, (40.0, 60.0), note, 4)]
    shown = text(board(x=ExperimentScores({"livesports_cc_score": rows}, conditions={"livesports_cc_score": CC})))
    assert "CANARIES FAILED: passed order 1 of 6" in shown and "calls tied" not in shown
    assert "50.0 [40.0, 60.0]*" in shown and "too few to tell" in shown


def test_the_page_says_who_sees_and_who_cannot_be_told_apart() -> None:
    told = board(x_streaming=experiment(36, "x-streaming"), x_blind=experiment(10, "x-blind")).remarks
    assert told == ["x-streaming (sees) stands above x-blind (blind), intervals apart: livesports_qa +65.0 (p < 0.001)"]
    (line,) = board(x_streaming=experiment(12, "x-streaming"), x_blind=experiment(10, "x-blind")).remarks
    assert line.startswith("x-streaming (sees) and x-blind (blind) cannot be told apart: livesports_qa +5.0 (p = 0.")
    (line,) = board(x_streaming=experiment(10, "x-streaming"), x_blind=experiment(36, "x-blind")).remarks
    assert line.startswith("x-streaming stands below x-blind, though it sees: livesports_qa -65.0")


def test_differences_to_a_chosen_model_have_columns_of_their_own() -> None:
    named = {"a": experiment(30, "a"), "b": experiment(10, "b")}
    compared = compare([row for one in named.values() for row in one.singles], "b")
    shown = text(page(document(leaderboard_rows(named)), (), "b", compared))
    assert re.search(r"^ a +75\.0 \[65\.0, 85\.0\]\* .*40 \+50\.0 <0\.001 sample a$", shown, re.M)
    assert "diff: points above b" in shown


HOSTILE = "<script>alert(1)</script> **b** | [x](javascript:1) `c` \x1b[31m\nnext"


@pytest.fixture(scope="module")
def hostile() -> Page:
    row = {
        "experiment": HOSTILE, "metric": "win_rate", "value": 1.0, "low": None, "high": None, "n": 1, "clusters": None,
        "chance": None, "judge": HOSTILE, "opponent": None, "protocol": HOSTILE, "rules": None, "data": "published",
        "source": HOSTILE, "url": 'https://e.org/"><script>x</script>', "note": HOSTILE,
    }  # fmt: skip
    return board([row], **{HOSTILE: experiment(1)})


def test_names_from_outside_do_nothing_in_any_format(hostile: Page) -> None:
    for made in (text(hostile), markdown(hostile), html_page(hostile)):
        assert "\x1b" not in made
    shown = markdown(hostile)
    assert "<script" not in shown and not re.search(r"(?<!\\)\*\*b|(?<!\\)`c", shown) and "\\[x\\]" in shown
    assert all(len(set(widths)) == 1 for widths in tables_of(shown)), "a name opens no column"

    class Tags(HTMLParser):
        found: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found.append(tag)
            assert not any(name.startswith("on") for name, _ in attrs)

    reader = Tags()
    reader.feed(html_page(hostile))
    assert "script" not in reader.found and "table" in reader.found


def test_the_html_page_needs_nothing_else_and_links_each_source(published: list[dict[str, Any]]) -> None:
    shown = board(published, x=experiment(10))
    made = html_page(shown)
    assert "default-src 'none'" in made and "src=" not in made.replace("default-src", "").replace("style-src", "")
    assert 'href="https://arxiv.org/abs/2504.16030v1"' in made
    assert (
        made.count("<table>")
        == made.count("</table>")
        == sum(len(one.blocks) for one in board(published, x=experiment(10)).parts)
    )


def tables_of(markdown: str) -> list[list[int]]:
    """Of each table the number of bars in its lines."""
    blocks = re.findall(r"(?:^\|.*\n)+", markdown, re.M)
    return [[len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()] for block in blocks]


def test_markdown_tables_have_as_many_cells_as_columns(published: list[dict[str, Any]]) -> None:
    tables = tables_of(markdown(board(published, x=experiment(10))))
    assert len(tables) > 8
    assert all(len(set(widths)) == 1 for widths in tables)
