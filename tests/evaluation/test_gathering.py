"""What the scores are gathered from, and what is written beside them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from livecc_assets.commentary.schemas import SCHEMAS as COMMENTARY
from livecc_assets.core.errors import UserError
from livecc_assets.evaluation import pictures
from livecc_assets.evaluation.answering import answer_lines, question_records
from livecc_assets.evaluation.gathering import gather
from livecc_assets.evaluation.judge import EventF1Judge
from livecc_assets.evaluation.judging import make_judge
from livecc_assets.evaluation.mcq import Answered, Item
from livecc_assets.evaluation.schemas import SCHEMAS, score_row
from livecc_assets.evaluation.tables import add_text, headline, rows_of
from livecc_assets.store.store import Store
from tests.artifacts import finished, new_store, task_of, write

EVENT = {"video_id": "v", "event_id": 0, "begin": 1.0, "end": 2.0}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def _score(metric: str, subset: str, value: float | None) -> dict[str, Any]:
    return score_row(metric, subset, value, 3)


def test_scores_are_gathered_by_experiment_with_the_versions_of_all_that_they_read(store: Store) -> None:
    events = write(store, "livesports_events", "all", [], SCHEMAS["livesports_events"])
    said = write(
        store, "livesports_commentary", "b", [EVENT | {"utterances": [], "pred": "hi..."}],
        COMMENTARY["livesports_commentary"], upstream=[events],
    )  # fmt: skip
    one = write(store, "mvbench_score", "b", [_score("accuracy", "all", 50.0)], SCHEMAS["mvbench_score"])
    other = write(store, "mvbench_score", "a", [_score("accuracy", "all", 25.0)], SCHEMAS["mvbench_score"])
    found = gather([one, other, said], events)
    assert list(found) == ["a", "b"]
    assert [row["value"] for row in found["b"].scores["mvbench_score"]] == [50.0]
    assert [row["pred"] for row in found["b"].commentary] == ["hi..."]
    assert list(found["a"].commentary) == []
    assert found["b"].data_versions == {
        "mvbench_score[b]": one.data_version,
        "livesports_commentary[b]": said.data_version,
        "livesports_events[all]": events.data_version,
    }
    assert found["a"].data_versions == {"mvbench_score[a]": other.data_version}
    assert gather([], events) == {}


def test_a_score_of_earlier_events_does_not_pass_for_one_of_todays(store: Store) -> None:
    truth = [{"time": 1.5, "actor": "red", "verb": "jumps", "place": "left"}]
    row = dict.fromkeys(SCHEMAS["livesports_events"].names, "") | EVENT | {"truth": json.dumps(truth)}
    before = write(store, "livesports_events", "all", [row], SCHEMAS["livesports_events"])
    made = [
        write(store, name, "b", [_score(metric, "all", 9.0)], SCHEMAS[name], upstream=[before])
        for name, metric in (("livesports_cc_score", "win_rate"), ("livesports_qa_score", "accuracy"))
    ]
    now = write(store, "livesports_events", "all", [row | {"end": 3.0}], SCHEMAS["livesports_events"], key="later")
    for events, data in ((before, "sample"), (now, None)):
        conditions = gather(made, events)["b"].conditions
        assert {one.data for one in conditions.values()} == {data}
    bases = {gather(made, events)["b"].conditions["livesports_cc_score"].basis for events in (before, now)}
    assert len(bases) == 1, "what it was scored on does not change with the events of today"


@pytest.mark.parametrize(
    ("asset", "told", "subsets", "data"),
    [
        ("videomme_score", (2700, 0), ["all"], "published"),
        ("videomme_score", (2697, 3), ["all"], "published"),
        ("videomme_score", (30, 0), ["all"], "own"),
        ("livesports_qa_score", (1174, 0), ["all"], "published"),
        ("livesports_qa_score", (12, 0), ["all"], "own"),
        ("mvbench_score", (60, 0), [f"task:{n}" for n in range(20)], "published"),
        ("mvbench_score", (4000, 0), ["task:1", "task:2"], "own"),
    ],
)
def test_only_all_of_a_benchmark_stands_among_published_rows(
    asset: str, told: tuple[int, int], subsets: list[str], data: str, store: Store
) -> None:
    about = {"questions_answered": told[0], "questions_in_error": told[1]}
    rows = [_score("accuracy", subset, 50.0) for subset in subsets]
    one = write(store, asset, "a", rows, SCHEMAS[asset], metadata=about)
    assert gather([one], None)["a"].conditions[asset].data == data


def test_the_headline_is_what_holds_of_the_whole_and_has_a_value() -> None:
    rows = [_score("accuracy", "all", 50.0), _score("accuracy", "short", 20.0), _score("flip_rate", "all", None)]
    assert headline(rows) == {"accuracy": 50.0}
    assert headline([_score("accuracy", "all", 0.0)]) == {"accuracy": 0.0}, "nought is a value"


def test_rows_of_several_partitions_come_one_after_the_other_with_the_wanted_columns(store: Store) -> None:
    schema = pa.schema([("n", pa.int64()), ("m", pa.int64())])
    made = [write(store, "t", name, [{"n": n, "m": 0}], schema) for n, name in enumerate("ba")]
    assert list(rows_of(made, ["n"])) == [{"n": 0}, {"n": 1}]
    assert next(iter(rows_of(made))) == {"n": 0, "m": 0}
    assert list(rows_of([])) == []


def test_a_text_is_a_file_of_the_artifact_in_utf_8(store: Store, tmp_path: Path) -> None:
    task = task_of(store, tmp_path, "leaderboard", "all", SCHEMAS["leaderboard"], {})
    add_text(task, "report.txt", "Überblick\n")
    assert finished(task, store).path("report.txt").read_bytes() == "Überblick\n".encode()


def test_an_answer_is_kept_with_the_log_probability_of_each_candidate() -> None:
    item = Item("q1", "v", {}, "Who?", ("A", "B"), ("Ann", "Bob"), "B", groups=("task:who",))
    (line,) = answer_lines([Answered(item, "A", "Ann", False, (-0.123456, -2.0))])
    assert line == {
        "id": "q1", "video_id": "v", "groups": ("task:who",), "answer": "B", "choice": "A", "response": "Ann",
        "correct": False, "log_probs": {"A": -0.1235, "B": -2.0},
    }  # fmt: skip
    json.dumps(line)
    with pytest.raises(ValueError, match="shorter"):
        list(answer_lines([Answered(item, "A", "Ann", False, (-0.1,))]))


def test_a_benchmarks_questions_are_read_from_its_path_with_its_folder_of_videos(store: Store, tmp_path: Path) -> None:
    asked: list[tuple[Path, str]] = []

    def read(path: Path, videos: str) -> list[dict[str, Any]]:
        asked.append((path, videos))
        return [{"id": "q"}]

    events = write(store, "livesports_events", "all", [], pa.schema([("video_id", pa.string())]))

    def records(questions: Any) -> list[dict[str, Any]]:
        config = {"questions": questions}
        task = task_of(store, tmp_path, "mvbench_score", "x", SCHEMAS["mvbench_score"], config)
        return question_records(task, "mvbench", read, [], [events])

    assert records({"path": "/q.jsonl", "videos": "/v"}) == [{"id": "q"}]
    records("/q.jsonl")
    assert asked == [(Path("/q.jsonl"), "/v"), (Path("/q.jsonl"), "")]
    for empty in ("", {"path": "", "videos": "/v"}, None):
        with pytest.raises(UserError, match=r"benchmarks\.mvbench is empty: set it to the question file"):
            records(empty)


def test_the_judge_by_event_f1_knows_the_words_of_the_benchmarks_events(tmp_path: Path) -> None:
    truth = json.dumps([{"time": 1.0, "actor": "zorba", "verb": "juggles"}])
    judge = make_judge({"kind": "event-f1"}, tmp_path, [EVENT | {"truth": truth}])
    assert isinstance(judge, EventF1Judge)
    assert judge.name == "event-f1"


def test_pages_of_scores_show_what_there_is_and_nothing_for_nothing(store: Store) -> None:
    intervals = [
        score_row("accuracy", "all", 50.0, 3, (40.0, 60.0)), score_row("chance", "all", 25.0, 3),
    ]  # fmt: skip
    made = write(store, "mvbench_score", "a", intervals, SCHEMAS["mvbench_score"])
    empty = write(store, "mvbench_score", "b", [], SCHEMAS["mvbench_score"])
    for draw, name in ((pictures.accuracy, "accuracy"), (pictures.cc_score, "scores")):
        (drawn,) = draw(made, {}).items()
        assert drawn[0] == name
        assert isinstance(drawn[1], bytes)
        assert drawn[1].startswith(b"\x89PNG")
        assert draw(empty, {}) == {}
