"""Which code a step's version covers is read from the imports, and nothing leaks."""

import ast
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
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
OWN = "task.writer.add_pieces(clips.clip_tables(videos, task.config))"
EDITS = {
    **{file: (file, *PLANTED) for file in LEAKS},
    "function": ("live_cc/assets.py", OWN, f"assert task; {OWN}"),
    "template": ("live_whisperx/query_templates.yaml", "", "# more\n"),
    "comment": ("live_cc/clips.py", "def runs(", "# why\ndef runs("),
    "docstring": ("live_cc/clips.py", '"""Cut the words of one', '"""Cut all the words of one'),
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


def test_what_else_a_type_checkers_block_holds_counts() -> None:
    tree = ast.parse("if TYPE_CHECKING:\n    import a\nelse:\n    import b\n")
    assert list(coverage.imports(tree)) == ["b"]


def test_a_relative_import_is_refused_since_it_names_no_module() -> None:
    with pytest.raises(ValueError, match="line 1: a relative import"):
        list(coverage.imports(ast.parse("from .clips import runs\n")))


@pytest.mark.parametrize("asset", ["yt_cc_source", "caption_clip_losses", "livesports_commentary"])
def test_a_column_of_another_type_reaches_the_asset_that_has_it(asset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    step = BY_ASSET[asset]
    schema, before = step.schema(), coverage.covered(step)
    others = {
        name: coverage.covered(one) for name, one in BY_ASSET.items() if one.schemas == step.schemas and name != asset
    }
    schemas = sys.modules[step.schemas].SCHEMAS
    first = schema.field(0)
    monkeypatch.setitem(schemas, asset, schema.set(0, first.with_metadata({"doc": "said in other words"})))
    assert coverage.covered(step) == before, "descriptions are free"
    monkeypatch.setitem(schemas, asset, schema.set(0, first.with_type(pa.large_string())))
    assert coverage.covered(step) != before
    assert {name: coverage.covered(BY_ASSET[name]) for name in others} == others


MODULE = """
import functools
def step(**about): return lambda function: function
def least(number): return lambda function: function
LEAST = 1
if LEAST:
    MOST = 5
else:
    MOST = 6
try:
    KIND = "a"
except ImportError:
    KIND = "b"
LEAST += 1
UNUSED = 1

@least(1)
def helper(rows, *, above=1):
    return [row for row in rows if LEAST < row < MOST and KIND]

@step(version="1")
def made(task, clips, *, extra=3):
    return helper(clips)
"""


def _digests(folder: Path, text: str) -> list[str]:
    file = folder / "planted.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location("planted", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return sorted(map(coverage._dump, coverage.function_nodes(module.made)))


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("above=1", "above=2", True), ("@least(1)", "@least(2)", True), ("LEAST += 1", "LEAST += 2", True),
        ("LEAST = 1", "LEAST = 0", True), ("MOST = 5", "MOST = 4", True), ("MOST = 6", "MOST = 7", True),
        ('KIND = "b"', 'KIND = "c"', True), ("extra=3", "extra=4", True), ("UNUSED = 1", "UNUSED = 2", False),
        ('version="1"', 'version="2"', False), ("def helper(rows", "def helper(rows  # why\n", False),
    ],
)  # fmt: skip
def test_every_form_of_what_a_function_uses_counts(tmp_path: Path, old: str, new: str, counts: bool) -> None:
    assert MODULE.count(old) == 1
    assert (_digests(tmp_path, MODULE) != _digests(tmp_path, MODULE.replace(old, new))) == counts
