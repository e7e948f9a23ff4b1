"""The objects of a cluster's namespace, as dictionaries: what the Kubernetes launcher asks of the API server."""

from functools import cached_property
from typing import Any

from livecc_assets.core.errors import UserError
from resources.launchers.manifest import LABEL, WORKER
from resources.launchers.status import Found

#: Seconds to connect and to wait for an answer of the API server.
TIMEOUT = (5, 30)


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


def is_passing(error: Exception) -> bool:
    """Whether the API server was away, busy, restarted or in the middle of a change."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    if isinstance(error, ApiException):
        # 409: an object was changed at the same moment, a quota's count for one.
        return error.status in (0, 408, 409, 429) or int(error.status or 0) >= 500
    return isinstance(error, (HTTPError, OSError))


def owned_by(found: dict[str, Any], uid: str) -> bool:
    """Whether an object belongs to the one with this uid."""
    return any(owner.get("uid") == uid for owner in found["metadata"].get("ownerReferences") or [])


class Cluster:
    """One namespace, connected on first use."""

    def __init__(self, namespace: str, api: Any = None) -> None:
        self.namespace, self._given = namespace, api

    @cached_property
    def api(self) -> Any:
        """The API client."""
        return self._given or connect()

    # Any: the generated client's own annotations name every type that any of its calls could return.
    @cached_property
    def batch(self) -> Any:
        """Calls for Jobs."""
        from kubernetes import client

        return client.BatchV1Api(self.api)

    @cached_property
    def core(self) -> Any:
        """Calls for pods, Services and events."""
        from kubernetes import client

        return client.CoreV1Api(self.api)

    def _read(self, read: Any, name: str) -> dict[str, Any] | None:
        from kubernetes.client import ApiException

        try:
            found = read(name, self.namespace, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return self.api.sanitize_for_serialization(found)

    def _items(self, listed: Any) -> list[dict[str, Any]]:
        return self.api.sanitize_for_serialization(listed).get("items") or []

    def job(self, name: str) -> dict[str, Any] | None:
        """The Job of this name; None where there is none."""
        return self._read(self.batch.read_namespaced_job, name)

    def service(self, name: str) -> dict[str, Any] | None:
        """The Service of this name; None where there is none."""
        return self._read(self.core.read_namespaced_service, name)

    def jobs(self) -> list[dict[str, Any]]:
        """The Jobs of all workers."""
        selector = f"{LABEL}={WORKER}"
        return self._items(
            self.batch.list_namespaced_job(self.namespace, label_selector=selector, _request_timeout=TIMEOUT)
        )

    def pods(self, name: str) -> list[dict[str, Any]]:
        """Every pod of a worker of this name, of earlier ones too."""
        selector = f"livecc/worker={name}"
        return self._items(
            self.core.list_namespaced_pod(self.namespace, label_selector=selector, _request_timeout=TIMEOUT)
        )

    def pods_of(self, worker: Found) -> list[dict[str, Any]]:
        """The pods of this worker and of no other of its name."""
        return [pod for pod in self.pods(worker.name) if owned_by(pod, worker.id)]

    def why_no_pods(self, uid: str) -> str:
        """What the Job controller says where it cannot make the pods of the Job with this uid; '' for no complaint."""
        from kubernetes.client import ApiException

        selector = f"involvedObject.uid={uid},reason=FailedCreate"
        try:
            found = self.core.list_namespaced_event(self.namespace, field_selector=selector, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == 403:  # without the right to read them the wait stays unexplained
                return ""
            raise
        return found.items[-1].message if found.items else ""
