"""Which code stands behind a step's version: what its function imports, lazily or not, and what those modules import.

Derived from the source, so that no list can leak. Left out is what does not decide an artifact's content: how it is
stored, how workers run, how settings are read (their values are in the input key).
"""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from livecc_assets.graph.step import Step

#: The project's package, and its rooms that no version covers.
PACKAGE = "livecc_assets"
OUTSIDE = tuple(f"{PACKAGE}.{room}" for room in ("core", "store", "runtime", "graph", "orchestration", "config", "cli"))
_ROOT = Path(__file__).resolve().parents[1]
#: Fields of syntax that differ between Python versions or say nothing of what is computed.
_SILENT = {"type_params", "type_comment", "type_ignores", "ctx"}


def covered(step: Step) -> dict[str, str]:
    """Digest by name of all that the step's version covers: modules, the function itself with its helpers, its table's schema.

    Comments and docstrings are free, those of columns too: what says the same computes the same.
    """
    name = f"{step.function.__module__}:{step.asset}"
    nodes = function_nodes(step.function)
    found = {name: _digest(nodes)}
    if (schema := step.schema()) is not None:
        columns = "\n".join(f"{one.name} {one.type} {one.nullable}" for one in schema)
        found[f"{step.schemas}:{step.asset}"] = hashlib.sha256(columns.encode()).hexdigest()[:16]
    waiting = [target for node in nodes for target in imports(node) if is_own(target)]
    while waiting:
        module = waiting.pop()
        if module not in found and not _is_outside(module):
            tree = syntax(module)
            found[module] = _digest([tree], files_beside(module))
            waiting += filter(is_own, imports(tree))
    return found


def function_nodes(function: Callable[..., object]) -> list[ast.AST]:
    """A function without its decorator, and what it uses of its own module: helpers and imports."""
    module = ast.parse(Path(inspect.getfile(function)).read_text("utf-8"))
    bound: dict[str, list[ast.stmt]] = {}
    for node in module.body:
        for name in _bound_by(node):
            bound.setdefault(name, []).append(node)
    found: dict[int, ast.AST] = {}
    waiting, seen = [function.__name__], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            for node in bound.get(name, ()):
                found[id(node)] = bare = _without_declaration(node)
                waiting += _free(bare)
    return list(found.values())


def imports(node: ast.AST) -> Iterator[str]:
    """Modules that some syntax imports, inside functions too, but not for type checkers alone.

    ``from a import b`` counts as ``a`` and, where that is a module of the project, as ``a.b``.
    """
    for one in _run(node):
        if isinstance(one, ast.Import):
            yield from (alias.name for alias in one.names)
        elif isinstance(one, ast.ImportFrom) and one.level:
            raise ValueError(
                f"line {one.lineno}: a relative import says nothing of where it leads; name the whole module"
            )
        elif isinstance(one, ast.ImportFrom) and one.module:
            yield one.module
            yield from (inner for alias in one.names if is_own(inner := f"{one.module}.{alias.name}"))


def is_own(module: str) -> bool:
    """Whether it is a module of the project."""
    return _source(module) is not None


@cache
def syntax(module: str) -> ast.Module:
    """A module's syntax tree."""
    source = _source(module)
    assert source is not None, f"{module} has no source"
    return ast.parse(source.read_text("utf-8"))


def _run(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for otherwise in child.orelse:
                yield from _run(otherwise)
        else:
            yield from _run(child)


@cache
def _source(module: str) -> Path | None:
    """A module's file, found without importing anything; None for what is no module of the project."""
    top, *parts = module.split(".")
    if top != PACKAGE:
        return None
    path = _ROOT.joinpath(*parts)
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _is_outside(module: str) -> bool:
    return module == PACKAGE or any(module == room or module.startswith(f"{room}.") for room in OUTSIDE)


def _bound_by(node: ast.stmt) -> Iterator[str]:
    """Names that a statement of a module binds."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Assign):
        yield from (one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name))
    elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.stmt):
                yield from _bound_by(inner)
            elif isinstance(inner, ast.ExceptHandler):
                yield from (name for one in inner.body for name in _bound_by(one))


def _free(node: ast.AST) -> set[str]:
    """Names that a statement takes from its module: an input of a step is often called like the step that makes it."""
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    if not isinstance(node, ast.FunctionDef):
        return {one.id for one in names}
    own = {one.id for one in names if isinstance(one.ctx, ast.Store)} | {
        one.arg for one in ast.walk(node) if isinstance(one, ast.arg)
    }
    for one in ast.walk(node):
        if isinstance(one, ast.Import | ast.ImportFrom | ast.FunctionDef) and one is not node:
            own |= set(_bound_by(one))
    return {one.id for one in names} - own


def _without_declaration(node: ast.stmt) -> ast.AST:
    """A step's function without ``@step`` and annotations, which say settings, partitions and pages; its version, too."""
    if not isinstance(node, ast.FunctionDef) or not any(map(_is_step, node.decorator_list)):
        return node
    annotated = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    bare = ast.parse("def _(): pass").body[0]
    assert isinstance(bare, ast.FunctionDef)
    bare.name, bare.body = node.name, node.body
    bare.decorator_list = [one for one in node.decorator_list if not _is_step(one)]
    defaults = [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
    bare.args = ast.arguments([], [ast.arg(one.arg) for one in annotated], None, [], [], None, defaults)
    return bare


def _is_step(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "step"


def files_beside(module: str) -> list[Path]:
    """Data files of the module's folder that it names, a template for instance: they are code in another form."""
    source = _source(module)
    assert source is not None, f"{module} has no source"
    said = {one.value for one in ast.walk(syntax(module)) if isinstance(one, ast.Constant)}
    names = {one for one in said if isinstance(one, str) and len(one) < 100 and one.isprintable() and "/" not in one}
    return sorted(source.parent / name for name in names if (source.parent / name).is_file())


def _digest(nodes: list[ast.AST], files: list[Path] | None = None) -> str:
    whole = hashlib.sha256("\n".join(sorted(map(_dump, nodes))).encode())
    for file in files or []:
        whole.update(file.read_bytes())
    return whole.hexdigest()[:16]


def _dump(node: object) -> str:
    """Syntax as text, without positions, docstrings, and what differs between versions of Python."""
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if name not in _SILENT and value not in (None, [])}
    body = fields.get("body")
    if isinstance(body, list) and _is_text(body[0]):
        fields["body"] = body[1:]
    return type(node).__name__ + "(" + ",".join(f"{name}={_dump(value)}" for name, value in fields.items()) + ")"


def _is_text(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
