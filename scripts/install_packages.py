"""Install the project and its weights into the Python that runs this: `python scripts/install_packages.py [PIP OPTIONS]`.

uv fetches and unpacks in parallel and takes a tenth of pip's time. It does not read pip's configuration, so this hands over
the package sources that pip is set up with. Where uv cannot be had or does not get through, pip does the same work.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PROJECT = ["-c", "constraints.txt", "-e", ".[ui,media,curation,training,cluster,dev]"]
# --no-deps: only the data files of these packages are wanted, and their metadata pull in compilers and CUDA.
# dashscope carries Qwen2's own vocabulary, which the conformance tests compare with.
WEIGHTS = ["--no-deps", "-c", "constraints.txt", "-r", "weights.txt", "dashscope"]
#: pip's settings that name package sources, and uv's options for them.
SOURCES = {"index-url": "--default-index", "extra-index-url": "--extra-index-url", "find-links": "--find-links"}


def pip(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run this Python's pip."""
    return subprocess.run([sys.executable, "-m", "pip", *arguments], cwd=HERE, text=True, check=False, **options)  # type: ignore[call-overload]


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


def by_uv(arguments: list[str]) -> bool:
    """Install with uv; False when it cannot be had or fails."""
    if pip("install", "-q", "--disable-pip-version-check", "-c", "constraints.txt", "uv", *arguments).returncode:
        return False
    sources = pip_sources(pip("config", "list", stdout=subprocess.PIPE).stdout)
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", sys.executable]
    # As pip does: the best version of all indexes, not the first index that knows the name.
    uv += ["--index-strategy", "unsafe-best-match", *sources, *arguments]
    return all(subprocess.run([*uv, *what], cwd=HERE, check=False).returncode == 0 for what in (PROJECT, WEIGHTS))


def main() -> int:
    """Exit code of the installation."""
    arguments = sys.argv[1:]
    if os.environ.get("LIVECC_INSTALLER") != "pip" and by_uv(arguments):
        return 0
    print("installing with pip", file=sys.stderr)
    return max(pip("install", *arguments, *what).returncode for what in (PROJECT, WEIGHTS))


if __name__ == "__main__":
    raise SystemExit(main())
