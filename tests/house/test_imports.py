"""The import rules of CONTRIBUTING.md, read from the syntax of every module and seen in a fresh process."""

import json
import subprocess
import sys

import pytest

from tests.house.syntax import REPOSITORY, imports, modules, reached_at_load

STAGES = (
    "source",
    "curation",
    "live_cc",
    "live_whisperx",
    "training",
    "commentary",
    "evaluation",
)  # in the paper's order
SHARED = ("core", "store", "runtime", "graph", "media", "models")
HEAVY = (
    "torch", "transformers", "deepspeed", "whisperx", "faster_whisper", "ctranslate2", "cv2", "mlflow", "kubernetes", "docker",
    "matplotlib",
)  # fmt: skip
#: Dagster's side of the location, beside each stage's assets.py. Everything else is plain.
DAGSTER_SIDE = ("livecc_assets.definitions", "livecc_assets.orchestration.")
#: The sample world makes videos and benchmark questions; only what brings those in may know it.
SAMPLE_USERS = tuple(
    f"livecc_assets.{name}" for name in ("cli", "sample", "source", "evaluation", "training.instructions")
)
#: CPU seconds, which a busy machine stretches less than the clock's; benchmarks/load_time.py measures the promise of 3 s.
LOAD_SECONDS = 5.0


def top(target: str) -> str:
    return target.partition(".")[0]


def folder(module: str) -> str:
    """``training`` for livecc_assets.training.chat, the empty string for modules beside the folders."""
    parts = module.split(".")
    return (
        parts[1]
        if parts[0] == "livecc_assets" and (REPOSITORY / "livecc_assets" / parts[1 % len(parts)]).is_dir()
        else ""
    )


def is_plain(module: str) -> bool:
    return module.startswith("livecc_assets") and not module.startswith(DAGSTER_SIDE) and not module.endswith(".assets")


def offences(rule) -> list[str]:
    """Places where an import breaks the rule ``rule(module, target) -> bool``."""
    return [
        f"{module}, line {one.line}: imports {one.target}"
        for module in modules()
        for one in imports(module)
        if rule(module, one.target)
    ]


def test_the_reader_of_imports_sees_them() -> None:
    assert len(modules()) > 40
    assert any(
        one.target == "livecc_assets.models.embedded" and one.at_load
        for one in imports("livecc_assets.cli.doctor.models")
    )
    assert any(one.target == "torch" and not one.at_load for one in imports("livecc_assets.cli.doctor.machine"))
    assert not any(one.at_load for one in imports("livecc_assets.media.charts") if top(one.target) == "matplotlib")
    assert reached_at_load("livecc_assets.definitions")["dagster"].startswith(("livecc_assets.", "jobs.", "resources"))


def test_plain_modules_never_import_dagster() -> None:
    # Under TYPE_CHECKING nothing is imported, but a plain module's types should not be Dagster's either; `runs` aside.
    assert (
        offences(
            lambda module, target: (
                is_plain(module) and top(target).startswith("dagster") and top(target) != "dagster_pipes"
            )
        )
        == []
    )


def test_plain_modules_reach_no_dagster_when_loaded() -> None:
    front = (
        "livecc_assets.cli.main",
        "livecc_assets.cli.serve",
        "livecc_assets.cli.demo",
        "livecc_assets.orchestration.batches",
    )
    found = {
        module: {target: importer for target, importer in reached_at_load(module).items() if top(target) == "dagster"}
        for module in modules()
        if is_plain(module) and not module.startswith(front)
    }
    assert {module: reached for module, reached in found.items() if reached} == {}


#: The workers themselves, and how their context and messages travel through the store.
PIPES_SIDE = (".worker", "runtime.messages")


def test_only_the_workers_side_imports_dagster_pipes() -> None:
    assert offences(lambda module, target: top(target) == "dagster_pipes" and not module.endswith(PIPES_SIDE)) == []


def test_stages_import_only_earlier_stages() -> None:
    rank = {name: number for number, name in enumerate(STAGES)}

    def later(module: str, target: str) -> bool:
        return folder(module) in rank and folder(target) in rank and rank[folder(target)] > rank[folder(module)]

    assert offences(later) == []


def test_shared_folders_import_no_stage() -> None:
    def upwards(module: str, target: str) -> bool:
        return folder(module) in SHARED and folder(target) in (*STAGES, "sample")

    assert offences(upwards) == []


def test_only_what_brings_in_videos_and_questions_knows_the_sample_world() -> None:
    assert offences(lambda module, target: folder(target) == "sample" and not module.startswith(SAMPLE_USERS)) == []


def test_jobs_and_resources_import_no_stage() -> None:
    def inside(module: str, target: str) -> bool:
        return top(module) in ("jobs", "resources") and folder(target) in (*STAGES, "sample")

    # The sensor asks the source stage, inside its tick, which folders are new: that is its public question.
    allowed = "livecc_assets.source.folders"
    assert [
        found for found in offences(inside) if not (found.startswith("jobs.sensors") and found.endswith(allowed))
    ] == []


def test_only_the_definitions_import_jobs_and_resources() -> None:
    def from_outside(module: str, target: str) -> bool:
        return (
            top(target) in ("jobs", "resources")
            and top(module) == "livecc_assets"
            and not module.startswith(("livecc_assets.definitions", "livecc_assets.cli."))
        )

    assert offences(from_outside) == []


@pytest.mark.parametrize("package", HEAVY)
def test_the_location_reaches_nothing_heavy(package: str) -> None:
    reached = {
        target: importer
        for target, importer in reached_at_load("livecc_assets.definitions").items()
        if top(target) == package
    }
    assert reached == {}


def test_the_location_loads_fast_and_imports_nothing_heavy(tmp_path) -> None:
    """The same seen from outside, so that what third parties import counts too."""
    code = (
        "import json, sys, time; start = time.process_time(); import livecc_assets.definitions; "
        f"print(json.dumps([time.process_time() - start, [name for name in {HEAVY!r} if name in sys.modules]]))"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LIVECC_HOME": str(tmp_path / "home")}
    seconds, heavy = [], []
    for _ in range(2):  # the better of two: the first may have to compile
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        took, heavy = json.loads(done.stdout.splitlines()[-1])
        seconds.append(took)
    assert heavy == []
    assert min(seconds) < LOAD_SECONDS
