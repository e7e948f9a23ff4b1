"""One byte of a file that the evaluation reads makes exactly what depends on it stale, and no other score."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from livecc_assets.cli.main import main
from livecc_assets.evaluation.preflight import COMMENTED
from livecc_assets.graph.plan import make_plan
from livecc_assets.graph.settings import Settings, load_settings
from livecc_assets.orchestration.runs import Outcome
from livecc_assets.orchestration.steps import BY_ASSET, STEPS
from livecc_assets.store.store import Store
from tests.evaluation.published import Published

BENCHMARK = ("livesports_events", "livesports_questions", "evaluation_videos")
SCORES = ("livesports_qa_score", "videomme_score", "mvbench_score", "ovobench_score")
MODEL = ("livecc_base", "livecc_instruct")
READ = {*BENCHMARK, *COMMENTED, *SCORES, *MODEL, "leaderboard"}
ORDER = [step.asset for step in STEPS if step.asset in READ]

#: By file: what reads it, and what is made from that.
DEPENDENTS = {
    "events.jsonl": {"livesports_events", "evaluation_videos", *COMMENTED, "leaderboard"},
    "questions.jsonl": {"livesports_questions", "livesports_qa_score", "leaderboard"},
    "opponent.jsonl": {"livesports_judgements", "livesports_cc_score", "leaderboard"},
    "videomme.jsonl": {"videomme_score", "leaderboard"},
    "mvbench.jsonl": {"mvbench_score", "leaderboard"},
    "ovobench.json": {"ovobench_score", "leaderboard"},
    "templates.json": {"ovobench_score", "leaderboard"},
    "model/weights.safetensors": {*MODEL, *COMMENTED, *SCORES, "leaderboard"},
}


def made(settings: Settings, store: Store) -> set[str]:
    """Make every asset of the evaluation that is stale, in order; what each holds follows from its key."""
    new = set[str]()
    for asset in ORDER:
        step = BY_ASSET[asset]
        partition = "mine" if step.partitioned_by == "experiment" else "all"
        plan = make_plan(step, settings, store, partition)
        if store.at(plan.place) is not None:
            continue
        writer = store.write(
            asset, plan.stored_partition, plan.input_key, None, code_version=plan.code_version, config=plan.config,
            upstream=plan.upstream, contents=plan.contents,
        )  # fmt: skip
        held = settings.home / "held.txt"
        held.write_text(plan.input_key)
        writer.add_file(held, "held.txt")
        writer.commit()
        store.set_current(asset, partition, plan.place)
        new.add(asset)
    return new


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return Published(tmp_path)


def settings_of(published: Published, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings files as `livecc evaluate --checkpoint` writes them; nothing is run."""
    monkeypatch.setattr("livecc_assets.cli.evaluating._run", lambda *_: [Outcome("train", "mine", [], [], [], 0.0)])
    result = CliRunner().invoke(main, ["--home", str(published.home), *published.everything()])
    assert result.exit_code == 0, result.output
    return load_settings(published.home, profile="sample")


def test_each_files_byte_makes_exactly_its_dependents_stale(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(published, monkeypatch)
    store = settings.store()
    assert made(settings, store) == READ
    assert made(settings, store) == set()
    for name, dependents in DEPENDENTS.items():
        path = published.folder / name
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(data)
        assert made(load_settings(published.home, profile="sample"), store) == dependents, name


def test_a_moved_folder_of_data_makes_nothing_stale(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(published, monkeypatch)
    made(settings, settings.store())
    profile = published.home / "profiles" / "sample.yaml"
    moved = published.folder.with_name("moved")
    model = published.folder / "model"
    published.folder.rename(moved)
    model.parent.mkdir()
    (moved / "model").rename(model)
    profile.write_text(profile.read_text().replace(f"{published.folder}/", f"{moved}/"))
    assert made(load_settings(published.home, profile="sample"), settings.store()) == set()
