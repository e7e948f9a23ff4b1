"""Kubernetes manifests of a worker: a Job for one node; an Indexed Job, a headless Service and torchrun for several."""

import re
from collections.abc import Mapping
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import holds_secret
from resources.launchers.base import HOME, USER, Job, Needs

LABEL = "app.kubernetes.io/component"
WORKER = "livecc-worker"
ATTEMPT, RUN, PLACE, RANKS = "livecc/attempt", "livecc/run", "livecc/place", "livecc/ranks"
#: Port on which the ranks of a training on several nodes meet.
RENDEZVOUS_PORT = 29500
#: Seconds that a worker has to end by itself after SIGTERM.
GRACE_SECONDS = 20
#: Seconds after which Kubernetes itself removes a Job that ended; its launcher removes it sooner.
KEEP_SECONDS = 3600


def command(job: Job, name: str) -> list[str]:
    """What the container runs. Several processes meet through torchrun: on one node by themselves, else at pod 0."""
    needs = job.needs
    if needs.nodes == needs.processes == 1:
        return ["python", "-m", job.module]
    torchrun = ["python", "-m", "livecc_assets.training.torchrun", f"--nproc-per-node={needs.processes}"]
    if needs.nodes == 1:
        return [*torchrun, "--standalone", "-m", job.module]
    return [
        *torchrun,
        f"--nnodes={needs.nodes}",
        "--node-rank=$(JOB_COMPLETION_INDEX)",
        f"--master-addr={name}-0.{name}",
        f"--master-port={RENDEZVOUS_PORT}",
        "-m",
        job.module,
    ]


def label(name: str) -> str:
    """A name as the value of a Kubernetes label: 63 letters, digits, ``-``, ``_`` and ``.`` at most."""
    return re.sub("[^A-Za-z0-9_.-]+", "-", name)[:63].strip("-_.")


def _labels(job: Job, name: str, options: dict[str, Any]) -> dict[str, str]:
    labels = {LABEL: WORKER, "livecc/asset": label(job.asset), "livecc/worker": name}
    if job.needs.nodes > 1:
        labels[RANKS] = "true"  # the network policy by which ranks reach each other, and other workers do not
    if queue := options.get("queue"):
        labels["kueue.x-k8s.io/queue-name"] = queue
    return labels


def mounts(needs: Needs, options: dict[str, Any]) -> list[Mapping[str, Any]]:
    """What the launcher's file mounts into a worker."""
    return [*options.get("volume_mounts", []), *needs.volume_mounts]


def _own_mounts(needs: Needs, options: dict[str, Any]) -> dict[str, str]:
    """Where a pod's own volumes lie, without those in whose place the launcher's file mounts another."""
    given = {mount["mountPath"].rstrip("/") for mount in mounts(needs, options)}
    own = {"scratch": str(options.get("home", HOME)), "tmp": "/tmp", "shm": "/dev/shm"}
    return {volume: path for volume, path in own.items() if path.rstrip("/") not in given}


def _container(job: Job, name: str, environment: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
    needs = job.needs
    home = options.get("home", HOME)
    resources: dict[str, Any] = {"cpu": str(needs.cpus), "memory": needs.memory}
    limit = {"cpu": str(needs.cpu_limit or needs.cpus)}
    if needs.gpus:
        resources["nvidia.com/gpu"] = str(needs.gpus)
    if needs.disk:
        resources["ephemeral-storage"] = needs.disk
    given = {name: str(value) for name, value in dict(options.get("environment", {})).items()}
    for variable, value in given.items():
        if holds_secret(variable, value):  # a Job can be read by whoever may list Jobs, and is kept in etcd as it is
            where = options.get("file", "the launcher's file")
            raise UserError(
                f"{where}: {variable} holds a secret and would stand in the Job for all to read; take it out of `pass` and "
                "`environment`, and put it into the Secret that `secret` names"
            )
    values = {"LIVECC_HOME": home, "HOME": home} | given | environment
    container: dict[str, Any] = {
        "name": "worker",
        "image": needs.image,
        "imagePullPolicy": options.get("image_pull_policy", "IfNotPresent"),
        "command": command(job, name),
        "env": [{"name": key, "value": str(value)} for key, value in sorted(values.items())],
        "resources": {"requests": resources, "limits": resources | limit},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            *({"name": volume, "mountPath": path} for volume, path in _own_mounts(needs, options).items()),
            *mounts(needs, options),
        ],
    }
    if secret := needs.secret or options.get("secret"):
        container["envFrom"] = [{"secretRef": {"name": secret}}]
    return container


def _pod(job: Job, name: str, environment: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
    kinds = {"shm": {"medium": "Memory", "sizeLimit": job.needs.shm}}
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "serviceAccountName": options.get("service_account", "livecc-worker"),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,  # variables of a Service named livecc-… would pass for settings
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": options.get("user", USER),
            "runAsGroup": options.get("user", USER),
            "fsGroup": options.get("user", USER),
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, name, environment, options)],
        "volumes": [
            *({"name": volume, "emptyDir": kinds.get(volume, {})} for volume in _own_mounts(job.needs, options)),
            *options.get("volumes", []),
            *job.needs.volumes,
        ],
    }
    for key, field in (
        ("node_selector", "nodeSelector"),
        ("tolerations", "tolerations"),
        ("priority_class", "priorityClassName"),
        ("image_pull_secrets", "imagePullSecrets"),
    ):
        if options.get(key):
            pod[field] = options[key]
    return pod


def job_manifest(
    job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str, options: dict[str, Any]
) -> dict[str, Any]:
    """The batch/v1 Job. It never retries by itself: Dagster's retry policy owns that."""
    needs = job.needs
    labels = _labels(job, name, options)
    place = f"{job.asset}/{job.partition}/{job.key}"
    pod = _pod(job, name, environment, options)
    spec: dict[str, Any] = {
        "backoffLimit": 0,
        "ttlSecondsAfterFinished": KEEP_SECONDS,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if needs.time_limit:
        spec["activeDeadlineSeconds"] = needs.time_limit
    if options.get("queue"):
        spec["suspend"] = True  # Kueue starts it when its turn has come
    if needs.nodes > 1:
        spec |= {"completionMode": "Indexed", "completions": needs.nodes, "parallelism": needs.nodes}
        pod["subdomain"] = name
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels, "annotations": {ATTEMPT: attempt, RUN: run_id, PLACE: place}},
        "spec": spec,
    }


def service_manifest(job: Job, name: str, owner: dict[str, Any]) -> dict[str, Any]:
    """The headless Service by which the pods of an Indexed Job find each other; it goes when its Job (``owner``) does."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {LABEL: WORKER, "livecc/worker": name}, "ownerReferences": [owner]},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {"livecc/worker": name},
            "ports": [{"name": "rendezvous", "port": RENDEZVOUS_PORT}],
        },
    }
