"""Python, the programs, the decoder, the GPU, disk and memory of this machine."""

import importlib.util
import os
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from livecc_assets.cli.doctor.finding import Finding
from livecc_assets.core.errors import UserError
from livecc_assets.store.layout import check_folder

DISK_GB, MEMORY_GB = 5.0, 4.0  # what the sample needs: converted weights, world and checkpoints; two training ranks


def python() -> Finding:
    """This Python's version and headers."""
    version = platform.python_version()
    header = Path(sysconfig.get_path("include")) / "Python.h"
    minor = ".".join(version.split(".")[:2])
    if minor not in ("3.11", "3.12"):
        return Finding("Python", False, f"this is Python {version}, not 3.11 or 3.12", "make install PYTHON=…", True)
    if not header.is_file():
        return Finding("Python", False, f"{version} without {header}", f"apt-get install python{minor}-dev", True)
    return Finding("Python", True, f"{version} with headers, {os.cpu_count()} CPUs", required=True)


def state(root: str) -> Finding:
    """Whether this version can read what lies under a local ``root``; one in S3 is asked by :func:`services.s3`."""
    if "://" in root:
        return Finding("state", True, f"in {root}")
    try:
        check_folder(Path(root))
    except UserError as error:
        cause, _, remedy = str(error).partition(". ")
        return Finding("state", False, cause, remedy, True)
    return Finding("state", True, f"in {root}")


def tools() -> list[Finding]:
    """Programs on PATH or beside this Python (the venv's bin need not be activated)."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    wanted = (
        ("g++", "DeepSpeed compiles with it", "apt-get install g++", True),
        ("ninja", "DeepSpeed compiles with it", "make install (ninja comes with pip)", True),
        ("make", "the project's commands", "apt-get install make", False),
        ("git", "cloning and contributing", "apt-get install git", False),
    )
    findings = []
    for name, purpose, remedy, required in wanted:
        found = shutil.which(name, path=path)
        findings.append(Finding(name, found is not None, found or f"not on PATH; {purpose}", remedy, required))
    return findings


def media() -> Finding:
    """PyAV and the codecs of the sample's videos."""
    remedy = "make install"
    if importlib.util.find_spec("av") is None:
        return Finding("video decoder", False, "PyAV is not installed", remedy, True)
    import av

    absent = [name for name in ("h264", "aac", "opus", "vp9") if name not in av.codecs_available]
    if absent:
        return Finding("video decoder", False, f"PyAV {av.__version__} lacks {', '.join(absent)}", remedy, True)
    libraries = ".".join(map(str, av.library_versions["libavcodec"]))
    return Finding("video decoder", True, f"PyAV {av.__version__}, its own libavcodec {libraries}", required=True)


def gpu() -> Finding:
    """What torch sees of NVIDIA's GPUs."""
    without = "the sample profile runs on the CPU; the paper profile needs NVIDIA GPUs"
    if importlib.util.find_spec("torch") is None:
        return Finding("GPU", False, f"torch is not installed; {without}", "make install")
    import torch

    if torch.version.cuda is None:
        return Finding(
            "GPU",
            False,
            f"torch {torch.__version__} is a CPU build; {without}",
            "on a GPU machine: install the CUDA build of the same torch version",
        )
    try:
        count = torch.cuda.device_count()
        names = {torch.cuda.get_device_name(index) for index in range(count)} if torch.cuda.is_available() else set()
    except RuntimeError as error:  # a driver that does not fit the CUDA build
        return Finding("GPU", False, str(error).splitlines()[0], "install the driver that this CUDA build needs")
    if not names:
        return Finding(
            "GPU",
            False,
            f"torch {torch.__version__} (CUDA {torch.version.cuda}) sees none; {without}",
            "nvidia-smi tells whether the driver sees one",
        )
    return Finding("GPU", True, f"{count} × {', '.join(sorted(names))}, CUDA {torch.version.cuda}")


def disk(home: Path) -> Finding:
    """Free space under the state folder."""
    existing = next(path for path in (home.absolute(), *home.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Finding("disk", False, f"{existing} cannot be written", "set LIVECC_HOME to a folder of yours", True)
    free = shutil.disk_usage(existing).free / 1e9
    return Finding(
        "disk",
        free >= DISK_GB,
        f"{free:.0f} GB free at {home}; the sample needs {DISK_GB:g}",
        "free some space or set LIVECC_HOME to a larger disk",
        True,
    )


def memory() -> Finding:
    """Memory that this machine or container may use."""
    limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        if Path(path).is_file() and (text := Path(path).read_text().strip()).isdigit():
            limit = min(limit, int(text))  # a container's limit is what counts
    gigabytes = limit / 1e9
    return Finding(
        "memory",
        gigabytes >= MEMORY_GB,
        f"{gigabytes:.0f} GB; the sample needs {MEMORY_GB:g}",
        "give the container or machine more memory",
        True,
    )
