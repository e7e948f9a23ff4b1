"""Installs a part of requirements.lock with pip: `python scripts/locked.py PART [PIP OPTIONS]`; `--print` shows it instead.

Every file has to have a sha256 that the lock names. A part is complete, so nothing is resolved. The images run this before
anything is installed: standard library only.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
#: The packages that PyTorch's CUDA build asks for; a CPU build goes without their several GB. Other builds of a pinned version.
CUDA, BUILDS = "cuda", "builds"
#: For whatever is built, the setuptools that the lock holds, and not the newest that an index has.
OPTIONS = ["--no-deps", "--no-build-isolation"]
#: Runs an installer on further arguments.
Installer = Callable[..., subprocess.CompletedProcess[str]]


class Entry(NamedTuple):
    """One package of the lock: its version, its lines with marker and hashes, and the parts that it is in."""

    name: str
    version: str
    text: str
    parts: frozenset[str]


def entries(lock: str) -> list[Entry]:
    """The packages of a lock's text; each ends with a line that names its parts."""
    found, lines = [], []
    for line in lock.splitlines():
        if line.startswith("    # parts: "):
            name, _, version = lines[0].split()[0].partition("==")
            found.append(Entry(name, version, "\n".join(lines), frozenset(line.split()[2:])))
            lines = []
        elif not line.startswith("#"):
            lines.append(line)
    return found


def installed(name: str) -> str:
    """The version of a package beside this, or nothing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def part(known: list[Entry], name: str) -> list[Entry]:
    """The packages of a part; exits with one line for an unknown part."""
    parts = sorted({each for entry in known for each in entry.parts})
    if name not in parts:
        sys.exit(f"{LOCK.name} has no part {name}; it has {', '.join(parts)}")
    return [entry for entry in known if name in entry.parts]


def asks_for_cuda() -> bool:
    """Whether the torch that is installed beside this is a build that needs the CUDA packages."""
    return bool(installed("torch")) and any(each.startswith("nvidia-") for each in metadata.requires("torch") or ())


def run(*command: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a program; ``quiet`` keeps what it says."""
    # Beside torch's CUDA build, DeepSpeed looks for a CUDA compiler while it is built, though it compiles nothing then.
    environment = {**os.environ, "DS_ACCELERATOR": "cpu"}
    output, errors = (subprocess.PIPE, subprocess.STDOUT) if quiet else (None, None)
    return subprocess.run(command, check=False, text=True, env=environment, stdout=output, stderr=errors)


def hashed(chosen: list[Entry], installer: Installer, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Install these packages, if their files have one of their hashes."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{entry.text}\n" for entry in chosen))
        file.flush()
        return installer("--require-hashes", "-r", file.name, quiet=quiet)


def install(name: str, installer: Installer) -> bool:
    """Install a part of the lock. Of torch, another build goes first where the package sources hold one that is accepted."""
    known = entries(LOCK.read_text("utf-8"))
    chosen = part(known, name)
    for build in part(known, BUILDS):
        if any(entry.name == build.name for entry in chosen):
            done = hashed([build], installer, quiet=True)
            if done.returncode == 0:
                chosen = [entry for entry in chosen if entry.name != build.name]
            elif re.search(r"hash mismatch|do not match the hashes", done.stdout, re.IGNORECASE):
                print(done.stdout, file=sys.stderr)
                return False
    if chosen and hashed(chosen, installer).returncode:
        return False
    return (
        not any(entry.name == "torch" for entry in part(known, name))
        or not asks_for_cuda()
        or (hashed(part(known, CUDA), installer).returncode == 0)
    )


def pip(*options: str) -> Installer:
    """An installer that is this Python's pip."""
    command = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *OPTIONS, *options)
    return lambda *what, quiet=False: run(*command, *what, quiet=quiet)


def main(arguments: list[str]) -> int:
    """Exit code of the command."""
    if not arguments:
        sys.exit((__doc__ or "").partition("\n")[0])
    if arguments[0] == "--print":
        known = entries(LOCK.read_text("utf-8"))
        chosen = {entry.text: None for name in arguments[1:] for entry in part(known, name)}
        print("\n".join(chosen))
        return 0
    return 0 if install(arguments[0], pip(*arguments[1:])) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
