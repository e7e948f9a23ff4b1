"""``livecc clip``: golden words become golden clips, rows stay as they are, and what is no row is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.core.rules import Rule


def clip(source: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["clip", *options, str(source), str(out)])


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("rule", ["released", "corrected"])
@pytest.mark.parametrize(("recipe", "before"), [("pretrain", "previous"), ("sft", "preasr")])
def test_golden_words_become_golden_clips(recipe: str, before: str, rule: Rule, golden: Path, tmp_path: Path) -> None:
    records = [json.loads(line) for line in (golden / f"{recipe}_clips.jsonl").read_text().splitlines()]
    rows = [{"video": one["id"], "content": one["words"], "title": "t", "category": "Sports"} for one in records]
    index = [] if recipe == "pretrain" else [[0, 5]]  # the last line of a published sft file
    done = clip(
        lines(tmp_path / "in.jsonl", [*rows, *index]), tmp_path / "out.jsonl", "--recipe", recipe, "--rules", rule
    )
    assert done.exit_code == 0, done.output
    wanted = [
        {
            "video": one["id"],
            "content": one["words"][first:last],
            before: " ".join(word for _, _, word in one["words"][:count]),
            "title": "t",
            "category": "Sports",
        }
        for one in records
        for first, last, count, *kept in one[rule]
        if kept in ([], [True])
    ]
    found = read(tmp_path / "out.jsonl")
    assert found == wanted and len(found) > 60
    assert [list(one) for one in found[:1]] == [["video", "content", before, "title", "category"]]


def test_caption_lines_are_split_into_words_by_the_same_rules(tmp_path: Path) -> None:
    lines_of = [[float(n), n + 1.0, f"go  go [music] {n} now"] for n in range(40)]
    source = lines(tmp_path / "in.jsonl", [{"video": "v", "title": "t", "category": "c", "subtitles": lines_of}])
    done = clip(source, tmp_path / "out.jsonl", "--recipe", "pretrain", "--rules", "corrected")
    assert done.exit_code == 0, done.output
    (row,) = read(tmp_path / "out.jsonl")
    assert [word for _, _, word in row["content"]][:3] == ["go", "0", "now"]
    done = clip(source, tmp_path / "out.jsonl", "--recipe", "pretrain", "--rules", "released", "--json")
    assert json.loads(done.stdout) == {"rows": 1, "clips": 0, "runs": {}, "faults": []}, "each line holds a bracket"


def test_words_and_times_stand_as_they_came(tmp_path: Path) -> None:
    content = [[n, n + 1, f"  w{n} "] for n in range(35)]
    source = lines(tmp_path / "in.jsonl", [{"video": "v.mp4", "content": content}])
    assert clip(source, tmp_path / "out.jsonl", "--recipe", "pretrain", "--rules", "corrected").exit_code == 0
    assert read(tmp_path / "out.jsonl") == [{"video": "v.mp4", "content": content, "previous": ""}]


def test_limits_and_parts_are_options(tmp_path: Path) -> None:
    rows = [{"video": f"v{n}", "content": [[k, k + 1, "w"] for k in range(12)]} for n in range(5)]
    source = lines(tmp_path / "in.jsonl", rows)
    options = ("--recipe", "pretrain", "--rules", "corrected", "--min-clip-sec", "10", "--part", "2/2")
    assert clip(source, tmp_path / "out.jsonl", *options).exit_code == 0
    assert [row["video"] for row in read(tmp_path / "out.jsonl")] == ["v1", "v3"]
    for wrong, told in (("0/2", "--part 0/2: write I/N"), ("3/2", "write I/N"), ("x", "write I/N")):
        done = clip(source, tmp_path / "out.jsonl", *options[:-1], wrong)
        assert done.exit_code == 1 and told in done.output
    done = clip(source, tmp_path / "out.jsonl", *options[:4], "--min-clip-sec", "300")
    assert done.exit_code == 1 and "min_clip_sec" in done.output


@pytest.mark.parametrize(
    "bad",
    ["{", "7", '{"video": "v"}', '{"video": "v", "content": [[1, 2]]}', '{"video": "v", "content": [["a", 2, "w"]]}',
     '{"video": "v", "content": 3}', '{"video": "v", "subtitles": [[1, 2, 3]]}'],
)  # fmt: skip
def test_a_line_that_is_no_row_is_told_by_its_number_and_the_others_are_cut(bad: str, tmp_path: Path) -> None:
    good = json.dumps({"video": "v", "content": [[n, n + 1, "w"] for n in range(40)]})
    source = tmp_path / "in.jsonl"
    source.write_text(f"{good}\n\n{bad}\n{good}\n")
    done = clip(source, tmp_path / "out.jsonl", "--recipe", "pretrain", "--rules", "corrected", "--json")
    assert done.exit_code == 0 and len(read(tmp_path / "out.jsonl")) == 2
    (fault,) = json.loads(done.stdout)["faults"]
    assert fault["number"] == 3 and "line 3: " in done.stderr


def test_a_file_without_a_row_is_one_line_and_writes_nothing(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", [7])
    done = clip(source, tmp_path / "out.jsonl", "--recipe", "sft", "--rules", "corrected")
    assert done.exit_code == 1 and "holds no row of the recipe sft: line 1" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
    done = clip(source, source, "--recipe", "sft", "--rules", "corrected")
    assert done.exit_code == 1 and "is what is read" in done.output


def test_the_published_sft_script_takes_its_last_line_for_the_seek_index(tmp_path: Path) -> None:
    row = {"video": "v", "content": [[n, n + 1, "W."] for n in range(40)]}
    source = lines(tmp_path / "in.jsonl", [row, row])
    done = clip(source, tmp_path / "out.jsonl", "--recipe", "sft", "--rules", "released", "--json")
    assert json.loads(done.stdout)["runs"]["last_line_left_out"] == 1 and len(read(tmp_path / "out.jsonl")) == 1
    assert clip(source, tmp_path / "out.jsonl", "--recipe", "sft", "--rules", "corrected").exit_code == 0
    assert len(read(tmp_path / "out.jsonl")) == 2
