"""What each benchmark asset reads of the settings: its own part and nothing that would make it stale for another's sake."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from livecc_assets.evaluation import assets as scores
from livecc_assets.graph.settings import SHIPPED, Settings, load_settings, read_yaml
from livecc_assets.graph.step import Step
from livecc_assets.orchestration.steps import BY_ASSET

EXPERIMENT = "sample-streaming"


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """The shipped sample profile with some changes."""
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def settings(**sections: Any) -> Settings:
        profile = read_yaml(SHIPPED / "profiles" / "sample.yaml")
        for name, values in sections.items():
            profile[name] = profile.get(name, {}) | values if isinstance(values, dict) else values
        path = tmp_path / f"mine-{len(list(tmp_path.glob('mine-*')))}.yaml"  # settings are read when they are asked for
        path.write_text(yaml.safe_dump(profile))
        return load_settings(tmp_path / "home", profile=str(path))

    return settings


def _config(asset: str, settings: Settings, partition: str = EXPERIMENT) -> dict[str, Any]:
    return BY_ASSET[asset].own_settings(settings, partition)


def test_events_and_questions_each_read_their_own_file_and_no_folder_of_videos(read: Callable[..., Settings]) -> None:
    settings = read(livesports={"events_file": "/e.jsonl", "questions_file": "/q.jsonl", "videos": "/v"})
    events, questions = _config("livesports_events", settings), _config("livesports_questions", settings)
    assert events["events_file"] == "/e.jsonl"
    assert questions["questions_file"] == "/q.jsonl"
    assert "questions_file" not in events
    assert "events_file" not in questions
    assert "videos" not in {**events, **questions}


@pytest.mark.parametrize(("proposer", "found"), [("published", "/v"), ("sentence-clips", None)])
def test_the_benchmarks_own_videos_are_read_only_where_its_events_are_published(
    read: Callable[..., Settings], proposer: str, found: str | None
) -> None:
    settings = read(livesports={"proposer": proposer, "events_file": "/e.jsonl", "videos": "/v"})
    for asset in ("livesports_commentary", "livesports_qa_score"):
        assert _config(asset, settings).get("videos") == found
    assert "videos" not in _config("livesports_commentary", read(livesports={"videos": ""}))


def test_an_opponents_file_has_a_name_and_the_path_is_not_it(read: Callable[..., Settings]) -> None:
    def opponent(**about: Any) -> dict[str, Any]:
        settings = read(opponent={"kind": "file", "path": "/captions/gpt-4o.v2.jsonl"} | about)
        return _config("livesports_judgements", settings)["opponent"]

    assert opponent()["name"] == "gpt-4o"
    assert opponent(name="theirs")["name"] == "theirs"
    assert _config("livesports_judgements", read())["opponent"] == {"kind": "title-caption"}
    assert opponent(path="/elsewhere/gpt-4o.v2.jsonl")["name"] == "gpt-4o", "a moved file is the same opponent"


def test_only_a_judge_that_is_a_model_here_has_weights(read: Callable[..., Settings]) -> None:
    step: Step = BY_ASSET["livesports_judgements"]
    assert step.models({"judge": {"kind": "likelihood", "model": "hub:a/b"}}) == ["hub:a/b"]
    assert step.models({"judge": {"kind": "openai", "model": "gpt-4o"}}) == []
    assert step.models({"judge": {"kind": "event-f1"}}) == []
    assert _config("livesports_cc_score", read()) == {"judge": read().profile.judge.kind, "rule": "corrected"}


ANSWERED = ("livesports_qa_score", "videomme_score", "mvbench_score", "ovobench_score")


def test_released_reaches_every_score_from_the_profile(read: Callable[..., Settings]) -> None:
    judge = {"kind": "openai", "model": "m", "rule": "released"}
    released = read(judge=judge, benchmarks={"rule": "released"}, commentary={"rule": "released"})
    for asset in ("livesports_commentary", "livesports_cc_score", *ANSWERED):
        assert _config(asset, released)["rule"] == "released"
        assert _config(asset, read())["rule"] == "corrected"
    assert _config("livesports_judgements", released)["judge"]["rule"] == "released"


def test_an_experiments_rules_are_for_all_of_its_scores_and_for_no_other_experiment(
    read: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "experiments"
    folder.mkdir(parents=True)
    mine = {"profile": "sample", "rules": "released", "stage1": {"init_model": "embedded:tiny-qwen2-vl"}}
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine))
    settings = read(judge={"kind": "openai", "model": "m"})
    for name, rule in (("mine", "released"), (EXPERIMENT, "corrected")):
        for asset in ("livesports_commentary", "livesports_cc_score", *ANSWERED):
            assert _config(asset, settings, name)["rule"] == rule
        assert _config("livesports_judgements", settings, name)["judge"]["rule"] == rule
    without = read()
    assert "rule" not in _config("livesports_judgements", without, "mine")["judge"], "a judge that asks nobody has none"


def test_a_device_of_an_experiment_is_where_its_questions_are_answered_too(
    read: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "experiments"
    folder.mkdir(parents=True)
    mine = {"stage1": {"init_model": "embedded:tiny-qwen2-vl"}, "commentary": {"device": "cuda"}}
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine))
    for asset in ("livesports_commentary", *ANSWERED):
        assert _config(asset, read(), "mine")["device"] == "cuda"
        assert _config(asset, read(), EXPERIMENT)["device"] == "cpu"


@pytest.mark.parametrize("benchmark", ["videomme", "mvbench", "ovobench"])
def test_a_score_reads_the_questions_of_its_own_benchmark_alone(read: Callable[..., Settings], benchmark: str) -> None:
    before = {name: _config(f"{name}_score", read()) for name in ("videomme", "mvbench", "ovobench")}
    changed = read(benchmarks={benchmark: "/other.jsonl"})
    after = {name: _config(f"{name}_score", changed) for name in before}
    assert {name for name in before if before[name] != after[name]} == {benchmark}
    assert scores.QUESTION_FILES[0] == "questions.path"
    assert after[benchmark]["questions"]["path"] == "/other.jsonl", "a path alone is an entry with a path"


def test_scores_are_free_of_how_commentary_is_generated_and_bound_to_what_runs_the_model(
    read: Callable[..., Settings],
) -> None:
    quiet, other = read(), read(commentary={"max_new_tokens": 9, "eviction_sec": 7.0})
    assert _config("videomme_score", quiet) == _config("videomme_score", other)
    assert _config("livesports_commentary", quiet) != _config("livesports_commentary", other)
    bfloat = read(commentary={"dtype": "bfloat16"})
    assert _config("videomme_score", bfloat)["dtype"] == "bfloat16"


def test_a_model_that_was_trained_blind_is_run_blind(read: Callable[..., Settings]) -> None:
    settings = read()
    for name in settings.experiments:
        blind = settings.experiments[name].blank_frames
        for asset in ("livesports_commentary", "livesports_qa_score", "mvbench_score"):
            assert _config(asset, settings, name)["blank_frames"] is blind
    assert {settings.experiments[name].blank_frames for name in settings.experiments} == {True, False}


def test_the_leaderboard_names_every_experiment_in_order(read: Callable[..., Settings]) -> None:
    settings = read()
    assert _config("leaderboard", settings, "all") == {"experiments": sorted(settings.experiments)}


def test_a_stage_with_no_data_is_carried_on_and_one_with_data_is_trained(read: Callable[..., Settings]) -> None:
    settings = read()
    for name, experiment in settings.experiments.items():
        base, instruct = _config("livecc_base", settings, name), _config("livecc_instruct", settings, name)
        assert base["train"] is bool(experiment.live_cc)
        assert instruct["train"] is bool(experiment.live_whisperx)
        assert base["init_model"] == experiment.stage1.init_model
        assert "init_model" not in instruct, "the stage before gives its model"
        assert base["video"] == instruct["video"] == settings.profile.video.as_config()
        upstream = {asset: pick(settings, settings.store(), name) for asset, pick in _picks("livecc_instruct").items()}
        assert upstream["live_whisperx"] == ([experiment.live_whisperx] if experiment.live_whisperx else [])
        assert upstream["general_instructions"] == sorted(experiment.instructions)
        assert upstream["livecc_base"] == [name]


def test_base_and_instruct_of_the_paper_share_stage_one_and_are_both_scored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings(tmp_path, profile="paper")
    base, instruct = "livecc-7b-base", "livecc-7b"
    assert BY_ASSET["livecc_base"].shared, "experiments with equal inputs share the checkpoint"
    assert _config("livecc_base", settings, base) == _config("livecc_base", settings, instruct)
    assert settings.experiments[base].live_cc == settings.experiments[instruct].live_cc
    assert [_config("livecc_instruct", settings, name)["train"] for name in (base, instruct)] == [False, True]
    told = [_config("livesports_commentary", settings, name)["instruct"] for name in (base, instruct)]
    assert told == [False, True], "Base is not asked with a query"


def _picks(asset: str) -> dict[str, Any]:
    return dict(BY_ASSET[asset].upstream)


def test_a_source_of_instructions_reads_its_own_entry_with_its_name(read: Callable[..., Settings]) -> None:
    settings = read(instructions={"mine": {"jsonl": "/talk.jsonl"}})
    found = _config("general_instructions", settings, "mine")
    assert (found["source"], found["jsonl"]) == ("mine", "/talk.jsonl")
    others = read(instructions={"mine": {"jsonl": "/talk.jsonl"}, "theirs": {"jsonl": "/other.jsonl"}})
    assert _config("general_instructions", others, "mine") == found
