"""The import rules hold where they are planted to break, cover every folder, and keep loading light."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.places import PACKAGES, REPOSITORY

HEAVY = (
    "torch", "transformers", "deepspeed", "whisperx", "faster_whisper", "ctranslate2", "cv2", "mlflow", "kubernetes", "docker",
    "matplotlib", "fastapi",
)  # fmt: skip
#: CPU seconds, which a busy machine stretches less than the clock's; benchmarks/load_time.py measures the promise of 3 s.
LOAD_SECONDS = 5.0
RULES = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def rule(name: str) -> dict:
    (found,) = [each for each in RULES if each["id"] == name]
    return found


def kept(tree: Path, name: str) -> subprocess.CompletedProcess[str]:
    """What the import rule says about a copy of the project."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache", "--no-logo", "--contract", name]
    return subprocess.run(command, cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project's modules, to plant imports in."""
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            copy = tmp_path / path.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "module", "line", "says"),
    [
        ("layers", "livecc_assets/core/text.py", "import livecc_assets.store.manifest", "livecc_assets.core.text"),
        ("layers", "livecc_assets/source/cues.py", "from livecc_assets.live_cc import clips", "live_cc.clips"),
        ("layers", "livecc_assets/models/faces.py", "from livecc_assets.media import frames", "media.frames"),
        (
            "circles",
            "livecc_assets/store/manifest.py",
            "import livecc_assets.store.store",
            "allowed in livecc_assets.store",
        ),
        ("plain", "livecc_assets/training/chat.py", "import dagster", "dagster"),
        ("pipes", "livecc_assets/training/chat.py", "import dagster_pipes", "dagster_pipes"),
        ("stages", "resources/page.py", "from livecc_assets.training import chat", "resources.page"),
        ("sample", "livecc_assets/live_cc/words.py", "from livecc_assets.sample import world", "live_cc.words"),
    ],
)
def test_a_planted_import_breaks_its_rule_even_inside_a_function(
    tree: Path, name: str, module: str, line: str, says: str
) -> None:
    planted = tree / module
    planted.write_text(f"{planted.read_text('utf-8')}\n\ndef _planted() -> None:\n    {line}\n")
    done = kept(tree, name)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout
    assert says in done.stdout


def test_the_layers_name_every_folder_and_loose_module() -> None:
    layers = {name.strip() for layer in rule("layers")["layers"] for name in layer.split("|")}
    inside = REPOSITORY / "livecc_assets"
    found = {
        f"livecc_assets.{path.stem}" for path in inside.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))
    }
    # `python -m livecc_assets` is the command line; the configuration's folder holds data only.
    assert found - {"livecc_assets.__init__", "livecc_assets.__main__", "livecc_assets.config"} <= layers


def test_every_folder_below_the_orchestration_is_plain() -> None:
    layers = rule("layers")["layers"]
    below = layers[layers.index("livecc_assets.orchestration") + 1 :]
    assert {name.strip() for layer in below for name in layer.split("|")} == set(rule("plain")["source_modules"])


def loaded(module: str, home: Path) -> tuple[float, set[str]]:
    """CPU seconds of importing a module in a fresh process, and the top-level packages that came with it."""
    code = (
        f"import json, sys, time; start = time.process_time(); import {module}; "
        "print(json.dumps([time.process_time() - start, sorted({name.partition('.')[0] for name in sys.modules})]))"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LIVECC_HOME": str(home / "home")}
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, packages = json.loads(done.stdout.splitlines()[-1])
    return seconds, set(packages)


def test_the_location_loads_fast_and_imports_nothing_heavy(tmp_path: Path) -> None:
    tries = [loaded("livecc_assets.definitions", tmp_path) for _ in range(2)]  # the first may have to compile
    assert "dagster" in tries[0][1]
    assert tries[0][1] & set(HEAVY) == set()
    assert min(seconds for seconds, _ in tries) < LOAD_SECONDS


def test_the_command_line_loads_without_dagster(tmp_path: Path) -> None:
    assert loaded("livecc_assets.cli.main", tmp_path)[1] & {*HEAVY, "dagster"} == set()
