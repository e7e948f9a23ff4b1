"""`livecc score`: published result files as they are give the published numbers; broken rows are told, never counted."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from tests.cli.test_commands import one_line_error

MODEL, OTHER = "LiveCC-7B-Base", "GPT-4o"


def score(folder: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["--home", str(folder / "home"), "score", *map(str, arguments)])


def document(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    result = score(folder, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.fixture
def published(unlicensed: Path, tmp_path: Path) -> Path:
    """The authors' files, unpacked."""
    for packed in (unlicensed / "data").glob("*.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return tmp_path


@pytest.fixture
def expected(golden: Path) -> dict[str, Any]:
    return json.loads((golden / "scores.json").read_text("utf-8"))


def same(found: Any, expected: Any, name: str = "") -> None:
    """Everything that is expected is found under its key."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in found, f"{name}.{key}"
            same(found[key], value, f"{name}.{key}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-3), name
    else:
        assert found == expected, name


def test_the_published_judgements_give_every_published_number(published: Path, expected: dict[str, Any]) -> None:
    file = published / f"judge_{OTHER}_{MODEL}.jsonl"
    found = document(
        published, "judgements", file, "--rules", "released", "--predictions", published / f"pred_{MODEL}.jsonl"
    )
    expected["judge"].pop("log_line", None)
    same(found, expected["judge"])
    assert found["win_rate_interval"] == pytest.approx([45.0, 49.4], abs=0.35)
    assert (found["videos"], found["rejected"]["rows"]) == (416, 0)
    assert found["position_gap"] == pytest.approx(64.6886 - 29.7297, abs=1e-3)
    for name, one in found["rates"].items():
        assert one["interval"][0] <= one["value"] <= one["interval"][1] and one["n"] > 1000, name
        assert one["interval"][0] < one["interval"][1], name


def test_a_file_against_itself_differs_by_nothing(published: Path) -> None:
    file = published / f"judge_{OTHER}_{MODEL}.jsonl"
    found = document(published, "judgements", file, "--against", file)["against"]
    assert (found["difference"], found["p"], found["events"]) == (0, 1, 1702)
    answers = published / "videomme_LiveCC-7B-Instruct_no_subtitles.json"
    found = document(published, "videomme", answers, "--against", answers)["against"]
    assert (found["overall"]["difference"], found["overall"]["p"], found["mcnemar_p"]) == (0, 1, 1)
    assert found["both_right"] == 1731


@pytest.mark.parametrize("rules", ["released", "corrected"])
def test_the_published_answers_give_every_published_breakdown(
    published: Path, expected: dict[str, Any], rules: str
) -> None:
    found = document(
        published, "videomme", published / "videomme_LiveCC-7B-Instruct_no_subtitles.json", "--rules", rules
    )
    wanted = expected["videomme"]
    for key in ("report_equals_stored_txt", "extract_letter_examples", "rule"):
        del wanted[key]
    same(found, wanted)
    assert len(found["sub_category"]) == 30
    assert all(low < high for low, high in (one["interval"] for one in found["sub_category"].values()))


def test_a_packed_file_is_read_as_it_is(unlicensed: Path, tmp_path: Path) -> None:
    found = document(tmp_path, "judgements", unlicensed / "data" / f"judge_{OTHER}_{MODEL}.jsonl.gz")
    assert found["win_rate_2dp"] == "47.21"


def test_the_rate_at_equal_length_is_that_of_a_regression_written_out(published: Path) -> None:
    """scikit-learn where it is there would do; the formula is short enough to stand here."""
    texts = [published / f"pred_{MODEL}.jsonl", published / f"caption_{OTHER}.jsonl"]
    options = [part for path in texts for part in ("--predictions", str(path))]
    found = document(published, "judgements", published / f"judge_{OTHER}_{MODEL}.jsonl", *options)
    length: list[dict[str, int]] = []
    for path in texts:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        length.append({f"{r['video_id']}_{r['event_id']}": len(r["pred"].split()) for r in rows})
    rows = [json.loads(line) for line in (published / f"judge_{OTHER}_{MODEL}.jsonl").read_text().splitlines()]
    ratio = np.log([length[0][r["video_event_id"]] / length[1][r["video_event_id"]] for r in rows])
    x = np.tanh(ratio / ratio.std())
    design = np.array([[1, slot, one] for slot in (1, -1) for one in x])
    won = np.array([r[order] == MODEL for order in ("ab_winner", "ba_winner") for r in rows], dtype=float)
    beta = np.zeros(3)
    for _ in range(4000):  # plain descent on the penalised loss
        gap = 1 / (1 + np.exp(-design @ beta)) - won
        beta -= 2.0 * (design.T @ gap + 0.01 * beta * [0, 1, 1]) / len(won)
    rate = 100 * np.mean([1 / (1 + np.exp(-(beta[0] + slot * beta[1]))) for slot in (1, -1)])
    assert found["length_controlled_win_rate"] == pytest.approx(rate, abs=0.1)
    assert found["length_controlled"]["extrapolated"] is True, "the opponent nearly always says more"
    other_way = document(
        published, "judgements", published / f"judge_{OTHER}_{MODEL}.jsonl", *options[2:], *options[:2]
    )
    assert other_way["length_controlled"] == found["length_controlled"]


def verdict(event: str, ab: Any = "mine", ba: Any = "GPT-4o") -> dict[str, Any]:
    return {"video_event_id": event, "ab_winner": ab, "ba_winner": ba}


def test_of_two_names_the_one_that_is_not_the_opponent_is_the_model(tmp_path: Path) -> None:
    file = lines(tmp_path / "j.jsonl", [verdict(f"v{n}_0") for n in range(6)])
    assert document(tmp_path, "judgements", file)["model_id"] == "mine"
    turned = document(tmp_path, "judgements", file, "--opponent", "mine")
    assert (turned["model_id"], turned["win_rate"]) == ("GPT-4o", 50)


def test_a_third_name_and_two_strangers_are_one_line(tmp_path: Path) -> None:
    file = lines(tmp_path / "j.jsonl", [verdict("a_0"), verdict("b_0", "yours")])
    line = one_line_error(score(tmp_path, "judgements", file, "--model", "mine"))
    assert "winner 'yours' is not 'mine', 'GPT-4o' or 'tie'" in line
    line = one_line_error(score(tmp_path, "judgements", file))
    assert "'yours'" in line
    file = lines(tmp_path / "k.jsonl", [verdict("a_0", "mine", "yours")])
    assert "name the opponent with --opponent" in one_line_error(score(tmp_path, "judgements", file))


def test_rows_that_are_no_verdict_are_reasons_and_never_ties(tmp_path: Path) -> None:
    rows = [verdict(f"v{n}_0", "mine", "mine") for n in range(6)]
    rows += [verdict("v0_0", "GPT-4o"), verdict("v7_0", None), verdict("v8_0", "mine", ""), verdict("v9_0", 3)]
    rows += [verdict("a/b_0")]
    file = lines(tmp_path / "j.jsonl", rows)
    found = document(tmp_path, "judgements", file)
    assert (found["events"], found["win_rate"], found["ties_ab"], found["errors"]) == (6, 100, 0, 2)
    assert found["rejected"]["reasons"] == {"duplicate": 1, "no_verdict": 2, "malformed_winner": 1, "malformed_id": 1}
    assert found["win_rate_interval"][0] < 90 and found["win_rate_interval"][1] == 100
    said = score(tmp_path, "judgements", file).stdout
    assert "5 rows do not count: duplicate 1, no_verdict 2" in said
    assert "record 8: ab_winner is None" in said


def test_a_judge_without_a_verdict_gives_no_rate_in_words(tmp_path: Path) -> None:
    file = lines(tmp_path / "j.jsonl", [verdict("a_0", None, None)])
    assert "no event has a verdict in both orders, so there is no rate" in score(tmp_path, "judgements", file).stdout
    assert document(tmp_path, "judgements", file)["win_rate"] is None


def test_sides_may_be_named_as_this_project_names_them(tmp_path: Path) -> None:
    file = lines(tmp_path / "j.jsonl", [verdict("a_0", "model", "tie"), verdict("b_0", "opponent", "model")])
    found = document(tmp_path, "judgements", file, "--model", "mine", "--opponent", "other")
    assert (found["model_id"], found["baseline_id"], found["win_rate"]) == ("mine", "other", 62.5)
    assert document(tmp_path, "judgements", file)["win_rate"] == 62.5
    assert document(tmp_path, "judgements", file, "--rules", "released")["win_rate"] == 50


def test_few_videos_are_called_too_few(tmp_path: Path) -> None:
    file = lines(tmp_path / "j.jsonl", [verdict(f"v{n % 3}_{n}") for n in range(9)])
    assert document(tmp_path, "judgements", file)["rates"]["win_rate"]["too_few"] is True
    assert "3 videos, too few to tell" in score(tmp_path, "judgements", file).stdout


def choice(video: str, number: int, answer: str = "A", response: Any = "A. x", **more: Any) -> dict[str, Any]:
    question = {"question_id": f"{video}-{number}", "q_type": "who", "OCR": number % 2, "task_type": "Action"}
    return (
        question
        | {"question": "Q?", "options": ["A. x", "B. y", "C. z"], "answer": answer, "response": response}
        | more
    )


def test_mvbench_is_the_mean_over_tasks_of_the_published_form(tmp_path: Path) -> None:
    videos = [{"video": f"c/{n}.mp4", "questions": [choice(str(n), 0)]} for n in range(6)]
    videos += [{"video": "d/1.mp4", "questions": [choice("d", 0, "B", task_type="Count")]}]
    path = tmp_path / "m.json"
    path.write_text(json.dumps(videos))
    found = document(tmp_path, "mvbench", path)
    assert (found["mean_accuracy"], found["overall"]["correct"], found["overall"]["total"]) == (50, 6, 7)
    assert found["task_type"]["Count"]["accuracy"] == 0
    assert found["mean_accuracy_interval"][0] < 50 < found["mean_accuracy_interval"][1]


def test_livesports_qa_is_told_by_kind_and_where_text_is_read(tmp_path: Path) -> None:
    videos = [
        {"video_id": f"v{n}", "questions": [choice(f"v{n}", k, response="BA"[k] + ". x") for k in (0, 1)]}
        for n in range(6)
    ]
    path = tmp_path / "q.json"
    path.write_text(json.dumps(videos))
    found = document(tmp_path, "livesports-qa", path)
    assert (found["overall"]["accuracy"], found["ocr"]["yes"]["accuracy"]) == (50, 100)
    assert (found["overall"]["videos"], found["q_type"]["who"]["total"]) == (6, 12)


def test_ovobench_averages_a_question_first_when_corrected(tmp_path: Path) -> None:
    rows = [{"id": 1, "task": "REC", "answer": "1", "response": "1"}] * 3 + [
        {"id": 2, "task": "REC", "answer": "1", "response": "10"},
        {"id": 3, "task": "EPM", "answer": "B", "response": "A"},
        {"id": 4, "task": "EPM", "answer": "11", "response": "A"},
        {"id": 5, "task": "XYZ", "answer": "A", "response": "A"},
    ]
    path = tmp_path / "o.json"
    path.write_text(json.dumps(rows))
    found = document(tmp_path, "ovobench", path)
    assert (found["group"]["FAR"]["value"], found["group"]["BT"]["value"], found["mean_accuracy"]) == (50, 0, 25)
    assert found["mean_accuracy_interval"][0] < 25 < found["mean_accuracy_interval"][1]
    assert found["rejected"]["reasons"] == {"answer_outside_options": 1, "malformed_question": 1}
    released = document(tmp_path, "ovobench", path, "--rules", "released")
    assert (released["group"]["FAR"]["value"], released["mean_accuracy"]) == (100, 50), "a 10 passes for a 1"


def test_broken_answers_are_reasons_and_do_not_count(tmp_path: Path) -> None:
    rows = [choice("v", n) for n in range(6)]
    rows += [choice("v", 0), choice("v", 7, "E"), choice("v", 8, response=None), choice("v", 9, options="A. x")]
    found = document(tmp_path, "livesports-qa", lines(tmp_path / "q.jsonl", [{"video_id": "v", **row} for row in rows]))
    assert found["overall"]["total"] == 6
    assert found["rejected"]["reasons"] == {
        "duplicate": 1,
        "answer_outside_options": 1,
        "null_field": 1,
        "malformed_question": 1,
    }


def test_another_models_answers_are_compared_on_the_same_questions(tmp_path: Path) -> None:
    good = [{"video_id": f"v{n // 2}", **choice(f"v{n}", 0)} for n in range(40)]
    bad = [{**row, "response": "B. y"} if n % 3 else row for n, row in enumerate(good)][4:]
    here, there = lines(tmp_path / "a.jsonl", good), lines(tmp_path / "b.jsonl", bad)
    found = document(tmp_path, "livesports-qa", here, "--against", there)["against"]
    assert (found["questions"], found["only_here"], found["only_there"]) == (36, 4, 0)
    assert found["overall"]["difference"] == pytest.approx(100 * found["right_here"] / 36, abs=1e-3)
    assert found["overall"]["p"] < 0.001
    assert found["q_type"]["who"]["p_holm"] >= found["q_type"]["who"]["p"]


def test_a_file_of_another_kind_is_one_line(tmp_path: Path) -> None:
    file = lines(tmp_path / "x.jsonl", [{"a": 1}])
    assert "holds no answered question of mvbench" in one_line_error(score(tmp_path, "mvbench", file))
    assert "lack 'video_event_id'" in one_line_error(score(tmp_path, "judgements", file))
    assert "none.json: no such file" in one_line_error(score(tmp_path, "videomme", tmp_path / "none.json"))
    assert "no.jsonl: no such file" in one_line_error(score(tmp_path, "judgements", file, "--against", "no.jsonl"))
    (tmp_path / "torn.jsonl.gz").write_bytes(gzip.compress(b"{}")[:-5])
    assert "torn.jsonl.gz: cannot be read" in one_line_error(score(tmp_path, "mvbench", tmp_path / "torn.jsonl.gz"))


def test_several_files_are_compared_at_once_with_a_corrected_p(tmp_path: Path) -> None:
    here = [{"video_id": f"v{n}", **choice(f"v{n}", 0)} for n in range(12)]
    worse = [{**row, "response": "B. y"} if n < 7 else row for n, row in enumerate(here)]
    files = [lines(tmp_path / f"{name}.jsonl", rows) for name, rows in (("a", here), ("b", worse), ("c", here))]
    found = document(tmp_path, "livesports-qa", files[0], "--against", files[1], "--against", files[2])
    assert [one["file"] for one in found["compared"]] == ["b.jsonl", "c.jsonl"]
    first, second = (one["overall"] for one in found["compared"])
    assert (first["p"], first["p_holm"]) == pytest.approx((2 / 2**7, 4 / 2**7), abs=1e-5)
    assert (second["p"], second["p_holm"]) == (1, 1)
    said = score(tmp_path, "livesports-qa", files[0], "--against", files[1]).stdout
    assert "minus b.jsonl" in said and "p = 0.0156" in said
