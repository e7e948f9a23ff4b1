"""Annotators' sheets decide what becomes the benchmark, and how far they agree is told."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.decisions import agreement, decided_events, decided_questions, unknown
from livecc_assets.evaluation.review_sheet import COLUMNS, Decision, Sheet, read_sheet, write_sheet
from livecc_assets.store.rows import Rejected
from tests.evaluation.builders import event


def question(name: str = "v_0_who", **more: Any) -> dict[str, Any]:
    return {
        "question_id": name, "video_id": "v", "batch": "", "path": "v.mp4", "sha256": "0", "video_start": 0.0, "video_end": 20.0,
        "q_type": "who", "ocr": False, "question": "Who jumps?", "options": ["A. red", "B. blue", "C. green", "D. white"],
        "answer": "A",
    } | more  # fmt: skip


def sheets(*given: dict[str, Decision]) -> list[Sheet]:
    return [Sheet(f"annotator {number}", decisions) for number, decisions in enumerate(given)]


def kept(made: Iterable[Any]) -> list[dict[str, Any]]:
    return [row for row in made if isinstance(row, dict)]


def events(decided: list[Sheet], *rows: dict[str, Any]) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    made = list(decided_events(rows or (event(),), decided, 10))
    return kept(made), [(row.reason, row.detail) for row in made if isinstance(row, Rejected)]


YES, NO = Decision(keep=True), Decision(keep=False, comment="only an interview")


def test_the_majority_decides_and_a_tie_is_none() -> None:
    assert len(events(sheets({"v_0": YES}, {"v_0": YES}, {"v_0": NO}))[0]) == 1
    _, ((reason, detail),) = events(sheets({"v_0": YES}, {"v_0": NO}))
    assert reason == "not_kept_by_annotators" and detail == "1 of 2 would not keep it: only an interview"
    assert events(sheets({}, {"v_0": Decision(comment="?")}))[1][0][0] == "not_reviewed"


def test_times_are_medians_and_titles_the_commonest_of_those_who_keep_it() -> None:
    row = event(
        event_asr=json.dumps([[0, 4, "Before."], [4, 9, "Red jumps."], [16, 18, "Over."]]),
        truth=[{"time": 2.0}, {"time": 12.0}],
    )
    given = [Decision(keep=True, begin=begin, end=end, title=title, label="Golf") for begin, end, title in (
        (3.0, 15.0, "Jump"), (4.0, 14.0, "Jump"), (9.0, 19.5, "Fall"))]  # fmt: skip
    (made,), _ = events(sheets(*({"v_0": one} for one in (*given, Decision(keep=False, begin=0.0, end=1.0)))), row)
    assert (made["begin"], made["end"], made["event_title"], made["class"]) == (4.0, 15.0, "Jump", "Golf")
    assert made["event_asr_text"] == "Red jumps." and made["preasr_text"].endswith("Before.")
    assert [one["time"] for one in json.loads(made["truth"])] == [12.0]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Decision(keep=True, begin=3.0, end=12.0), "too_short"),
        (Decision(keep=True, begin=10.5, end=40.0), "no_words"),
        (Decision(keep=True, begin=30.0, end=50.0), "unknown_decision"),
    ],
)
def test_times_that_leave_no_event_are_reasons(given: Decision, reason: str) -> None:
    found, reasons = events(sheets({"v_0": given}))
    assert not found and reasons[0][0] == reason


def test_times_after_the_videos_end_are_a_reason_and_others_decide() -> None:
    late, sound = Decision(keep=True, begin=0.0, end=900.0), Decision(keep=True, begin=0.0, end=20.3)
    made = list(decided_events([event()], sheets({"v_0": late}, {"v_0": sound}), 10, {"v": 20.0}))
    assert [row["end"] for row in kept(made)] == [20.3], "sheets hold rounded times"
    (told,) = [row for row in made if isinstance(row, Rejected)]
    assert (told.reason, told.id) == ("impossible_time", "annotator 0:v_0")
    assert kept(decided_events([event()], sheets({"v_0": sound}), 10, {"v": 12.0})), "as it was proposed"
    assert told.detail == "annotator 0 ends it at 900 s, but the video ends at 20 s"


def test_a_question_needs_no_speech_and_the_answer_of_its_key() -> None:
    def asked(*given: Decision) -> tuple[list[dict[str, Any]], list[str]]:
        made = list(decided_questions([question()], sheets(*({"v_0_who": one} for one in given))))
        return kept(made), [row.reason for row in made if isinstance(row, Rejected)]

    assert asked(Decision(keep=True, answer="A"), Decision(keep=True, answer="B"))[0]
    assert asked(Decision(keep=True, answer="B"), Decision(keep=True, answer="C"))[1] == ["other_answer"]
    assert asked(Decision(keep=True, needs_speech=True))[1] == ["needs_speech"]
    assert asked(Decision(keep=False))[1] == ["not_kept_by_annotators"]
    assert [row["ocr"] for row in asked(Decision(keep=True, ocr=True))[0]] == [True]
    changed = Decision(keep=True, question="Who falls?")
    assert asked(changed)[1] == ["unknown_decision", "not_reviewed"], "it was about another question"


def test_agreement_is_cohens_kappa_of_two_and_fleiss_of_more() -> None:
    ids = ["a_0", "b_0", "c_0", "d_0"]
    first = dict(zip(ids, (YES, YES, NO, NO), strict=True))
    second = dict(zip(ids, (YES, NO, NO, NO), strict=True))
    found = agreement(sheets(first, second), ids)
    assert (found["annotators"], found["reviewed"], found["agreement"]) == (2, 4, 75.0)
    assert found["kappa"] == pytest.approx((0.75 - 0.5) / 0.5)
    third = dict(zip(ids, (YES, YES, YES, NO), strict=True))
    # By hand: three agree on a and d, two of three on b and c; yes has 6 of 12 votes.
    seen, chance = (1 + 1 / 3 + 1 / 3 + 1) / 4, 0.5
    assert agreement(sheets(first, second, third), ids)["kappa"] == pytest.approx(
        (seen - chance) / (1 - chance), abs=1e-4
    )
    assert "kappa" not in agreement(sheets(first), ids)


def test_agreement_of_times_and_answers_counts_pairs_that_gave_both() -> None:
    times = [Decision(keep=True, begin=0.0, end=10.0), Decision(keep=True, begin=5.0, end=15.0), Decision(keep=True)]
    assert agreement(sheets(*({"v_0": one} for one in times)), ["v_0"])["time_iou"] == pytest.approx(1 / 3, abs=1e-4)
    answers = [Decision(answer="A"), Decision(answer="A"), Decision(answer="B")]
    assert agreement(sheets(*({"v_0_who": one} for one in answers)), ["v_0_who"])["answer_agreement"] == 33.33


def test_decisions_about_nothing_and_rows_that_are_none_are_told() -> None:
    fault = Rejected("x:3", "error", "malformed_decision", "row 3 of x.csv: …", "")
    sheet = Sheet("x", {"v_0": YES, "v_9": YES, "v_9_who": YES}, [fault])
    assert [one.id for one in unknown([sheet], ["v_0"], "events")] == ["x:3", "x:v_9"]
    assert [one.id for one in unknown([sheet], [], "questions")] == ["x:3", "x:v_9_who"]


def test_a_sheet_that_is_written_filled_in_and_read_back_holds_the_decisions(tmp_path: Path) -> None:
    written = write_sheet([event(), event("w", event_title="=HYPERLINK(1)")], [question()])
    rows = list(csv.DictReader(io.StringIO(written)))
    assert tuple(rows[0]) == COLUMNS and [row["id"] for row in rows] == ["v_0", "w_0", "v_0_who"]
    assert {row["keep"] for row in rows} == {""} and rows[2]["answer"] == "", "nothing is decided, no key is shown"
    assert rows[1]["title"].startswith("'="), "a spreadsheet runs no formula"
    rows[0] |= {"keep": "Yes", "begin": "1,5", "comment": "fine"}
    rows[2] |= {"keep": "n", "answer": "b", "needs_speech": "yes"}
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, delimiter=";")
    table.writeheader()
    table.writerows(rows)
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + out.getvalue(), "utf-8")
    found = read_sheet("a", path)
    assert not found.rejected
    assert found.decisions["v_0"] == Decision(True, 1.5, 20.0, "A match", "Sports", None, None, None, "fine")
    assert found.decisions["w_0"].title == "=HYPERLINK(1)" and found.decisions["w_0"].keep is None
    assert found.decisions["v_0_who"].answer == "B" and found.decisions["v_0_who"].needs_speech


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("v_0,maybe,,", "row 2 of a.csv: keep 'maybe' is neither yes nor no"),
        (",yes,,", "row 2 of a.csv: it has no id"),
        ("v_0,yes,x,", "row 2 of a.csv: begin 'x' is no time in seconds"),
        ("v_0,yes,-1,", "row 2 of a.csv: begin '-1' is no time in seconds"),
        ("v_0,yes,9,3", "row 2 of a.csv: end 3 is not after begin 9"),
        ("v_0,yes,,\nv_0,no,,", "row 3 of a.csv: v_0 was decided on before"),
    ],
)
def test_a_row_that_decides_nothing_possible_is_rejected_by_its_number(row: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,keep,begin,end\n{row}\n")
    assert [one.detail for one in read_sheet("x", path).rejected] == [told]


def test_a_file_that_is_no_sheet_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,keep\n")
    with pytest.raises(
        UserError, match=r"a\.csv: the column id is missing; start from the sheet of `livecc livesports review`"
    ):
        read_sheet("x", path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"a\.csv: cannot be read"):
        read_sheet("x", path)
    with pytest.raises(UserError, match="cannot be read"):
        read_sheet("x", tmp_path / "none.csv")
