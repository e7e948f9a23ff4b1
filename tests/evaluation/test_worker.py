"""The benchmark's steps from artifacts to artifacts: events, questions, judging, every benchmark, leaderboard."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from livecc_assets.commentary.schemas import SCHEMAS as COMMENTARY
from livecc_assets.core.errors import UserError
from livecc_assets.evaluation import assets
from livecc_assets.evaluation.conditions import answer_conditions
from livecc_assets.evaluation.gathering import gather
from livecc_assets.evaluation.judging import make_judge
from livecc_assets.evaluation.question_config import question_options
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.graph.step import steps_of
from livecc_assets.live_whisperx.schemas import SCHEMAS as CLIPS
from livecc_assets.runtime.task import Task
from livecc_assets.source.schemas import SCHEMAS as SOURCE
from livecc_assets.store.manifest import Upstream
from livecc_assets.store.store import Store
from tests.evaluation.builders import clip, words
from tests.evaluation.conftest import write_match
from tests.mock_endpoint import MockEndpoint

VIDEO = {"min_pixels": 12544, "frame_pixels": 12544, "total_pixels": 3010560, "max_frames": 120, "fps": 2.0}
RUN = {"video": VIDEO, "device": "cpu", "dtype": "float32", "blank_frames": False}
TABLES = {**SOURCE, **CLIPS, **COMMENTARY, **SCHEMAS}


class World:
    """A store with two matches, and the means to run one step after another in it."""

    def __init__(self, folder: Path, model: Path):
        torch.set_num_threads(1)
        self.home = folder
        self.store = Store(str(folder / "artefacts"), folder / "cache")
        self.matches = [write_match(folder, seed, 14.0) for seed in (3, 4)]
        blank = {field.name: None for field in SOURCE["yt_cc_source"]}
        self.add("yt_cc_source", "batch", [blank | match for match in self.matches], nullable=True)
        self.add("sentence_clips", "batch", [self._clip(match) for match in self.matches])
        writer = self._writer("livecc_instruct", "tiny", {}, [])
        for path in model.iterdir():
            writer.add_file(path, path.name)
        writer.commit()

    def _clip(self, match):
        events = json.loads(match["truth"])["events"]
        said = [word for e in events for word in words(f"{e['actor']} {e['verb']}.", e["time"] + 0.3)]
        start, end = said[0]["start"], said[-1]["end"]
        return clip(match["video_id"], start, end, path=match["path"], words=said, preasr="Hello.")

    def _writer(self, asset, partition, config, inputs, nullable=False):
        schema = TABLES.get(asset)
        if schema is not None and nullable:
            import pyarrow as pa

            schema = pa.schema([field.with_nullable(True) for field in schema])
        pins = [Upstream(i.asset, i.partition, i.manifest.input_key, i.data_version) for i in inputs]
        return self.store.write(asset, partition, "key", schema, code_version="1", config=config, upstream=pins)

    def add(self, asset, partition, rows, nullable=False):
        writer = self._writer(asset, partition, {}, [], nullable)
        writer.extend(rows)
        writer.commit()

    def get(self, asset, partition="all"):
        found = self.store.at(self.store.place(asset, partition, "key"))
        assert found is not None
        return found

    def step(self, main, asset, partition, config, inputs):
        writer = self._writer(asset, partition, config, inputs)
        by_asset = {}
        for artifact in inputs:
            by_asset.setdefault(artifact.asset, []).append(artifact)
        main(Task(asset, config, self.home, by_asset, writer, "key"))
        writer.commit()
        return self.get(asset, partition)


@pytest.fixture(scope="module")
def world(tmp_path_factory, tiny_folder):
    made = World(tmp_path_factory.mktemp("world"), tiny_folder)
    inputs = [made.get("sentence_clips", "batch"), made.get("yt_cc_source", "batch")]
    made.step(assets.livesports_events, "livesports_events", "all", {"min_event_sec": 5}, inputs)
    made.step(assets.livesports_questions, "livesports_questions", "all", {}, [made.get("livesports_events")])
    return made


def scores(artifact):
    return {(row["metric"], row["subset"]): row for row in artifact.rows()}


def test_events_carry_the_truth_of_their_seconds_and_questions_follow(world):
    events = list(world.get("livesports_events").rows())
    assert len(events) == 2
    for row, match in zip(events, world.matches, strict=True):
        known = json.loads(match["truth"])["events"]
        assert len(json.loads(row["truth"])) == len(known), "the first event shows before its first word"
        assert row["preasr_text"] == "Hello."
    questions = world.get("livesports_questions")
    assert questions.count + len(list(questions.rejected())) == 6
    assert questions.count > 0


def comment(world, experiment, right):
    rows = []
    for event in world.get("livesports_events").rows():
        truth = json.loads(event["truth"])
        said = [{"start": e["time"], "end": e["time"] + 1, "text": f"{e['actor']} {e['verb']}"} for e in truth]
        said = said if right else []
        pred = " ".join(one["text"] for one in said) + "..."
        keys = {key: event[key] for key in ("video_id", "event_id", "begin", "end")}
        rows.append(keys | {"utterances": said, "pred": pred})
    world.add("livesports_commentary", experiment, rows)
    return world.get("livesports_commentary", experiment)


def test_the_track_runs_from_judging_to_the_leaderboard(world):
    gathered = []
    for experiment, right in (("x-streaming", True), ("x-blind", False)):
        said, events = comment(world, experiment, right), world.get("livesports_events")
        config = {"judge": {"kind": "event-f1"}, "opponent": {"kind": "title-caption"}}
        judged = world.step(assets.livesports_judgements, "livesports_judgements", experiment, config, [said, events])
        assert judged.count == 2
        assert judged.manifest.metadata == {"judge": "event-f1", "opponent": "title-caption"}
        inputs = [judged, said, events]
        score = world.step(assets.livesports_cc_score, "livesports_cc_score", experiment, {"judge": "event-f1"}, inputs)
        assert score.manifest.metadata["event_f1"] == (100 if right else 0)
        assert score.manifest.metadata["win_rate"] == (100 if right else 50)
        timing = scores(score)[("timely_f1", "all")]
        assert timing["value"] > 20 if right else timing["value"] == 0, "the human's words are not those of the truth"
        assert timing["clusters"] == 2 and scores(score)[("human_words_per_second", "all")]["value"] > 0
        gathered += [said, judged, score]
    inputs = [*gathered, world.get("livesports_events")]
    board = world.step(assets.leaderboard, "leaderboard", "all", {"experiments": []}, inputs)
    made = json.loads(board.path("leaderboard.json").read_text())
    assert made["experiments"]["x-streaming"]["event_f1"] == 100
    assert made["event_f1_gain"][0]["value"] == 100
    versions = made["experiments"]["x-blind"]["data_versions"]
    assert versions["livesports_commentary[x-blind]"] == world.get("livesports_commentary", "x-blind").data_version
    assert "livesports_events[all]" in versions
    assert "livesports_judgements[x-blind]" in versions
    assert "x-streaming - x-blind" in board.path("leaderboard.txt").read_text()


def test_livesports_qa_is_answered_by_the_checkpoint(world):
    inputs = [world.get("livecc_instruct", "tiny"), world.get("livesports_questions")]
    done = world.step(assets.livesports_qa_score, "livesports_qa_score", "tiny", RUN, inputs)
    found = scores(done)
    asked = world.get("livesports_questions").count
    assert found[("accuracy", "all")]["n"] == asked
    assert found[("chance", "all")]["value"] == 25
    lines = [json.loads(line) for line in done.path("answers.jsonl").read_text().splitlines()]
    assert len(lines) == asked
    right = sum(line["correct"] for line in lines)
    assert found[("accuracy", "all")]["value"] == pytest.approx(100 * right / asked)
    assert all(max(line["log_probs"], key=line["log_probs"].get) == line["choice"] for line in lines)


@pytest.mark.parametrize(
    ("asset", "metric"), [("videomme", "accuracy"), ("mvbench", "mean_accuracy"), ("ovobench", "mean_accuracy")]
)
def test_sample_questions_run_in_every_benchmark(world, asset, metric):
    inputs = [
        world.get("livecc_instruct", "tiny"),
        world.get("livesports_events"),
        world.get("yt_cc_source", "batch"),
    ]
    done = world.step(
        steps_of(assets)[f"{asset}_score"], f"{asset}_score", "tiny", RUN | {"questions": "embedded:sample"}, inputs
    )
    row = scores(done)[(metric, "all")]
    assert 0 <= row["value"] <= 100
    assert row["n"] > 4
    assert "not the published benchmark" in done.manifest.metadata["questions"]
    assert done.manifest.metadata["questions_in_error"] == 0
    if asset == "videomme":
        assert "Overall Performance" in done.path("report.txt").read_text()
        assert len(json.loads(done.path("results.json").read_text())) == 2


@pytest.mark.parametrize("rule", ["released", "corrected"])
@pytest.mark.parametrize("asset", ["videomme_score", "mvbench_score", "ovobench_score", "livesports_qa_score"])
def test_every_row_of_a_score_by_the_published_code_says_so(world, asset, rule):
    inputs = [world.get("livecc_instruct", "tiny"), world.get("livesports_events")]
    inputs += [world.get("livesports_questions"), world.get("yt_cc_source", "batch")]
    read = {one.asset for one in steps_of(assets)[asset].inputs}
    config = RUN | {"rule": rule, "questions": "embedded:sample"}
    chosen = [one for one in inputs if one.asset in read]
    done = world.step(steps_of(assets)[asset], asset, f"tiny-{rule}", config, chosen)
    notes = [row["note"] or "" for row in done.rows()]
    assert notes and {note.endswith("released rules") for note in notes} == {rule == "released"}


def test_ties_count_by_the_experiments_rules_and_the_row_says_so(world):
    said, events = comment(world, "tied", False), world.get("livesports_events")
    config = {"judge": {"kind": "event-f1"}, "opponent": {"kind": "title-caption"}}
    judged = world.step(assets.livesports_judgements, "livesports_judgements", "tied", config, [said, events])
    found = {}
    for rule in ("released", "corrected"):
        counting = {"judge": "event-f1", "rule": rule}
        inputs = [judged, said, events]
        done = world.step(assets.livesports_cc_score, "livesports_cc_score", f"tied-{rule}", counting, inputs)
        found[rule] = scores(done)[("win_rate", "all")]
    assert (found["released"]["value"], found["corrected"]["value"]) == (0, 50)
    assert found["released"]["note"].endswith("; released rules")
    assert "released" not in found["corrected"]["note"]


def test_questions_answered_by_words_keep_the_words_and_know_no_released_rules(world):
    inputs = [
        world.get("livecc_instruct", "tiny"),
        world.get("livesports_events"),
        world.get("yt_cc_source", "batch"),
    ]
    config = RUN | {"questions": {"path": "embedded:sample", "answers": "words"}}
    done = world.step(assets.mvbench_score, "mvbench_score", "words", config, inputs)
    lines = [json.loads(line) for line in done.path("answers.jsonl").read_text().splitlines()]
    assert {line["answer"] for line in lines} & {"jumps", "falls", "red", "blue", "on the left", "in the middle"}
    assert all(line["choice"] in line["log_probs"] and len(line["choice"]) > 1 for line in lines)
    assert answer_conditions(done, "sample").protocol == "by logits of the options' words"
    with pytest.raises(UserError, match="released rules know letters alone"):
        world.step(assets.mvbench_score, "mvbench_score", "released", config | {"rule": "released"}, inputs)


def test_ovo_bench_is_answered_in_words_as_the_benchmark_itself_does(world):
    inputs = [
        world.get("livecc_instruct", "tiny"),
        world.get("livesports_events"),
        world.get("yt_cc_source", "batch"),
    ]
    config = RUN | {"questions": {"path": "embedded:sample", "answers": "generated"}}
    done = world.step(assets.ovobench_score, "ovobench_score", "generated", config, inputs)
    lines = [json.loads(line) for line in done.path("answers.jsonl").read_text().splitlines()]
    assert len(lines) == done.manifest.metadata["questions_answered"] > 10
    assert all("log_probs" not in line and isinstance(line["response"], str) for line in lines)
    found = scores(done)
    assert 0 <= found[("mean_accuracy", "all")]["value"] <= 100 and ("mean_accuracy", "group:FAR") in found
    assert answer_conditions(done, "sample").protocol == "by written replies, as the benchmark itself"
    told = gather([done], None)["generated"]
    assert 0 < told.chances["ovobench"] < 60


def test_an_unset_question_file_and_a_run_without_answers_are_told(world):
    model, events = world.get("livecc_instruct", "tiny"), world.get("livesports_events")
    with pytest.raises(UserError, match=r"benchmarks\.mvbench is empty"):
        world.step(assets.mvbench_score, "mvbench_score", "unset", RUN | {"questions": ""}, [model, events])
    rows = [row | {"path": row["path"] + ".gone"} for row in world.get("livesports_questions").rows()]
    world.add("livesports_questions", "gone", rows)
    inputs = [model, world.get("livesports_questions", "gone")]
    with pytest.raises(UserError, match="not one of"):
        world.step(assets.livesports_qa_score, "livesports_qa_score", "gone", RUN, inputs)


def test_settings_of_judges_and_questions(tmp_path, monkeypatch):
    judge = make_judge({"kind": "openai", "model": "m", "base_url": "http://127.0.0.1:1/v1", "seed": 7}, tmp_path, [])
    assert judge.name == "openai:m"
    assert question_options({"questions": "a.jsonl"}) == {"path": "a.jsonl"}
    assert question_options({"questions": {"path": "a", "videos": "b"}}) == {"path": "a", "videos": "b"}
    assert question_options({}) == {"path": ""}


def test_a_published_benchmark_is_imported(world, tmp_path):
    path = tmp_path / "cc.jsonl"
    said = json.dumps([[1, 2, "Go."]])
    row = {"video_id": "a", "event_id": 1, "begin": 1, "end": 20, "video": "a.mp4", "class": "Golf", "event_title": "t"}
    path.write_text(json.dumps(row | {"event_asr": said}) + "\n" + json.dumps(row | {"event_asr": "[]", "event_id": 2}))
    config = {"proposer": "published", "events_file": str(path)}
    done = world.step(assets.livesports_events, "livesports_events", "published", config, [])
    assert [(row["batch"], row["path"], row["sha256"]) for row in done.rows()] == [("", "a.mp4", None)]
    assert [row["reason"] for row in done.rejected()] == ["malformed_event"]
    assert replace(done.manifest, files=[]).rejected == 1


def test_a_chat_models_events_and_questions_are_held_against_the_planted_truth_and_by_annotators(world, tmp_path):
    def reply(prompt):
        if '"questions": [' in prompt:
            ask = {"question": "Who?", "right": "red", "wrong": ["blue", "green", "white"], "ocr": False}
            return json.dumps({"questions": [ask | {"type": kind} for kind in ("who", "what")]})
        last = sum(line.split(".")[0].isdigit() for line in prompt.splitlines())
        return json.dumps({"sport": "Chess", "events": [{"first": 1, "last": last, "title": "All of it"}]})

    endpoint = MockEndpoint(reply)
    try:
        writer = {"model": "m", "base_url": endpoint.url, "api_key_env": "NO_KEY", "workers": 2}
        config = {"proposer": "chat", "min_event_sec": 5, "writer": writer}
        clips = [world.get("sentence_clips", "batch"), world.get("yt_cc_source", "batch")]
        events = world.step(assets.livesports_events, "livesports_events", "chat", config, clips)
        assert events.manifest.metadata["proposed_by"] == "m"
        assert events.manifest.metadata["true_happenings_held"] == events.manifest.metadata["events_with_one"] == 100
        rows = list(events.rows())
        sheets = {}
        for name, keeps in (("ann", ("yes", "yes")), ("bob", ("yes", "no"))):
            sheets[name] = str(tmp_path / f"{name}.csv")
            keys = [f"{row['video_id']}_{row['event_id']}" for row in rows]
            lines = [f"{key},{keep}" for key, keep in zip(keys, keeps, strict=True)] + [f"{keys[0]}_who,yes"]
            Path(sheets[name]).write_text("\n".join(["id,keep", *lines, "nobody_0,yes"]) + "\n")
        calls, decided = endpoint.calls, config | {"decisions": sheets}
        kept = world.step(assets.livesports_events, "livesports_events", "decided", decided, clips)
        assert endpoint.calls == calls, "decisions ask nothing anew"
        assert [row["video_id"] for row in kept.rows()] == [rows[0]["video_id"]]
        about = kept.manifest.metadata
        assert (about["proposed"], about["annotators"], about["reviewed"], about["agreement"]) == (2, 2, 2, 50.0)
        reasons = sorted(row["reason"] for row in kept.rejected())
        assert reasons == ["not_kept_by_annotators", "unknown_decision", "unknown_decision"]
        asked = world.step(assets.livesports_questions, "livesports_questions", "decided", decided, [kept])
        assert [row["q_type"] for row in asked.rows()] == ["who"]
        assert "not_reviewed" in [row["reason"] for row in asked.rejected()]
    finally:
        endpoint.close()
