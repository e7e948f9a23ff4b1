"""The project's source read as syntax: which module imports what, at load or inside a function."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("livecc_assets", "jobs", "resources")


@dataclass(frozen=True)
class Import:
    """One imported name: ``target`` is dotted; ``at_load`` is false inside functions and under TYPE_CHECKING."""

    target: str
    line: int
    at_load: bool


@cache
def modules() -> dict[str, Path]:
    """Every module of the three packages by dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> tuple[Import, ...]:
    """What a module imports; ``from a import b`` counts as ``a.b`` where that is a module, else as ``a``."""
    tree = ast.parse(modules()[module].read_text("utf-8"))
    return tuple(_walk(tree, True))


def _walk(node: ast.AST, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_load) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: relative imports hide what is imported"
            base = child.module or ""
            for alias in child.names:
                inner = f"{base}.{alias.name}"
                yield Import(inner if inner in modules() else base, child.lineno, at_load)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _walk(child, False)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for branch in child.body:
                yield from _walk(ast.Module([branch], []), False)
            for branch in child.orelse:
                yield from _walk(ast.Module([branch], []), at_load)
        else:
            yield from _walk(child, at_load)
