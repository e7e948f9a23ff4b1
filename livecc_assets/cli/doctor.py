"""What this machine has: each thing that some part of the graph can use, and the remedy where it is absent.

A finding is ``required`` when the sample profile (``livecc demo``) cannot run without it. Whatever else is absent is
information: no GPU, hub, S3, Kubernetes or Docker is the ordinary state of a laptop. ``exit_code`` is 0 when every
required finding is ok, else 1.

Every question to the network has a time-out of a few seconds, and the questions are asked at the same time.
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import socket
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from livecc_assets.models import embedded

if TYPE_CHECKING:
    from rich.table import Table

TIMEOUT_SECONDS = 4.0
DISK_GB, MEMORY_GB = 5.0, 4.0  # what the sample needs: converted weights, world and checkpoints; two training ranks


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is there, what was found, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = False


def diagnose(home: Path, root: str, env: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at the machine: ``home`` is LIVECC_HOME, ``root`` LIVECC_ROOT (folder or s3://). An absence never raises."""
    checks: list[Callable[[], list[Finding]]] = [
        lambda: [_python()],
        _tools,
        lambda: [_media()],
        lambda: [_gpu()],
        lambda: [_hub(env)],
        lambda: [_s3(root, env)],
        lambda: [_kubernetes(env)],
        lambda: [_docker(env)],
        lambda: _weights(home),
        lambda: [_disk(home), _memory()],
    ]
    with ThreadPoolExecutor(len(checks)) as pool:
        return [finding for found in pool.map(lambda check: check(), checks) for finding in found]


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when nothing that the sample profile needs is absent, else 1."""
    return int(any(finding.required and not finding.ok for finding in findings))


def as_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings for ``livecc doctor --json``."""
    return [asdict(finding) for finding in findings]


def report(home: Path, root: str, machine_readable: bool = False) -> int:
    """Print the findings, for people or as JSON; returns the exit code of ``livecc doctor``."""
    from rich.console import Console

    findings = diagnose(home, root)
    if machine_readable:
        print(json.dumps(as_json(findings), indent=1))
    else:
        Console(highlight=False).print(table(findings))
        needed = [finding.name for finding in findings if finding.required and not finding.ok]
        print(f"\nThe sample needs: {', '.join(needed)}" if needed else "\nEverything that the sample needs is here")
    return exit_code(findings)


def table(findings: Sequence[Finding]) -> "Table":
    """The findings for people; rich renders it."""
    from rich.table import Table
    from rich.text import Text

    # The remedies are shown whole, below the detail, so that they can be copied from a narrow terminal.
    shown = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in ("", "what", "found"):
        shown.add_column(heading, overflow="fold")
    for finding in findings:
        mark, style = ("yes", "green") if finding.ok else ("NO", "bold red") if finding.required else ("no", "yellow")
        detail = Text(finding.detail)
        if not finding.ok and finding.remedy:
            detail.append(f"\n→ {finding.remedy}", style="cyan")
        shown.add_row(Text(mark, style=style), finding.name, detail)
    return shown


def _python() -> Finding:
    version = platform.python_version()
    header = Path(sysconfig.get_path("include")) / "Python.h"
    minor = ".".join(version.split(".")[:2])
    if minor not in ("3.11", "3.12"):
        return Finding("Python", False, f"this is Python {version}, not 3.11 or 3.12", "make install PYTHON=…", True)
    if not header.is_file():
        return Finding("Python", False, f"{version} without {header}", f"apt-get install python{minor}-dev", True)
    return Finding("Python", True, f"{version} with headers, {os.cpu_count()} CPUs", required=True)


def _tools() -> list[Finding]:
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


def _media() -> Finding:
    remedy = "pip install -c constraints.txt -e '.[media]'"
    if importlib.util.find_spec("av") is None:
        return Finding("video decoder", False, "PyAV is not installed", remedy, True)
    import av

    absent = [name for name in ("h264", "aac", "opus", "vp9") if name not in av.codecs_available]
    if absent:
        return Finding("video decoder", False, f"PyAV {av.__version__} lacks {', '.join(absent)}", remedy, True)
    libraries = ".".join(map(str, av.library_versions["libavcodec"]))
    return Finding("video decoder", True, f"PyAV {av.__version__}, its own libavcodec {libraries}", required=True)


def _gpu() -> Finding:
    without = "the sample profile runs on the CPU; the paper profile needs NVIDIA GPUs"
    if importlib.util.find_spec("torch") is None:
        return Finding(
            "GPU", False, f"torch is not installed; {without}", "pip install -c constraints.txt -e '.[training]'"
        )
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


def _hub(env: Mapping[str, str]) -> Finding:
    name, remedy = (
        "model hub",
        "set HF_TOKEN or a proxy, or name models by folder or s3://; the sample profile needs no hub",
    )
    if env.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return Finding(
            name,
            False,
            "HF_HUB_OFFLINE is set: only the local cache is used",
            "unset HF_HUB_OFFLINE to download models",
        )
    if importlib.util.find_spec("huggingface_hub") is None:
        return Finding(
            name, False, "huggingface_hub is not installed", "pip install -c constraints.txt -e '.[curation]'"
        )
    import requests
    from huggingface_hub import constants

    try:
        answer = requests.head(constants.ENDPOINT, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Finding(name, False, f"{constants.ENDPOINT} did not answer: {type(error).__name__}", remedy)
    return Finding(name, answer.status_code < 500, f"{constants.ENDPOINT} answered {answer.status_code}", remedy)


def _s3(root: str, env: Mapping[str, str]) -> Finding:
    if not root.startswith("s3://"):
        return Finding(
            "S3", False, f"not used: artifacts are in {root}", "LIVECC_ROOT=s3://bucket/prefix puts them in S3"
        )
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    # LIVECC_ROOT names the artifact store, so without it not even the sample can run here.
    name, bucket = "S3", urlsplit(root).netloc
    try:
        session = boto3.Session()
        if session.get_credentials() is None:
            return Finding(
                name,
                False,
                f"no credentials for {root}",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
                True,
            )
        config = Config(connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"max_attempts": 0})
        client = session.client("s3", config=config, region_name=session.region_name or "us-east-1")
        client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        return Finding(
            name,
            False,
            f"bucket {bucket}: {code}",
            "create the bucket, or check the key's rights and AWS_ENDPOINT_URL",
            True,
        )
    except (BotoCoreError, ValueError) as error:
        return Finding(
            name, False, f"bucket {bucket}: {error}", "check AWS_ENDPOINT_URL, the region and the network", True
        )
    return Finding(name, True, f"bucket {bucket} at {client.meta.endpoint_url} can be listed", required=True)


def _kubernetes(env: Mapping[str, str]) -> Finding:
    name, remedy = "Kubernetes", "set KUBECONFIG or run inside a cluster; the local launcher needs none"
    if importlib.util.find_spec("kubernetes") is None:
        return Finding(
            name, False, "the Python package kubernetes is not installed", "pip install -c constraints.txt kubernetes"
        )
    paths = [Path(part) for part in env.get("KUBECONFIG", "").split(os.pathsep) if part]
    paths = paths or [Path(env.get("HOME", "/")) / ".kube" / "config"]
    inside = "KUBERNETES_SERVICE_HOST" in env
    if not inside and not any(path.is_file() for path in paths):
        return Finding(name, False, f"no kubeconfig at {', '.join(map(str, paths))} and not inside a cluster", remedy)
    import yaml
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        settings = client.Configuration()
        if inside:
            config.load_incluster_config(settings)
        else:
            config.load_kube_config(os.pathsep.join(map(str, paths)), client_configuration=settings)
        settings.retries = False  # type: ignore[assignment]  # urllib3 takes False: one attempt
        version: Any = client.VersionApi(client.ApiClient(settings)).get_code(_request_timeout=TIMEOUT_SECONDS)
    except (config.ConfigException, yaml.YAMLError, UnicodeDecodeError, TypeError, AttributeError) as error:
        # The client takes the file's shape for granted: a list or a text in it ends as one of the last two.
        return Finding(name, False, f"kubeconfig: {' '.join(str(error).split())}", remedy)
    except (ApiException, HTTPError, OSError) as error:
        return Finding(
            name,
            False,
            f"the cluster did not answer: {type(error).__name__}",
            "kubectl cluster-info; check the context",
        )
    return Finding(name, True, f"version {version.git_version} at {settings.host}")


def _docker(env: Mapping[str, str]) -> Finding:
    host = env.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    remedy = "start Docker or set DOCKER_HOST; the local launcher needs none"
    parts = urlsplit(host)
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(TIMEOUT_SECONDS)
                connection.connect(parts.path)
        else:
            with socket.create_connection((parts.hostname or "", parts.port or 2376), TIMEOUT_SECONDS):
                pass
    except (OSError, ValueError) as error:
        return Finding("Docker", False, f"{host}: {getattr(error, 'strerror', None) or error}", remedy)
    return Finding("Docker", True, f"{host} accepts connections")


def _weights(home: Path) -> list[Finding]:
    """Every embedded model: installed and of the right sha256."""
    findings = []
    for name, weights in embedded.REGISTRY.items():
        # The sentence embedding serves an optional report; everything else stands in the sample profile.
        label, needed = f"weights {name}", name != "minilm"
        try:
            folder = embedded.verified(name, home)
        except (embedded.UserError, OSError) as error:
            findings.append(Finding(label, False, str(error), weights.remedy, needed))
            continue
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if not weights.files and size == 0:
            findings.append(Finding(label, False, f"{folder} is empty", weights.remedy, needed))
            continue
        checked = "sha256 verified" if weights.files else "part of this package"
        findings.append(
            Finding(label, True, f"{weights.use}; {size / 1e6:.0f} MB, {weights.licence}, {checked}", required=needed)
        )
    return findings


def _disk(home: Path) -> Finding:
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


def _memory() -> Finding:
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
