"""requirements.lock agrees with the pins, and what was altered after it was locked is not installed."""

import hashlib
import itertools
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import install_packages, locked
from scripts.lock import PARTS, accepted, digests, lock, marker_here
from tests.house.places import REPOSITORY
from tests.house.test_packaging import pins, requirements

LOCKED = locked.entries((REPOSITORY / "requirements.lock").read_text("utf-8"))
INSTALLERS = {"pip": locked.pip, "uv": install_packages.uv}


def listed(name: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in (REPOSITORY / name).read_text("utf-8").splitlines())
    return {canonicalize_name(Requirement(line).name) for line in lines if line}


def names(part: str) -> set[str]:
    return {entry.name for entry in LOCKED if part in entry.parts}


def test_every_locked_package_has_its_pinned_version_and_a_hash() -> None:
    pinned = {name: str(version) for name, version in pins("constraints.txt").items()}
    own = {
        Requirement(line).name: line for line in (REPOSITORY / "k8s/images/asr.txt").read_text("utf-8").splitlines()[2:]
    }
    for entry in LOCKED:
        assert "--hash=sha256:" in entry.text, entry.name
        if not entry.parts & {"builds", "cuda"}:
            assert entry.name in pinned or entry.parts <= {"asr", "s3"}, (
                f"{entry.name} has no pin: python -m scripts.lock"
            )
            assert entry.version == pinned.get(entry.name, entry.version), f"{entry.name}: python -m scripts.lock"
    assert len(own) > 20


def test_no_pin_is_left_over() -> None:
    assert set(pins("constraints.txt")) - {entry.name for entry in LOCKED} == set()


def test_parts_hold_what_is_asked_for() -> None:
    assert {canonicalize_name(each.name) for each in requirements()} <= names("dev")
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for part, (sources, weights) in PARTS.items():
        wanted = {one for source in [*sources, *weights] if source.endswith(".txt") for one in listed(source)}
        chosen = [extras[after] for option, after in itertools.pairwise(sources) if option == "--extra"]
        wanted |= {canonicalize_name(Requirement(each).name) for extra in chosen for each in extra}
        assert wanted <= names(part), f"{part}: python -m scripts.lock"
    assert "torch" not in names("orchestrator")


def test_the_lock_names_no_place_where_packages_lie() -> None:
    text = (REPOSITORY / "requirements.lock").read_text("utf-8")
    assert not re.search(r"://|--(index|extra-index|find-links|trusted)", text)


def test_accepted_builds_are_builds_of_the_locked_version() -> None:
    builds = accepted((REPOSITORY / "builds.txt").read_text("utf-8"))
    [torch] = [entry for entry in LOCKED if entry.name == "torch" and "dev" in entry.parts]
    [cpu] = [entry for entry in LOCKED if "builds" in entry.parts]
    assert cpu.version == f"{torch.version}+cpu"
    assert set(re.findall(r"sha256:(\w+)", cpu.text)) == set(builds.values())


def test_nothing_is_installed_past_the_lock() -> None:
    files = [
        *REPOSITORY.glob("k8s/images/*.Dockerfile"),
        REPOSITORY / "tests/cluster/Dockerfile",
        REPOSITORY / "Makefile",
    ]
    files += [REPOSITORY / ".ci" / name for name in ("run", "cluster")] + [REPOSITORY / "k8s/build.sh"]
    assert len(files) > 7
    for file in files:
        text = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", file.read_text("utf-8"), flags=re.M))
        for command in re.findall(r"\b(?:uv )?pip (?:install|wheel)[^&\n]*", text):
            assert "--no-index" in command and "--no-deps" in command, f"{file.name}: {command}; use scripts/locked.py"
    for file in ("scripts/locked.py", "scripts/install_packages.py"):
        assert "index-strategy" not in (REPOSITORY / file).read_text("utf-8")


def wheel(folder: Path, version: str) -> Path:
    """The smallest wheel that installs."""
    folder.mkdir(exist_ok=True)
    path, info = folder / f"livecc_tiny-{version}-py3-none-any.whl", f"livecc_tiny-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("livecc_tiny.py", "VALUE = 1\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: livecc-tiny\nVersion: {version}\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return path


def block(path: Path, part: str) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"livecc-tiny=={path.name.split('-')[1]} \\\n    --hash=sha256:{digest}\n    # parts: {part}\n"


def installs(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    """The versions that are installed by a lock with this text from the folder `wheels`."""
    (tmp_path / "requirements.lock").write_text(text)
    monkeypatch.setattr(locked, "LOCK", tmp_path / "requirements.lock")
    for name in ("PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("UV_NO_CACHE", "1")  # else uv installs what it unpacked before the file was altered
    target = tmp_path / "target"
    options = ("--no-index", "--find-links", str(tmp_path / "wheels"), "--target", str(target))
    done = locked.install("tiny", INSTALLERS[tool](*options))
    found = [path.name.split("-")[1].removesuffix(".dist") for path in target.glob("*.dist-info")]
    assert done == bool(found)
    return found


@pytest.mark.parametrize("tool", INSTALLERS)
def test_an_altered_wheel_is_not_installed(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wheel(tmp_path / "wheels", "1.0")
    text = block(path, "tiny") + block(wheel(tmp_path / "elsewhere", "1.0+cpu"), "builds")
    assert installs(tool, tmp_path, monkeypatch, text) == ["1.0"]
    for file in sorted((tmp_path / "target").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"VALUE = 1", b"VALUE = 2"))
    assert path.read_bytes() != content
    assert installs(tool, tmp_path, monkeypatch, text) == []


def with_a_build(folder: Path) -> tuple[Path, str]:
    """A package and another build of it, which is accepted: that build, and the lock of both."""
    plain, cpu = wheel(folder / "wheels", "1.0"), wheel(folder / "wheels", "1.0+cpu")
    return cpu, block(plain, "tiny") + block(cpu, "builds")


@pytest.mark.parametrize("tool", INSTALLERS)
def test_an_accepted_build_goes_first_where_it_is_offered(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, text = with_a_build(tmp_path)
    assert installs(tool, tmp_path, monkeypatch, text) == ["1.0+cpu"]


@pytest.mark.parametrize("tool", INSTALLERS)
def test_an_altered_build_is_refused_and_not_passed_over(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu, text = with_a_build(tmp_path)
    cpu.write_bytes(cpu.read_bytes().replace(b"VALUE = 1", b"VALUE = 2"))
    assert installs(tool, tmp_path, monkeypatch, text) == []


def test_the_lock_takes_wheels_for_linux_and_a_source_only_where_one_is_missing() -> None:
    def file(name: str) -> dict:
        return {"url": f"x/{name}", "hashes": {"sha256": name}}

    package = {"name": "a", "version": "1", "sdist": file("a-1.tar.gz")}
    everywhere, windows = "a-1-py3-none-any.whl", "a-1-cp311-cp311-win_amd64.whl"
    assert digests(package | {"wheels": [file(windows)]}) == ["a-1.tar.gz"]
    assert digests(package | {"wheels": [file(windows), file(everywhere)]}) == [everywhere]
    intel = [f"a-1-cp3{n}-cp3{n}-manylinux_2_28_x86_64.whl" for n in (11, 12)]
    assert digests(package | {"wheels": [file(one) for one in intel]}) == [*intel, "a-1.tar.gz"]


def test_markers_that_never_or_always_hold_here_are_gone() -> None:
    assert marker_here("sys_platform == 'win32'") is None
    assert marker_here("platform_python_implementation != 'PyPy'") == ""
    assert marker_here("python_version < '3.12'") == "python_version < '3.12'"


def test_parts_that_want_different_versions_are_named() -> None:
    one = {"name": "a", "version": "1", "wheels": [{"url": "a-1-py3-none-any.whl", "hashes": {"sha256": "1"}}]}
    two = one | {"version": "2"}
    with pytest.raises(SystemExit, match=r"asr wants a==2, and another part wants a==1: pin it"):
        lock([("dev", one), ("asr", two)], {})


def test_an_unknown_part_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/locked.py", "--print", "curating"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("requirements.lock has no part curating; it has asr, build")
