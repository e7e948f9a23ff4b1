"""Files that settings name enter the keys of exactly the steps that read them, by what they hold."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.graph.files import found as present
from livecc_assets.graph.files import named, replaced
from livecc_assets.graph.plan import make_plan
from livecc_assets.graph.settings import SHIPPED, Settings, load_settings, read_yaml
from livecc_assets.graph.status import partition_statuses
from livecc_assets.orchestration.steps import BY_ASSET, STEPS
from livecc_assets.store.contents import content_of
from livecc_assets.store.manifest import digest

EXPERIMENT = "sample-streaming"


class Benchmark:
    """A folder with every file that a profile can name, and a profile that names them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("events", "questions", "opponent", "videomme", "mvbench", "ovobench", "talk"):
            self.write(f"{name}.jsonl", name)
        self.write("templates.json", "{}")
        self.write("held-out.txt", "v1\n")
        self.write("videos/a.mp4", "video")
        self.write("mme/a.mp4", "video")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def settings(self, home: Path) -> Settings:
        at = lambda name: str(self.folder / name)  # noqa: E731
        profile = read_yaml(SHIPPED / "profiles" / "sample.yaml")
        profile["livesports"] |= {
            "proposer": "published", "batches": [], "events_file": at("events.jsonl"),
            "questions_file": at("questions.jsonl"), "videos": at("videos"),
        }  # fmt: skip
        profile["opponent"] = {"kind": "file", "path": at("opponent.jsonl")}
        profile["benchmarks"] = {
            "videomme": {"path": at("videomme.jsonl"), "videos": at("mme"), "subtitles": True},
            "mvbench": at("mvbench.jsonl"),
            "ovobench": {"path": at("ovobench.jsonl"), "templates": at("templates.json")},
        }
        profile["instructions"] = {"sample-qa": {"jsonl": at("talk.jsonl")}}
        profile["evaluation_videos"] = {"ids": [], "files": {"mine.v1": at("held-out.txt")}}
        path = self.folder.parent / f"{self.folder.name}.yaml"
        path.write_text(yaml.safe_dump(profile))
        return load_settings(home, profile=str(path))


def keys(settings: Settings) -> dict[str, str]:
    """By asset what its key is made from beside upstream artifacts, of which there are none here."""
    store, found = settings.store(), {}
    for step in STEPS:
        partition = {"experiment": EXPERIMENT, "selection": "sample", "source": "sample-qa", None: "all"}.get(
            step.partitioned_by
        )
        if partition is None:
            continue
        config = step.config(settings, store, partition)
        contents = {at: content_of(address, settings.cache) for at, address in named(config, step.files).items()}
        without = dict.fromkeys(named(config, step.places), "") | dict.fromkeys(present(config, step.unkeyed), "")
        found[step.asset] = digest(replaced(config, contents | without))
    return found


@pytest.fixture
def benchmark_files(tmp_path: Path) -> Benchmark:
    return Benchmark(tmp_path / "bench")


@pytest.mark.parametrize(
    ("name", "readers"),
    [
        ("events.jsonl", {"livesports_events"}),
        ("questions.jsonl", {"livesports_questions"}),
        ("opponent.jsonl", {"livesports_judgements"}),
        ("videomme.jsonl", {"videomme_score"}),
        ("mvbench.jsonl", {"mvbench_score"}),
        ("ovobench.jsonl", {"ovobench_score"}),
        ("templates.json", {"ovobench_score"}),
        ("talk.jsonl", {"general_instructions"}),
        ("held-out.txt", {"evaluation_videos"}),
        ("videos/a.mp4", {"livesports_commentary", "livesports_qa_score"}),
        ("mme/b.mp4", {"videomme_score"}),
    ],
)
def test_a_changed_file_changes_the_keys_of_exactly_the_steps_that_read_it(
    benchmark_files: Benchmark, tmp_path: Path, name: str, readers: set[str]
) -> None:
    before = keys(benchmark_files.settings(tmp_path / "home"))
    benchmark_files.write(name, "changed, and longer")
    after = keys(benchmark_files.settings(tmp_path / "home"))
    assert {asset for asset in before if before[asset] != after[asset]} == readers


def test_a_folder_of_files_that_moves_changes_no_key(benchmark_files: Benchmark, tmp_path: Path) -> None:
    before = keys(benchmark_files.settings(tmp_path / "home"))
    shutil.move(benchmark_files.folder, tmp_path / "moved")
    moved = Benchmark.__new__(Benchmark)
    moved.folder = tmp_path / "moved"
    assert keys(moved.settings(tmp_path / "home")) == before


def test_another_name_of_the_opponent_is_another_opponent(benchmark_files: Benchmark, tmp_path: Path) -> None:
    settings = benchmark_files.settings(tmp_path / "home")
    before = keys(settings)["livesports_judgements"]
    object.__setattr__(settings.profile.opponent, "name", "gpt-4o")
    assert keys(settings)["livesports_judgements"] != before


def test_how_a_judge_is_asked_changes_no_key_and_whom_it_asks_does(tmp_path: Path) -> None:
    asked = {"kind": "openai", "model": "m", "base_url": "http://a/v1", "seed": 1}

    def key(**judge: Any) -> str:
        profile = read_yaml(SHIPPED / "profiles" / "sample.yaml") | {"judge": asked | judge}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(profile))
        settings = load_settings(tmp_path / "home", profile=str(tmp_path / "mine.yaml"))
        return keys(settings)["livesports_judgements"]

    how = {
        "base_url": "http://b/v1",
        "workers": 3,
        "attempts": 2,
        "timeout": 9,
        "api_key_env": "K",
        "budget": {"calls": 5},
    }
    assert key(**how) == key()
    assert len({key(), key(model="n"), key(seed=2), key(rule="released"), key(jury=[{"model": "n"}])}) == 5


def test_status_says_which_file_changed(benchmark_files: Benchmark, tmp_path: Path) -> None:
    step, home = BY_ASSET["evaluation_videos"], tmp_path / "home"
    settings = benchmark_files.settings(home)
    store = settings.store()
    plan = make_plan(step, settings, store, "all")
    writer = store.write(
        step.asset, "all", plan.input_key, step.schema(), code_version=plan.code_version, config=plan.config,
        upstream=[], contents=plan.contents,
    )  # fmt: skip
    writer.commit()
    store.set_current(step.asset, "all", plan.place)

    def state() -> tuple[str, str]:
        (one,) = partition_statuses([step], benchmark_files.settings(home), store)
        return one.state, one.why

    assert state()[0] == "current"
    shutil.move(benchmark_files.folder, tmp_path / "moved")
    benchmark_files.folder = tmp_path / "moved"
    assert state()[0] == "current", "only its place is another"
    benchmark_files.write("held-out.txt", "v2\n")
    assert state() == ("stale", "file changed: held-out.txt")


def test_places_are_found_and_replaced_and_all_else_is_kept() -> None:
    config: dict[str, Any] = {
        "a": "x",
        "b": {"c": "y", "d": 1},
        "e": "embedded:z",
        "f": "",
        "g": {"h.i": "w"},
        "k": True,
    }
    places = ("a", "b.c", "b.d", "e", "f", "g.*", "k", "k.path", "none.at", "a.deeper")
    found = named(config, places)
    assert found == {("a",): "x", ("b", "c"): "y", ("g", "h.i"): "w"}
    before = json.dumps(config)
    assert replaced(config, dict.fromkeys(found, "-")) == {
        **config,
        "a": "-",
        "b": {"c": "-", "d": 1},
        "g": {"h.i": "-"},
    }
    assert json.dumps(config) == before


def test_an_address_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="only local paths and s3://"):
        content_of("https://example.org/a.jsonl", tmp_path)


def test_where_the_media_of_instructions_lie_is_in_the_config_and_in_no_key(
    benchmark_files: Benchmark, tmp_path: Path
) -> None:
    step, settings = BY_ASSET["livecc_instruct"], benchmark_files.settings(tmp_path / "home")
    config = step.config(settings, settings.store(), EXPERIMENT)
    assert config["media"] == {"sample-qa": str(benchmark_files.folder)}
    assert named(config, step.places) == {("media", "sample-qa"): str(benchmark_files.folder)}
