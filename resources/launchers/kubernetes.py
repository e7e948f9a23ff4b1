"""Workers as Kubernetes Jobs."""

import threading
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from resources.launchers.base import Job
from resources.launchers.cluster import TIMEOUT, Cluster, is_passing, owned_by
from resources.launchers.log import Log
from resources.launchers.manifest import ATTEMPT, job_manifest, mounts, service_manifest
from resources.launchers.pod_logs import follow_pods
from resources.launchers.remote import RemoteLauncher
from resources.launchers.status import AlreadyThereError, Found, Status, is_reachable
from resources.launchers.verdict import age, judge
from resources.launchers.waiting import until

#: Seconds to wait for a deleted Job and its pods to be gone.
GONE = 120.0
#: Seconds after which a Job without pods is looked into.
NO_PODS = 20.0


def _found(job: dict[str, Any]) -> Found:
    metadata, conditions = job["metadata"], (job.get("status") or {}).get("conditions") or []
    over = {one["type"] for one in conditions if one["status"] == "True"} & {"Complete", "Failed"}
    attempt = (metadata.get("annotations") or {}).get(ATTEMPT, "")
    return Found(metadata["name"], metadata["uid"], attempt, bool(over) or "deletionTimestamp" in metadata)


def _refusal(job: Job, kind: str, error: Any) -> dg.Failure:
    """What the API server says against an object. A full quota may be free later; nothing else mends itself."""
    text = f"{job.name}: the cluster refuses the {kind} ({error.status} {error.reason}: {error.body})"
    return dg.Failure(text, allow_retries="exceeded quota" in str(error.body))


class KubernetesLauncher(RemoteLauncher):
    """``options``: namespace, secret, environment, queue, node_selector, tolerations, priority_class, volumes,
    volume_mounts, service_account, home (in the pod), patience (seconds: image, schedule)."""

    place = "Job"

    def __init__(self, options: dict[str, Any], api: Any = None) -> None:
        self.options = options
        self.cluster = Cluster(options.get("namespace", "livecc"), api)
        #: Pods seen, uid → name, by the uid of their Job.
        self._pods_seen: dict[str, dict[str, str]] = {}

    def is_passing(self, error: Exception) -> bool:
        return is_passing(error)

    def check(self, job: Job) -> None:
        if not is_reachable(job.root, [mount["mountPath"] for mount in mounts(job.needs, self.options)]):
            raise dg.Failure(
                f"{job.name}: LIVECC_ROOT={job.root} cannot be reached from a pod; use an s3:// address, or mount the folder "
                "under the same path into the pods with `volumes` and `volume_mounts` of the launcher's file",
                allow_retries=False,
            )

    def find(self, name: str) -> Found | None:
        job = self.cluster.job(name)
        return _found(job) if job else None

    def workers(self) -> list[Found]:
        return [_found(one) for one in self.cluster.jobs()]

    def create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> None:
        from kubernetes.client import ApiException

        self._wait_for_room(name)
        manifest = job_manifest(job, name, attempt, environment, run_id, self.options)
        try:
            self.cluster.batch.create_namespaced_job(self.cluster.namespace, manifest, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 409 and (there := self.find(name)):
                if there.attempt == attempt:
                    return  # ours: the answer to an earlier call was lost
                raise AlreadyThereError(name) from None
            if is_passing(error):
                raise
            raise _refusal(job, "Job", error) from None

    def _wait_for_room(self, name: str) -> None:
        """A pod of an earlier attempt, on a node that does not answer, may still work in the same folder."""
        left: list[dict[str, Any]] = []

        def is_free() -> bool:
            left[:] = [] if self.cluster.job(name) else self.cluster.pods(name)
            return not left

        if not until(is_free, GONE):
            pod = left[0]
            raise dg.Failure(
                f"pod {pod['metadata']['name']} of an earlier attempt is still there on node "
                f"{pod['spec'].get('nodeName')}; once that node is known to be dead: kubectl -n {self.cluster.namespace} "
                f"delete pod --force {pod['metadata']['name']}"
            )

    def begin(self, job: Job, found: Found) -> None:
        """The headless Service of a Job on several nodes: without it the ranks never meet."""
        from kubernetes.client import ApiException

        if job.needs.nodes == 1:
            return
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": found.name, "uid": found.id}
        manifest = service_manifest(job, found.name, owner)

        def is_there() -> bool:
            try:
                self.cluster.core.create_namespaced_service(self.cluster.namespace, manifest, _request_timeout=TIMEOUT)
                return True
            except ApiException as error:
                if error.status != 409:
                    if is_passing(error):
                        raise
                    self.delete(found)
                    raise _refusal(job, "Service", error) from None
            there = self.cluster.service(found.name)
            return bool(there and owned_by(there, found.id))

        if not until(is_there, GONE):  # that of an earlier Job, which is collected after it
            self.delete(found)
            raise dg.Failure(f"{job.name}: Service {found.name} of an earlier Job is still there; delete it")

    def delete(self, found: Found, wait: bool = True) -> None:
        from kubernetes.client import ApiException, V1DeleteOptions, V1Preconditions

        options = V1DeleteOptions(preconditions=V1Preconditions(uid=found.id), propagation_policy="Background")
        try:
            self.cluster.batch.delete_namespaced_job(
                found.name, self.cluster.namespace, body=options, _request_timeout=TIMEOUT
            )
        except ApiException as error:
            if error.status not in (404, 409):  # 409: another Job has the name by now
                raise
        if wait and not until(lambda: self._is_gone(found), GONE):
            raise dg.Failure(
                f"Job {found.name} was deleted but its pods are still there after {GONE:.0f} s; look at their node"
            )

    def _is_gone(self, found: Found) -> bool:
        # Pods that are on their way out hold no name that matters, but their worker may still write messages.
        left = self.cluster.job(found.name)
        return (left is None or left["metadata"]["uid"] != found.id) and not self.cluster.pods_of(found)

    def look(self, job: Job, found: Found) -> Status:
        there = self.cluster.job(found.name)
        if there is None or there["metadata"]["uid"] != found.id:
            return judge(None, [], job.needs)
        pods = self.cluster.pods_of(found)
        there_now = {pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in pods}
        seen = self._pods_seen.setdefault(found.id, {})
        seen |= there_now
        gone = [name for uid, name in seen.items() if uid not in there_now]
        waited = age(there["metadata"].get("creationTimestamp"), datetime.now(UTC))
        complains = not pods and waited >= NO_PODS and not _found(there).ended
        refused = self.cluster.why_no_pods(found.id) if complains else ""
        return judge(there, pods, job.needs, patience=self.options.get("patience"), refused=refused, gone=gone)

    def follow(self, found: Found, log: Log, stop: threading.Event) -> None:
        follow_pods(self.cluster, found, log, stop)
