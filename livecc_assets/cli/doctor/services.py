"""What is asked over a network or a socket: the model hub, S3, Kubernetes and Docker."""

import importlib.util
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from livecc_assets.cli.doctor.finding import Finding
from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact

TIMEOUT_SECONDS = 4.0


def hub(env: Mapping[str, str]) -> Finding:
    """Whether the model hub answers."""
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
        return Finding(name, False, "huggingface_hub is not installed", "make install")
    import requests
    from huggingface_hub import constants

    try:
        answer = requests.head(constants.ENDPOINT, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Finding(name, False, f"{constants.ENDPOINT} did not answer: {type(error).__name__}", remedy)
    return Finding(name, answer.status_code < 500, f"{constants.ENDPOINT} answered {answer.status_code}", remedy)


def s3(root: str, env: Mapping[str, str]) -> Finding:
    """Whether the bucket of ``root`` can be listed; not used where ``root`` is a folder."""
    if not root.startswith("s3://"):
        return Finding(
            "S3", False, f"not used: artifacts are in {root}", "LIVECC_ROOT=s3://bucket/prefix puts them in S3"
        )
    from livecc_assets.store.blobs import open_blobs
    from livecc_assets.store.layout import check
    from livecc_assets.store.s3_client import reading, split

    # LIVECC_ROOT names the artifact store, so without it not even the sample can run here.
    bucket, _ = split(root)
    try:
        with reading(root, "LIVECC_ROOT", tries=1, seconds=TIMEOUT_SECONDS) as client:
            client.list_objects_v2(Bucket=bucket, MaxKeys=1)
        check(open_blobs(root))
    except UserError as error:
        cause, _, remedy = str(error).removeprefix(f"{root}: ").rpartition("; ")
        return Finding("S3", False, f"bucket {bucket}: {cause}", remedy, True)
    endpoint = redact(client.meta.endpoint_url)
    return Finding("S3", True, f"bucket {bucket} at {endpoint} can be listed", required=True)


def kubernetes(env: Mapping[str, str]) -> Finding:
    """Whether a cluster answers under the kubeconfig, or the one that this process runs in."""
    name, remedy = "Kubernetes", "set KUBECONFIG or run inside a cluster; the local launcher needs none"
    if importlib.util.find_spec("kubernetes") is None:
        return Finding(name, False, "the Python package kubernetes is not installed", "make install")
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


def docker(env: Mapping[str, str]) -> Finding:
    """Whether a Docker engine accepts connections."""
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
