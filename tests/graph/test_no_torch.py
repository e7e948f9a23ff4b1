"""What runs beside the orchestrator, whose image has no torch, never asks for it, whatever the profile."""

import ast
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from livecc_assets.graph.coverage import function_nodes, imports, is_own, syntax
from livecc_assets.orchestration.steps import STEPS
from tests.house.places import REPOSITORY

#: Libraries of models, which only the workers' images hold.
ABSENT = ("torch", "transformers", "deepspeed", "faster_whisper", "ctranslate2", "cv2")


def functions_beside_the_orchestrator() -> dict[str, Callable[..., object]]:
    """The function of every step without a worker, and what draws every asset's page."""
    found: dict[str, Callable[..., object]] = {
        f"{step.function.__module__}:{step.asset}": step.function for step in STEPS if not step.worker
    }
    previews: list[Any] = [step.preview for step in STEPS if step.preview]
    return found | {f"{one.__module__}:{one.__name__}": one for one in previews}


def reached(function: Callable[..., object]) -> dict[str, str]:
    """All that a function may import, the project's modules followed into their functions: target → importer.

    Of the function's own module counts what the function itself uses: its neighbours may be steps that run elsewhere.
    """
    found: dict[str, str] = {}
    waiting: list[tuple[str, list[ast.AST]]] = [(function.__name__, function_nodes(function))]
    while waiting:
        importer, nodes = waiting.pop()
        for target in (target for node in nodes for target in imports(node)):
            if target not in found:
                found[target] = importer
                if is_own(target):
                    waiting.append((target, [syntax(target)]))
    return found


def test_the_reader_sees_an_import_inside_a_function_of_another_module() -> None:
    (step,) = [step for step in STEPS if step.asset == "yt_cc_source"]
    assert reached(step.function)["torch"] == "livecc_assets.source.language"


def test_no_step_without_a_worker_can_come_to_a_library_of_models() -> None:
    for name, function in functions_beside_the_orchestrator().items():
        found = reached(function)
        wanted = {target: found[target] for target in found if target.partition(".")[0] in ABSENT}
        assert wanted == {}, f"{name} reaches {wanted}; give the step a worker"


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
