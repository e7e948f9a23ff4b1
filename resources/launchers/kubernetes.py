"""Workers as Kubernetes Jobs."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from livecc_assets.errors import UserError
from resources.launchers.base import Job
from resources.launchers.manifest import ATTEMPT, LABEL, RUN, WORKER, job_manifest, service_manifest
from resources.launchers.remote import AlreadyThereError, Found, Log, RemoteLauncher, Status
from resources.launchers.verdict import age, judge

#: Seconds to connect and to wait for an answer of the API server.
TIMEOUT = (5, 30)
#: Seconds to wait for a deleted Job and its pods to be gone.
GONE = 120.0


def connect() -> Any:
    """An API client of the cluster that this process runs in, or that KUBECONFIG names."""
    from kubernetes import client, config

    try:
        config.load_incluster_config()
    except config.ConfigException:
        try:
            config.load_kube_config()
        except (config.ConfigException, TypeError) as error:
            raise UserError(f"no Kubernetes cluster is configured ({error}); set KUBECONFIG or run in a pod") from None
    return client.ApiClient()


def _annotation(job: dict[str, Any], name: str) -> str:
    return (job["metadata"].get("annotations") or {}).get(name, "")


def _found(job: dict[str, Any]) -> Found:
    conditions = (job.get("status") or {}).get("conditions") or []
    over = {one["type"] for one in conditions if one["status"] == "True"} & {"Complete", "Failed"}
    ended = bool(over) or "deletionTimestamp" in job["metadata"]
    return Found(job["metadata"]["name"], _annotation(job, ATTEMPT), _annotation(job, RUN), ended)


class KubernetesLauncher(RemoteLauncher):
    """``options``: namespace, secret, environment, queue, node_selector, tolerations, priority_class, volumes,
    volume_mounts, service_account, home (in the pod), patience (seconds: image, schedule)."""

    place = "Job"

    def __init__(self, options: dict[str, Any], api: Any = None) -> None:
        from kubernetes import client

        self.options = options
        self.namespace = options.get("namespace", "livecc")
        self.api = api or connect()
        # Any: the generated client's own annotations name every type that any of its calls could return.
        self.batch: Any = client.BatchV1Api(self.api)
        self.core: Any = client.CoreV1Api(self.api)

    def is_passing(self, error: Exception) -> bool:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        if isinstance(error, ApiException):
            return error.status in (0, 408, 429) or int(error.status or 0) >= 500
        return isinstance(error, (HTTPError, OSError))

    def check(self, job: Job) -> None:
        if not str(job.task["root"]).startswith("s3://") and not self.options.get("volumes"):
            raise dg.Failure(
                f"{job.name}: LIVECC_ROOT={job.task['root']} cannot be reached from a pod; use an s3:// address, or mount the "
                "folder into the pods with `volumes` and `volume_mounts` of the launcher's file",
                allow_retries=False,
            )

    def _job(self, name: str) -> dict[str, Any] | None:
        from kubernetes.client import ApiException

        try:
            found = self.batch.read_namespaced_job(name, self.namespace, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return self.api.sanitize_for_serialization(found)

    def _pods(self, name: str) -> list[dict[str, Any]]:
        found = self.core.list_namespaced_pod(
            self.namespace, label_selector=f"livecc/worker={name}", _request_timeout=TIMEOUT
        )
        return self.api.sanitize_for_serialization(found).get("items") or []

    def find(self, name: str) -> Found | None:
        job = self._job(name)
        return _found(job) if job else None

    def workers(self) -> list[Found]:
        listed = self.batch.list_namespaced_job(
            self.namespace, label_selector=f"{LABEL}={WORKER}", _request_timeout=TIMEOUT
        )
        found = self.api.sanitize_for_serialization(listed).get("items") or []
        return [_found(one) for one in found]

    def claim(self, name: str, run_id: str) -> None:
        patch = {"metadata": {"annotations": {RUN: run_id}}}
        self.batch.patch_namespaced_job(name, self.namespace, patch, _request_timeout=TIMEOUT)

    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        from kubernetes.client import ApiException

        manifest = job_manifest(job, name, attempt, environment, run_id, self.options)
        try:
            made = self.batch.create_namespaced_job(self.namespace, manifest, _request_timeout=TIMEOUT)
            owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": made.metadata.uid}
            if job.needs.nodes > 1:
                service = service_manifest(job, name, owner)
                self.core.create_namespaced_service(self.namespace, service, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 409:
                found = self.find(name)
                if found and found.attempt == attempt:
                    return  # ours: the answer to an earlier call was lost
                raise AlreadyThereError(name) from None
            if self.is_passing(error):
                raise
            raise dg.Failure(
                f"{job.name}: the cluster refuses the Job ({error.status} {error.reason}: {error.body})"
            ) from None

    def delete(self, name: str) -> None:
        from kubernetes.client import ApiException

        deadline = time.monotonic() + GONE
        try:
            self.batch.delete_namespaced_job(
                name, self.namespace, propagation_policy="Background", _request_timeout=TIMEOUT
            )
        except ApiException as error:
            if error.status != 404:
                raise
        while time.monotonic() < deadline:
            # Pods that are on their way out hold no name that matters, but their worker may still write messages.
            if self._job(name) is None and not self._pods(name):
                return
            time.sleep(1)
        raise dg.Failure(f"Job {name} was deleted but its pods are still there after {GONE:.0f} s; look at their node")

    def look(self, job: Job, name: str) -> Status:
        patience = self.options.get("patience")
        found = self._job(name)
        return judge(found, self._pods(name), job.needs, patience=patience)

    def follow(self, name: str, log: Log, stop: threading.Event) -> None:
        followed: dict[str, threading.Thread] = {}
        while not stop.is_set():
            try:
                pods = self._pods(name)
            except Exception as error:
                if not self.is_passing(error):
                    raise
                pods = []
            for pod in pods:
                pod_name, phase = pod["metadata"]["name"], (pod.get("status") or {}).get("phase")
                if pod_name not in followed and phase in ("Running", "Succeeded", "Failed"):
                    thread = threading.Thread(target=self._follow_pod, args=(pod_name, log, stop), daemon=True)
                    followed[pod_name] = thread
                    thread.start()
            if followed and not any(thread.is_alive() for thread in followed.values()):
                return
            stop.wait(1)

    def _follow_pod(self, pod: str, log: Log, stop: threading.Event) -> None:
        """One pod's log, resumed by time stamp when the stream is cut."""
        from kubernetes.client import ApiException

        seen, ended = "", False
        while not stop.is_set() and not ended:
            try:
                status = self.core.read_namespaced_pod(pod, self.namespace, _request_timeout=TIMEOUT).status
                ended = status is None or status.phase in ("Succeeded", "Failed")
                options: dict[str, Any] = (
                    {"since_seconds": int(age(f"{seen[:19]}Z", datetime.now(UTC))) + 2} if seen else {}
                )
                stream = self.core.read_namespaced_pod_log(
                    pod, self.namespace, container="worker", follow=True, timestamps=True,
                    _preload_content=False, _request_timeout=(5, 300), **options,
                )  # fmt: skip
                for raw in stream:
                    stamp, _, line = raw.decode(errors="replace").rstrip("\n").partition(" ")
                    if stamp > seen:
                        log.add(line)
                        seen = stamp
                    if stop.is_set():
                        return
            except ApiException as error:
                if error.status == 404:
                    return
                ended = False
            except Exception as error:
                if not self.is_passing(error):
                    raise
                ended = False
            stop.wait(1)
