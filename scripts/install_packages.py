"""Install the project and its weights into the Python that runs this: `python -m scripts.install_packages [PIP OPTIONS]`.

Every package comes from requirements.lock. uv fetches and unpacks in parallel and takes a tenth of pip's time. It does not
read pip's configuration, so this hands over the package sources that pip is set up with. Where uv cannot be had or does not
get through, pip does the same work.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

from scripts.locked import LOCK, OPTIONS, Installer, install, pip, run

#: pip's settings that name package sources, and uv's options for them. Not extra-index-url: uv takes a name from the first
#: index that knows it, so an extra index with some other version would hide the pinned one. pip looks there as well.
SOURCES = {"index-url": "--default-index", "find-links": "--find-links"}


def pip_sources(listing: str) -> list[str]:
    """uv options for the package sources in the output of `pip config list`; a later line overrides an earlier one."""
    found: dict[str, str] = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        key = name.rpartition(".")[2]
        if key in SOURCES or key == "no-index":
            found[key] = str(ast.literal_eval(value))
    options = ["--no-index"] if found.pop("no-index", "").lower() in ("1", "true", "yes", "on") else []
    for key, value in found.items():
        for one in value.split():
            options += [SOURCES[key], one]
    return options


def uv(*options: str) -> Installer:
    """An installer that is the uv beside this Python, with the package sources of its pip."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=False, text=True, stdout=subprocess.PIPE
    ).stdout
    program = str(Path(sys.executable).with_name("uv"))
    command = (program, "pip", "install", "--python", sys.executable, *OPTIONS, *pip_sources(listing), *options)
    return lambda *what, quiet=False: run(*command, *what, quiet=quiet)


def everything(installer: Installer) -> bool:
    """Install the packages, then the project, whose own files can have no hash."""
    return install("dev", installer) and installer("-e", ".").returncode == 0


def main(arguments: list[str]) -> int:
    """Exit code of the installation."""
    os.chdir(LOCK.parent)
    if (
        os.environ.get("LIVECC_INSTALLER") != "pip"
        and install("installer", pip("-q", *arguments))
        and everything(uv(*arguments))
    ):
        return 0
    print("installing with pip", file=sys.stderr)
    return 0 if install("build", pip("-q", *arguments)) and everything(pip(*arguments)) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
