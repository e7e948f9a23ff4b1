"""Writes requirements.lock, every package that an installation or an image holds, with its sha256: python -m scripts.lock

Versions come from constraints.txt, and which packages a part needs from pyproject.toml and the lists of the images. It asks
the package index. `--accept WHEEL` adds a wheel from elsewhere to builds.txt first: another build of a pinned version.
"""

import argparse
import hashlib
import itertools
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from scripts.locked import BUILDS, CUDA, LOCK

HERE = LOCK.parent
ACCEPTED = HERE / "builds.txt"
PROJECT = ["pyproject.toml"]
UI, MEDIA, CURATION, TRAINING = (["--extra", extra] for extra in ("ui", "media", "curation", "training"))
IMAGE = "k8s/images"
#: What each part is resolved from, and what goes into it as listed. A package with unwanted requirements is listed.
PARTS: dict[str, tuple[list[str], list[str]]] = {
    "build": (["scripts/build.txt"], []),
    "installer": (["scripts/build.txt", "scripts/installer.txt"], []),
    "dev": ([*PROJECT, "--all-extras"], ["weights.txt", "scripts/dev.txt"]),
    "orchestrator": ([*PROJECT, *UI, *MEDIA, f"{IMAGE}/orchestrator.txt"], []),
    "curation": ([*PROJECT, *MEDIA, *CURATION], ["weights.txt"]),
    "training": ([*PROJECT, *MEDIA, *TRAINING], []),
    "asr": ([f"{IMAGE}/asr-pinned.txt"], [f"{IMAGE}/asr.txt"]),
    "s3": ([f"{IMAGE}/s3.txt"], []),
    "toy": (["tests/cluster/toy.txt"], []),
}
HEAD = """\
# Written by `python -m scripts.lock` from constraints.txt; do not edit. Every package with the sha256 of the wheels for Linux
# (x86_64, aarch64; Python 3.11, 3.12), or of its source where there is no wheel. scripts/locked.py prints a part of it.
"""
PYTHONS, MACHINES = ((3, 11), (3, 12)), ("x86_64", "aarch64")


def tags(python: tuple[int, int], machine: str) -> frozenset[Tag]:
    """The wheels that this Python takes on a Linux with glibc 2.39 or older."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(39, 4, -1)]
    platforms += [f"{name}_{machine}" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
    abis = [f"cp{python[0]}{python[1]}"]
    return frozenset([*cpython_tags(python, abis, platforms), *compatible_tags(python, abis[0], platforms)])


PLACES = [(python, machine, tags(python, machine)) for python, machine in itertools.product(PYTHONS, MACHINES)]


def marker_here(marker: str) -> str | None:
    """``marker``, empty where it holds everywhere that this project runs, and None where it never does."""
    environment = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
    environment |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    answers = {
        Marker(marker).evaluate(
            environment
            | {
                "platform_machine": machine,
                "python_version": f"3.{python[1]}",
                "python_full_version": f"3.{python[1]}.9",
            }
        )
        for python, machine, _ in PLACES
    }
    return None if answers == {False} else "" if answers == {True} else marker


def digests(package: dict[str, Any]) -> list[str]:
    """sha256 of the files of ``package`` that may be installed: wheels, and the source where a place has no wheel."""
    wheels = {
        file["url"].rpartition("/")[2].replace("%2B", "+"): file["hashes"]["sha256"]
        for file in package.get("wheels", ())
    }
    fits = {name: parse_wheel_filename(name)[3] for name in wheels}
    found = [wheels[name] for name, own in fits.items() if any(own & place for *_, place in PLACES)]
    if not all(any(own & place for own in fits.values()) for *_, place in PLACES) and "sdist" in package:
        found.append(package["sdist"]["hashes"]["sha256"])
    return sorted(set(found))


def other_builds(texts: dict[str, str], builds: dict[str, str]) -> dict[str, list[str]]:
    """sha256 of accepted wheels by requirement, such as `torch==2.13.0+cpu`; not those of another version."""
    found: dict[str, list[str]] = {}
    for wheel, digest in builds.items():
        name, version, *_ = parse_wheel_filename(wheel)
        if texts.get(name, "").partition(" ")[0] == f"{name}=={version.public}":
            found.setdefault(f"{name}=={version}", []).append(digest)
    return found


def block(requirement: str, hashes: Iterable[str], parts: Iterable[str]) -> str:
    """One package of the lock."""
    lines = [requirement, *(f"    --hash=sha256:{digest}" for digest in sorted(hashes))]
    return " \\\n".join(lines) + f"\n    # parts: {' '.join(sorted(parts))}\n"


def resolve(*arguments: str) -> list[dict[str, Any]]:
    """What uv resolves from these requirement files, with the files of each package."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "pylock.toml"
        command = [
            str(Path(sys.executable).with_name("uv")),
            "pip",
            "compile",
            *arguments,
            "-c",
            "constraints.txt",
            "-q",
        ]
        command += ["--universal", "--python-version", "3.11", "--format", "pylock.toml", "-o", str(written)]
        if subprocess.run(command, cwd=HERE, check=False, stdout=subprocess.DEVNULL).returncode:
            raise SystemExit("nothing is written: what uv says above has to be put right in constraints.txt first")
        return tomllib.loads(written.read_text("utf-8"))["packages"]


def accepted(text: str) -> dict[str, str]:
    """Wheels and their sha256 from the lines of builds.txt."""
    return {name: digest for digest, name in (line.split() for line in text.splitlines() if line and line[0] != "#")}


def lock(resolved: Iterable[tuple[str, dict[str, Any]]], builds: dict[str, str]) -> str:
    """The lock's text from pairs of part and package; exits where two parts want different versions."""
    texts: dict[str, str] = {}
    hashes: dict[str, list[str]] = {}
    parts: dict[str, set[str]] = {}
    for part, package in resolved:
        marker = marker_here(package["marker"]) if "marker" in package else ""
        if marker is None:
            continue
        name = canonicalize_name(package["name"])
        text = f"{name}=={package['version']}{f' ; {marker}' if marker else ''}"
        if texts.setdefault(name, text) != text:
            raise SystemExit(f"{part} wants {text}, and another part wants {texts[name]}: pin it in constraints.txt")
        hashes[name] = digests(package)
        if not hashes[name]:
            raise SystemExit(f"{text} has no file for Linux: move its pin in constraints.txt")
        # By name: torch names these packages exactly, and nothing else needs them.
        parts.setdefault(name, set()).add(CUDA if re.match(r"(nvidia|cuda)-|triton$", name) else part)
    blocks = [block(texts[name], hashes[name], parts[name]) for name in texts]
    blocks += [block(text, digests, [BUILDS]) for text, digests in other_builds(texts, builds).items()]
    return HEAD + "".join(sorted(blocks))


def everything() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part's packages."""
    for part, (sources, listed) in PARTS.items():
        found = resolve(*sources) + (resolve("--no-deps", *listed) if listed else [])
        yield from ((part, package) for package in found)


def main() -> None:
    """Accept wheels, then write the lock."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--accept", type=Path, action="append", default=[], metavar="WHEEL", help="a wheel that is installed as well"
    )
    for wheel in parser.parse_args().accept:
        if wheel.name not in accepted(ACCEPTED.read_text("utf-8")):
            with wheel.open("rb") as file, ACCEPTED.open("a", encoding="utf-8") as builds:
                builds.write(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {wheel.name}\n")
    LOCK.write_text(lock(everything(), accepted(ACCEPTED.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
