"""Workers as Kubernetes Jobs."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from livecc_assets.core.errors import UserError
from resources.launchers.base import Job
from resources.launchers.log import Log
from resources.launchers.manifest import ATTEMPT, LABEL, WORKER, job_manifest, mounts, service_manifest
from resources.launchers.remote import AlreadyThereError, Found, RemoteLauncher, Status, is_reachable
from resources.launchers.stamps import Resumed
from resources.launchers.verdict import age, judge

#: Seconds to connect and to wait for an answer of the API server.
TIMEOUT = (5, 30)
#: Seconds to wait for a deleted Job and its pods to be gone.
GONE = 120.0
#: Seconds after which a Job without pods is looked into.
NO_PODS = 20.0


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
    return Found(job["metadata"]["name"], job["metadata"]["uid"], _annotation(job, ATTEMPT), ended)


def _owned_by(found: dict[str, Any], uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in found["metadata"].get("ownerReferences") or [])


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
        #: Pods seen, uid → name, by the uid of their Job.
        self._pods_seen: dict[str, dict[str, str]] = {}

    def is_passing(self, error: Exception) -> bool:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        if isinstance(error, ApiException):
            # 409: an object was changed at the same moment, a quota's count for one.
            return error.status in (0, 408, 409, 429) or int(error.status or 0) >= 500
        return isinstance(error, (HTTPError, OSError))

    def check(self, job: Job) -> None:
        root = str(job.task["root"])
        if not is_reachable(root, [mount["mountPath"] for mount in mounts(job.needs, self.options)]):
            raise dg.Failure(
                f"{job.name}: LIVECC_ROOT={root} cannot be reached from a pod; use an s3:// address, or mount the folder under "
                "the same path into the pods with `volumes` and `volume_mounts` of the launcher's file",
                allow_retries=False,
            )

    def _read(self, read: Any, name: str) -> dict[str, Any] | None:
        """An object of this namespace as a dictionary; None where there is none."""
        from kubernetes.client import ApiException

        try:
            found = read(name, self.namespace, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return self.api.sanitize_for_serialization(found)

    def _job(self, name: str) -> dict[str, Any] | None:
        return self._read(self.batch.read_namespaced_job, name)

    def _service(self, name: str) -> dict[str, Any] | None:
        return self._read(self.core.read_namespaced_service, name)

    def _pods(self, name: str) -> list[dict[str, Any]]:
        """Every pod of a worker of this name, of earlier ones too."""
        found = self.core.list_namespaced_pod(
            self.namespace, label_selector=f"livecc/worker={name}", _request_timeout=TIMEOUT
        )
        return self.api.sanitize_for_serialization(found).get("items") or []

    def _pods_of(self, worker: Found) -> list[dict[str, Any]]:
        return [pod for pod in self._pods(worker.name) if _owned_by(pod, worker.id)]

    def find(self, name: str) -> Found | None:
        job = self._job(name)
        return _found(job) if job else None

    def workers(self) -> list[Found]:
        listed = self.batch.list_namespaced_job(
            self.namespace, label_selector=f"{LABEL}={WORKER}", _request_timeout=TIMEOUT
        )
        found = self.api.sanitize_for_serialization(listed).get("items") or []
        return [_found(one) for one in found]

    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        from kubernetes.client import ApiException

        self._wait_for_room(name)
        manifest = job_manifest(job, name, attempt, environment, run_id, self.options)
        try:
            self.batch.create_namespaced_job(self.namespace, manifest, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 409 and (there := self.find(name)):
                if there.attempt == attempt:
                    return  # ours: the answer to an earlier call was lost
                raise AlreadyThereError(name) from None
            if self.is_passing(error):
                raise
            raise self._refusal(job, "Job", error) from None

    def _wait_for_room(self, name: str) -> None:
        """A pod of an earlier attempt, on a node that does not answer, may still work in the same folder."""
        deadline = time.monotonic() + GONE
        while self._job(name) is None and (left := self._pods(name)):
            if time.monotonic() > deadline:
                pod = left[0]
                raise dg.Failure(
                    f"pod {pod['metadata']['name']} of an earlier attempt is still there on node "
                    f"{pod['spec'].get('nodeName')}; once that node is known to be dead: kubectl -n {self.namespace} delete pod "
                    f"--force {pod['metadata']['name']}"
                )
            time.sleep(1)

    @staticmethod
    def _refusal(job: Job, kind: str, error: Any) -> dg.Failure:
        """What the API server says against an object. A full quota may be free later; nothing else mends itself."""
        text = f"{job.name}: the cluster refuses the {kind} ({error.status} {error.reason}: {error.body})"
        return dg.Failure(text, allow_retries="exceeded quota" in str(error.body))

    def begin(self, job: Job, found: Found) -> None:
        """The headless Service of a Job on several nodes: without it the ranks never meet."""
        from kubernetes.client import ApiException

        if job.needs.nodes == 1:
            return
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": found.name, "uid": found.id}
        manifest, deadline = service_manifest(job, found.name, owner), time.monotonic() + GONE
        while True:
            try:
                self.core.create_namespaced_service(self.namespace, manifest, _request_timeout=TIMEOUT)
                return
            except ApiException as error:
                if error.status != 409:
                    if self.is_passing(error):
                        raise
                    self.delete(found)
                    raise self._refusal(job, "Service", error) from None
            there = self._service(found.name)
            if there and _owned_by(there, found.id):
                return
            if time.monotonic() > deadline:  # that of an earlier Job, which is collected after it
                self.delete(found)
                raise dg.Failure(f"{job.name}: Service {found.name} of an earlier Job is still there; delete it")
            time.sleep(1)

    def delete(self, found: Found, wait: bool = True) -> None:
        from kubernetes.client import ApiException, V1DeleteOptions, V1Preconditions

        options = V1DeleteOptions(preconditions=V1Preconditions(uid=found.id), propagation_policy="Background")
        try:
            self.batch.delete_namespaced_job(found.name, self.namespace, body=options, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status not in (404, 409):  # 409: another Job has the name by now
                raise
        deadline = time.monotonic() + GONE
        while wait:
            # Pods that are on their way out hold no name that matters, but their worker may still write messages.
            left = self._job(found.name)
            if (left is None or left["metadata"]["uid"] != found.id) and not self._pods_of(found):
                return
            if time.monotonic() > deadline:
                raise dg.Failure(
                    f"Job {found.name} was deleted but its pods are still there after {GONE:.0f} s; look at their node"
                )
            time.sleep(1)

    def look(self, job: Job, found: Found) -> Status:
        there = self._job(found.name)
        if there is None or there["metadata"]["uid"] != found.id:
            return judge(None, [], job.needs)
        pods = self._pods_of(found)
        there_now = {pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in pods}
        seen = self._pods_seen.setdefault(found.id, {})
        seen |= there_now
        gone = [name for uid, name in seen.items() if uid not in there_now]
        refused = "" if pods else self._why_no_pods(there)
        return judge(there, pods, job.needs, patience=self.options.get("patience"), refused=refused, gone=gone)

    def _why_no_pods(self, job: dict[str, Any]) -> str:
        """What the Job controller says where it cannot make a Job's pods; '' for no complaint."""
        from kubernetes.client import ApiException

        if age(job["metadata"].get("creationTimestamp"), datetime.now(UTC)) < NO_PODS or _found(job).ended:
            return ""
        selector = f"involvedObject.uid={job['metadata']['uid']},reason=FailedCreate"
        try:
            found = self.core.list_namespaced_event(self.namespace, field_selector=selector, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 403:  # without the right to read them the wait stays unexplained
                return ""
            raise
        return found.items[-1].message if found.items else ""

    def follow(self, found: Found, log: Log, stop: threading.Event) -> None:
        followed: dict[str, threading.Thread] = {}
        while not stop.is_set():
            try:
                pods = self._pods_of(found)
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
            if found.ended and not pods:
                return
            stop.wait(1)

    def _follow_pod(self, pod: str, log: Log, stop: threading.Event) -> None:
        """One pod's log, resumed by time stamp when the stream is cut."""
        from kubernetes.client import ApiException

        lines, ended = Resumed(), False
        while not stop.is_set() and not ended:
            try:
                status = self.core.read_namespaced_pod(pod, self.namespace, _request_timeout=TIMEOUT).status
                ended = status is None or status.phase in ("Succeeded", "Failed")
                options: dict[str, Any] = {}
                if lines.newest:  # a minute more than is missing, for the clocks here and there differ
                    options["since_seconds"] = max(0, int(time.time() - lines.newest / 1e9)) + 60
                lines.reopened()
                stream = self.core.read_namespaced_pod_log(
                    pod, self.namespace, container="worker", follow=True, timestamps=True,
                    _preload_content=False, _request_timeout=(5, 300), **options,
                )  # fmt: skip
                for raw in stream:
                    if (line := lines.new(raw)) is not None:
                        log.add(line)
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
