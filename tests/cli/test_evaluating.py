"""``livecc evaluate --checkpoint``: what it would do, what it writes, and a line with the remedy for all that is missing."""

import csv
import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.graph.settings import load_settings
from livecc_assets.models.tuning import write_tuning
from livecc_assets.orchestration.runs import Outcome
from tests.evaluation.published import Published, event, lines


@pytest.fixture(autouse=True)
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Published(tmp_path)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would be scored, by call; nothing is run."""
    asked: list[list[str]] = []

    def run(settings: object, one: object, *_: object) -> list[Outcome]:
        asked.append(one.plan.scores)  # type: ignore[attr-defined]
        return [Outcome("train", "x", [], [], [], 0.0)]

    monkeypatch.setattr("livecc_assets.cli.evaluating._run", run)
    return asked


def livecc(published: Published, *words: str) -> Result:
    for name in ("LIVECC_HOME", "LIVECC_PROFILE", "DAGSTER_HOME"):  # what an earlier call told its children
        os.environ.pop(name, None)
    return CliRunner().invoke(main, ["--home", str(published.home), *words])


def error(published: Published, *words: str) -> str:
    """The one line of a call that is refused, after which nothing was written."""
    result = livecc(published, *words)
    assert result.exit_code == 1, result.output
    assert not (published.home / "experiments").exists() and not (published.home / "profiles").exists()
    (line,) = result.stderr.strip().splitlines()
    return line


def test_a_dry_run_says_what_would_be_done_and_does_nothing(published: Published) -> None:
    result = livecc(published, *published.call("--base", "--dry-run"))
    assert result.exit_code == 0, result.output
    assert f"model: {published.model}, a base model" in result.stdout
    assert "6 events of 3 videos" in result.stdout
    assert "judge likelihood, no paid calls" in result.stdout
    assert "left out: mvbench_score; name its questions with --benchmark mvbench=FILE" in result.stdout
    assert f"would write the experiment {published.home}/experiments/model.yaml" in result.stdout
    assert not [path for path in published.home.rglob("*") if path.is_file()]


def test_a_model_and_its_data_become_settings_files_that_hold_from_then_on(
    published: Published, jobs: list[list[str]]
) -> None:
    assert (
        livecc(published, *published.call("--instruct", *published.benchmark("mvbench", "mvbench.jsonl"))).exit_code
        == 0
    )
    settings = load_settings(published.home)
    experiment = settings.experiments["model"]
    assert experiment.stage1.init_model == str(published.model)
    assert experiment.instruct and experiment.live_cc is None and experiment.live_whisperx is None
    assert settings.profile_path == published.home / "profiles" / "sample.yaml"
    assert settings.profile.livesports.events_file == str(published.events)
    assert settings.profile.benchmarks.mvbench.videos == str(published.videos)
    assert settings.profile.benchmarks.videomme.path == "", "the sample world's questions are about other videos"
    assert settings.profile.judge.kind == "likelihood"
    assert settings.profile.video == load_settings(published.folder).profile.video, "all else is the profile's"
    assert livecc(published, "config", "check").exit_code == 0
    other = published.folder / "other"
    shutil.copytree(published.model, other)
    assert livecc(published, "evaluate", "--checkpoint", str(other), "--base").exit_code == 0
    commented = ["livesports_commentary", "livesports_judgements", "livesports_cc_score"]
    assert jobs == [[*commented, "mvbench_score"]] * 2, "data that were named once hold for the next model"


def test_a_second_call_needs_to_say_nothing_again(published: Published, jobs: list[list[str]]) -> None:
    livecc(published, *published.call("--base", "--rules", "released", "--name", "mine"))
    before = (published.home / "experiments" / "mine.yaml").read_bytes()
    again = livecc(published, "evaluate", "--checkpoint", str(published.model), "--name", "mine")
    assert again.exit_code == 0, again.output
    assert (published.home / "experiments" / "mine.yaml").read_bytes() == before
    assert len(jobs) == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--instruct",), "another instruct"),
        (("--rules", "released"), "another rules"),
        (("--device", "cuda"), "another commentary"),
    ],
)
def test_a_name_stands_for_one_way_to_run_one_model(
    published: Published, jobs: list[list[str]], options: tuple[str, ...], says: str
) -> None:
    livecc(published, *published.call("--base", "--name", "mine"))
    result = livecc(published, "evaluate", "--checkpoint", str(published.model), "--name", "mine", *options)
    assert result.exit_code == 1 and says in result.stderr and "choose another --name" in result.stderr
    other = published.folder / "other"
    shutil.copytree(published.model, other)
    result = livecc(published, "evaluate", "--checkpoint", str(other), "--name", "mine")
    assert result.exit_code == 1 and "the experiment mine is another one; choose another --name" in result.stderr


def test_an_experiment_that_ships_keeps_its_name(published: Published) -> None:
    assert "is another one; choose another --name" in error(
        published, *published.call("--base", "--name", "sample-blind")
    )
    line = error(published, *published.call("--base", "--name", "livecc-7b"))
    assert "the experiment livecc-7b is another one" in line


def test_released_rules_are_another_row_and_reach_every_score(published: Published, jobs: list[list[str]]) -> None:
    from livecc_assets.orchestration.steps import BY_ASSET

    livecc(published, *published.call("--base", "--judge", "openai", "--judge-model", "m", "--base-url", "http://a/v1"))
    livecc(published, "evaluate", "--checkpoint", str(published.model), "--base", "--rules", "released")
    settings = load_settings(published.home)
    for name, rule in (("model", "corrected"), ("model-released", "released")):
        for asset in ("livesports_commentary", "livesports_cc_score", "livesports_qa_score", "mvbench_score"):
            assert BY_ASSET[asset].own_settings(settings, name)["rule"] == rule, asset
        assert BY_ASSET["livesports_judgements"].own_settings(settings, name)["judge"]["rule"] == rule


def test_captioning_is_another_row_of_the_same_model(published: Published, jobs: list[list[str]]) -> None:
    from livecc_assets.orchestration.steps import BY_ASSET

    livecc(published, *published.call("--base", "--judge", "openai", "--judge-model", "m", "--base-url", "http://a/v1"))
    livecc(published, "evaluate", "--checkpoint", str(published.model), "--base", "--mode", "captioning")
    settings = load_settings(published.home)
    modes = {
        name: BY_ASSET["livesports_commentary"].own_settings(settings, name).get("mode")
        for name in ("model", "model-captioning")
    }
    assert modes == {"model": None, "model-captioning": "captioning"}


def test_whether_a_model_is_tuned_is_known_or_asked_and_never_guessed(
    published: Published, jobs: list[list[str]]
) -> None:
    renamed = published.model.rename(published.model.with_name("Some-7B-Instruct"))
    published.model = renamed
    line = error(published, *published.call())
    assert "nothing says whether it was instruct-tuned; add --instruct" in line and "--base" in line
    write_tuning(renamed, True)
    assert "instruct-tuned" in livecc(published, *published.call("--dry-run")).stdout
    said = livecc(published, *published.call("--base"))
    assert said.exit_code == 0 and "its record says --instruct; it is run as you say" in said.stderr
    assert not load_settings(published.home).experiments["Some-7B-Instruct"].instruct


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("evaluate",), "Missing argument 'EXPERIMENT', or a model: --checkpoint REF"),
        (("evaluate", "sample-blind", "--checkpoint", "m"), "is one model and --checkpoint another"),
        (("evaluate", "sample-blind", "--base"), "--instruct/--base goes with --checkpoint"),
        (("evaluate", "sample-blind", "--rules", "released"), "--rules goes with --checkpoint"),
        (("evaluate", "sample-blind", "--events", "e.jsonl"), "Data and --dry-run go with --checkpoint"),
        (("evaluate", "sample-blind", "--dry-run"), "Data and --dry-run go with --checkpoint"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    published: Published, words: tuple[str, ...], says: str
) -> None:
    result = livecc(published, *words)
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("nowhere", "no such folder; name one, hub:owner/name, s3://… or embedded:name"),
        ("data/videos", "holds no config.json; name the folder of a model"),
        ("sample-blind", "an experiment, no model; run `livecc evaluate sample-blind`"),
        ("hub:nobody", "is not a hub reference"),
        ("embedded:nothing", "nothing"),
    ],
)
def test_a_reference_that_leads_to_no_model_is_one_line(published: Published, ref: str, says: str) -> None:
    assert says in error(published, "evaluate", "--checkpoint", ref, "--base", "--events", str(published.events))


@pytest.mark.parametrize("name", ["my model", "_model"])
def test_a_folder_whose_name_no_experiment_may_have_asks_for_one(published: Published, name: str) -> None:
    published.model = published.model.rename(published.model.with_name(name))
    assert f"{name!r} cannot be its name on the leaderboard" in (line := error(published, *published.call("--base")))
    assert line.endswith("add --name")
    assert livecc(published, *published.call("--base", "--name", "mine", "--dry-run")).exit_code == 0


def test_an_experiment_leaves_out_scores_without_questions_and_says_so(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = yaml.safe_load(load_settings(published.home).profile_path.read_text())
    profile["benchmarks"]["mvbench"] = ""
    own = published.folder / "own.yaml"
    own.write_text(yaml.safe_dump(profile))
    asked: list[list[str] | None] = []

    def run(*called: Any) -> Outcome:
        asked.append(called[-1])
        return Outcome("evaluate", "sample-blind", [], [], [], 0.0)

    monkeypatch.setattr("livecc_assets.orchestration.runs.run_job", run)
    for options in (("--profile", str(own)), ()):
        result = livecc(published, *options, "evaluate", "sample-blind")
        assert result.exit_code == 0, result.output
        left = [line for line in result.stderr.splitlines() if line.startswith("left out")]
        assert len(left) == bool(options)
    assert asked[0] is not None and "mvbench_score" not in asked[0] and "ovobench_score" in asked[0]
    assert asked[1] is None, "all of the job"


def test_an_empty_home_without_data_says_how_each_score_is_had(published: Published) -> None:
    line = error(published, "evaluate", "--checkpoint", str(published.model), "--base")
    for option in (
        "--events FILE --videos FOLDER",
        "livecc demo",
        "--benchmark videomme=FILE",
        "--benchmark mvbench=FILE",
    ):
        assert option in line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--events", "nowhere.jsonl"), "--events nowhere.jsonl: there is no such file or folder"),
        (("--events", "data/events.jsonl"), "--events: add --videos FOLDER"),
        (("--events", "data/events.jsonl", "--videos", "nowhere"), "--videos nowhere: there is no such"),
        (("--videos", "data/videos"), "--videos: no published events are known; add --events FILE"),
        (
            ("--benchmark", "livesports-qa=data/questions.jsonl"),
            "livesports-qa: no published events are known; add --events",
        ),
        (("--benchmark", "mvbench"), "write NAME=FILE or NAME.KEY=VALUE"),
        (("--benchmark", "mmlu=data/mvbench.jsonl"), "NAME is one of videomme, mvbench, ovobench, livesports-qa"),
        (("--benchmark", "mvbench=nowhere.jsonl"), "--benchmark mvbench nowhere.jsonl: there is no such"),
        (("--benchmark", "mvbench.video=data/videos"), "did you mean `videos`?"),
        (("--benchmark", "videomme.subtitles=[a"), "no value; write for instance true or a path"),
        (("--opponent", "nowhere.jsonl"), "--opponent nowhere.jsonl: there is no such"),
        (("--name", "my model"), "experiment 'my model': the name holds ' '"),
    ],
)
def test_each_option_that_cannot_be_used_is_named(published: Published, words: tuple[str, ...], says: str) -> None:
    assert says in error(published, "evaluate", "--checkpoint", str(published.model), "--base", *words)


def test_a_judge_that_cannot_judge_published_events_is_told_before_the_model_runs(published: Published) -> None:
    call = published.call("--base")
    without = [*call[: call.index("--judge")], "--base"]
    assert "the judge event-f1 counts events that are known" in error(published, *without)
    line = error(published, *without, "--judge", "openai", "--judge-model", "gpt-4o")
    assert "gpt-4o needs an API key: set OPENAI_API_KEY" in line and "--judge likelihood" in line
    assert "--judge openai: name its model with --judge-model" in error(published, *without, "--judge", "openai")


def test_a_paid_judge_says_its_price_before_it_is_asked(published: Published) -> None:
    asked = ("--judge", "openai", "--judge-model", "m", "--base-url", "http://127.0.0.1:9/v1", "--dry-run")
    result = livecc(published, *published.call("--base", *asked))
    assert result.exit_code == 0, result.output
    assert "judge openai:m, about " in result.stdout and " calls, " in result.stdout


def test_an_opponent_is_named_or_asked_for_and_lacks_no_event(published: Published) -> None:
    call = ("--profile", "paper", *published.call("--base"))
    result = livecc(published, *call)
    assert result.exit_code == 1
    assert "no opponent is named: add --opponent FILE" in result.stderr and "title-caption" in result.stderr
    assert livecc(published, *call, "--opponent", "title-caption", "--dry-run").exit_code == 0
    lines(published.opponent, [{"video_id": "a", "event_id": 0, "pred": "A field."}])
    assert "no commentary for 5 of 6 events" in error(
        published, *published.call("--base", "--opponent", str(published.opponent))
    )


def test_missing_videos_are_named_and_passed_over_only_when_asked(published: Published) -> None:
    (published.videos / "b.mp4").unlink()
    line = error(published, *published.call("--base"))
    assert f"1 of 3 videos of {published.events} are missing ({published.videos}/b.mp4)" in line
    assert "--partial" in line
    assert "more than 25 % of the rows" in error(published, *published.call("--base", "--partial"))
    lines(published.events, [event("b"), *(event("a", number) for number in range(4))])
    partial = livecc(published, *published.call("--base", "--partial", "--dry-run"))
    assert partial.exit_code == 0 and "their rows count as errors" in partial.stdout
    (published.videos / "a.mp4").unlink()
    assert "2 of 2 videos" in (line := error(published, *published.call("--base", "--partial")))
    assert "name their folder with --videos" in line


@pytest.mark.parametrize("name", ["videomme", "mvbench", "livesports-qa"])
def test_missing_videos_of_a_benchmark_are_named_too(published: Published, name: str) -> None:
    (published.videos / "b.mp4").unlink()
    lines(published.events, [event("a"), event("c")])
    file = "questions.jsonl" if name == "livesports-qa" else f"{name}.jsonl"
    options = published.benchmark(name, file)[: 2 if name == "livesports-qa" else None]
    line = error(published, *published.call("--base", *options))
    assert f"1 of 3 videos of {published.folder}/{file} are missing" in line


@pytest.mark.parametrize("suffix", ["json", "csv", "parquet", "jsonl.gz"])
def test_events_are_read_in_every_form_in_which_they_are_published(published: Published, suffix: str) -> None:
    rows = [json.loads(line) for line in published.events.read_text().splitlines()]
    file = published.events.with_name(f"events.{suffix}")
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif suffix == "csv":
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        text = json.dumps(rows) if suffix == "json" else published.events.read_text()
        file.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    published.events = file
    result = livecc(published, *published.call("--base", "--dry-run"))
    assert result.exit_code == 0, result.output
    assert f"6 events of 3 videos ({file})" in result.stdout


def test_events_that_cannot_be_used_are_counted_and_none_at_all_is_an_error(published: Published) -> None:
    lines(published.events, [event("a"), event("b", end=0.5)])
    result = livecc(published, *published.call("--base", "--dry-run"))
    assert result.exit_code == 0
    assert "1 events of 1 videos" in result.stdout
    assert "1 events cannot be used, the first: record 2 of events.jsonl is malformed" in result.stdout
    lines(published.events, [event("b", end=0.5)])
    assert "none of its 1 events can be used (record 1" in error(published, *published.call("--base"))


def test_a_profile_of_ones_own_is_left_alone_and_told_what_to_write(published: Published) -> None:
    own = published.folder / "own.yaml"
    text = (load_settings(published.home).profile_path).read_text()
    own.write_text(text)
    line = error(published, "--profile", str(own), *published.call("--base"))
    assert "is a profile of your own, and stays as it is; write into it: livesports: {proposer: published" in line
    assert own.read_text() == text
    wanted = yaml.safe_load("{" + line.split("write into it: ")[1] + "}")
    own.write_text(yaml.safe_dump(yaml.safe_load(text) | wanted))
    result = livecc(published, "--profile", str(own), *published.call("--base", "--dry-run"))
    assert result.exit_code == 0, "what was told is what it takes"


def test_the_demo_and_published_events_do_not_mix(published: Published, jobs: list[list[str]]) -> None:
    livecc(published, *published.call("--base"))
    result = livecc(published, "demo")
    assert result.exit_code == 1 and "the demo makes its own; choose another --home" in result.stderr


def test_hostile_names_stay_in_their_line(published: Published) -> None:
    for name in ("\x1b[31m\nlivecc: all well.mp4", "a" * 5000, "a\0b.mp4"):
        lines(published.events, [event("a") | {"video": name}])
        assert "\x1b" not in error(published, *published.call("--base"))


def test_programs_get_one_object(published: Published, jobs: list[list[str]]) -> None:
    result = livecc(published, *published.call("--base", "--json"))
    document = json.loads(result.stdout)
    assert document["experiment"] == "model" and document["scores"] == {}
    assert document["jobs"][0]["job"] == "train"
