"""Prints what pyproject.toml asks for, so that an image installs it in a layer of its own, before the source.

Usage: python requirements.py EXTRA...   (the project's own dependencies are always among them)
"""

import sys
import tomllib
from pathlib import Path


def requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """Requirement strings of the project and of ``extras``, sorted; exits with one line for an unknown extra."""
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    known = project["optional-dependencies"]
    if unknown := sorted(set(extras) - set(known)):
        sys.exit(f"{pyproject} has no extra {unknown[0]}; it has {', '.join(known)}")
    return sorted({*project["dependencies"], *(each for extra in extras for each in known[extra])})


if __name__ == "__main__":
    print("\n".join(requirements(Path("pyproject.toml"), sys.argv[1:])))
