"""What runs beside the orchestrator, whose image has no torch, never asks for it, whatever the profile."""

import ast
import subprocess
import sys

from livecc_assets.orchestration.steps import STEPS
from tests.house.syntax import REPOSITORY, imports, modules

#: Libraries of models, which only the workers' images hold.
ABSENT = ("torch", "transformers", "deepspeed", "faster_whisper", "ctranslate2", "cv2")


def functions_beside_the_orchestrator() -> set[str]:
    """``module:function`` of every step without a worker, and of every asset's pictures."""
    return {step.run for step in STEPS if step.run} | {step.pictures for step in STEPS if step.pictures}


def reached(reference: str) -> dict[str, str]:
    """All that a function may import, the project's modules followed into their functions: target → importer.

    Of the function's own module count what it imports at load and what the function itself does: its neighbours may be
    steps that run elsewhere.
    """
    module, _, function = reference.partition(":")
    tree = ast.parse(modules()[module].read_text("utf-8"))
    bodies = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    # One that is imported or put together there has no body; then the whole module counts.
    spans = [range(body.lineno, (body.end_lineno or 0) + 1) for body in bodies] or [range(sys.maxsize)]
    own = [one for one in imports(module) if one.at_load or any(one.line in span for span in spans)]
    found: dict[str, str] = {}
    waiting = [(module, own)]
    while waiting:
        importer, its = waiting.pop()
        for one in its:
            if one.target not in found:
                found[one.target] = importer
                if one.target in modules():
                    waiting.append((one.target, list(imports(one.target))))
    return found


def test_the_reader_sees_an_import_inside_a_function_of_another_module() -> None:
    assert reached("livecc_assets.source.tasks:yt_cc_source")["torch"] == "livecc_assets.source.language"


def test_no_step_without_a_worker_can_come_to_a_library_of_models() -> None:
    for reference in functions_beside_the_orchestrator():
        found = reached(reference)
        wanted = {target: found[target] for target in found if target.partition(".")[0] in ABSENT}
        assert wanted == {}, f"{reference} reaches {wanted}; give the step a worker"


CODE = f"""
import importlib, sys
for name in {ABSENT!r}:
    sys.modules[name] = None  # importing it raises, as where it is not installed
import livecc_assets.definitions
for reference in sys.argv[1:]:
    module, _, function = reference.partition(":")
    assert callable(getattr(importlib.import_module(module), function)), reference
print(len(sys.argv) - 1)
"""


def test_definitions_and_every_such_function_load_where_those_libraries_are_not_installed() -> None:
    references = sorted(functions_beside_the_orchestrator())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, *references], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == len(references) > 20
