"""What every file of the source has to satisfy, whoever wrote it."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.house.syntax import REPOSITORY, modules

MAX_LINES = 600


def python_files() -> list[Path]:
    folders = ("livecc_assets", "jobs", "resources", "tests", "scripts", "benchmarks")
    return [path for folder in folders for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def test_no_file_is_too_long_to_read() -> None:
    lengths = {str(path.relative_to(REPOSITORY)): len(path.read_text("utf-8").splitlines()) for path in python_files()}
    assert len(lengths) > 60
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_what_is_public_says_what_it_is() -> None:
    silent = []
    for module, path in modules().items():
        tree = ast.parse(path.read_text("utf-8"))
        if tree.body and not ast.get_docstring(tree):
            silent.append(module)
        silent += [f"{module}.{node.name}" for node in public(tree) if not ast.get_docstring(node)]
    assert silent == []


def test_public_functions_are_typed() -> None:
    untyped = [
        f"{module}.{node.name}"
        for module, path in modules().items()
        for node in public(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and not _typed(node)
    ]
    assert untyped == []


def public(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def _typed(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return function.returns is not None and all(each.annotation for each in arguments)


def test_ruff_has_no_complaint() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tests_mirror_the_tree() -> None:
    """A folder of tests belongs to a part of the tree; ``house``, ``graph``, ``security`` and ``cluster`` are about the whole."""
    parts = {path.name for path in (REPOSITORY / "livecc_assets").iterdir() if path.is_dir()}
    found = {path.name for path in (REPOSITORY / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert found - parts <= {"house", "graph", "security", "jobs", "resources", "golden", "k8s", "cluster"}
