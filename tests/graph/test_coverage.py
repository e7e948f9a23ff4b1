"""Which code a step's version covers is read from the imports, and nothing leaks."""

import ast
import json
import shutil
import subprocess
import sys

import pytest

from livecc_assets.graph import coverage
from livecc_assets.orchestration.steps import BY_ASSET
from tests.house.places import REPOSITORY

CHECKPOINTS = {"livecc_base", "livecc_instruct"}
QUESTIONS = {"livesports_qa_score", "videomme_score", "mvbench_score", "ovobench_score"}

#: Places where an edit once reached fewer artifacts than it changed, with those that it has to reach.
LEAKS = {
    "live_cc/clips.py": {"caption_clips", "sentence_clips"},
    "live_cc/selection.py": {"live_cc"},
    "curation/join.py": {"live_cc", "live_whisperx"},
    "media/resize.py": CHECKPOINTS | QUESTIONS | {"livesports_commentary"},
    "evaluation/event_f1.py": {"livesports_judgements", "livesports_cc_score"},
    "training/positions.py": CHECKPOINTS | QUESTIONS | {"livesports_commentary"},
}
#: For each line of its input, an edit to plant in a copy of the package: the assets whose digests it changes.
CODE = """
import json, sys
from importlib import invalidate_caches
from pathlib import Path
from livecc_assets.graph import coverage
from livecc_assets.orchestration.steps import STEPS

def digests():
    coverage.syntax.cache_clear()
    return {step.asset: coverage.covered(step) for step in STEPS}

before = digests()
for line in sys.stdin:
    file, old, new = json.loads(line)
    path = Path("livecc_assets", file)
    text = path.read_text("utf-8")
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1) if old else text + new, "utf-8")
    after = digests()
    path.write_text(text, "utf-8")
    print(json.dumps(sorted(asset for asset in before if before[asset] != after[asset])))
"""
PLANTED = ("", "PLANTED = 1\n")
OWN = "task.writer.extend(clips.caption_clips(caption_words.rows(), task.config))"
EDITS = {
    **{file: (file, *PLANTED) for file in LEAKS},
    "function": ("live_cc/assets.py", OWN, f"assert task; {OWN}"),
    "template": ("live_whisperx/query_templates.yaml", "", "# more\n"),
    "comment": ("live_cc/clips.py", "def runs(", "# why\ndef runs("),
    "docstring": ("live_cc/clips.py", '"""Cut the words', '"""Cut all the words'),
    "store": ("store/store.py", *PLANTED),
    "settings": ("core/text.py", *PLANTED),
}


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The assets that each of ``EDITS`` reaches, seen in a copy of the package."""
    folder = tmp_path_factory.mktemp("copy")
    unwanted = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.npz", "*.opus", "*.flac", "*.png", "*.jpg")
    shutil.copytree(REPOSITORY / "livecc_assets", folder / "livecc_assets", ignore=unwanted)
    lines = "".join(json.dumps(edit) + "\n" for edit in EDITS.values())
    done = subprocess.run([sys.executable, "-c", CODE], cwd=folder, input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(EDITS, map(set, map(json.loads, done.stdout.splitlines())), strict=True))


@pytest.mark.parametrize("file", sorted(LEAKS))
def test_a_planted_edit_reaches_every_asset_that_computes_with_it(reached: dict[str, set[str]], file: str) -> None:
    assert reached[file] >= LEAKS[file]


def test_an_edit_of_one_asset_reaches_no_neighbour_in_its_file(reached: dict[str, set[str]]) -> None:
    assert reached["function"] == {"caption_clips"}


def test_a_template_beside_the_code_counts_as_code(reached: dict[str, set[str]]) -> None:
    assert reached["template"] == {"commentary_queries"}


@pytest.mark.parametrize("edit", ["comment", "docstring", "store", "settings"])
def test_comments_docstrings_store_and_settings_are_free(reached: dict[str, set[str]], edit: str) -> None:
    assert reached[edit] == set()


def test_every_step_covers_its_own_function_and_no_store() -> None:
    for asset, step in BY_ASSET.items():
        names = coverage.covered(step)
        assert any(name.endswith(f".assets:{asset}") for name in names)
        assert not any(name.startswith(coverage.OUTSIDE) for name in names), asset


def test_an_import_for_type_checkers_alone_does_not_count() -> None:
    tree = ast.parse("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import livecc_assets.media.resize\n")
    assert list(coverage.imports(tree)) == ["typing"]
