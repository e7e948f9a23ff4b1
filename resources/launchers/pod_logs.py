"""What the pods of a worker print, each resumed where its stream was cut."""

import threading
import time
from typing import Any

from resources.launchers.cluster import TIMEOUT, Cluster, is_passing
from resources.launchers.log import Log
from resources.launchers.stamps import Resumed
from resources.launchers.status import Found


def follow_pods(cluster: Cluster, found: Found, log: Log, stop: threading.Event) -> None:
    """Feed the output of all pods into ``log``, a thread for each, until they end or ``stop`` is set."""
    followed: dict[str, threading.Thread] = {}
    while not stop.is_set():
        try:
            pods = cluster.pods_of(found)
        except Exception as error:
            if not is_passing(error):
                raise
            pods = []
        for pod in pods:
            name, phase = pod["metadata"]["name"], (pod.get("status") or {}).get("phase")
            if name not in followed and phase in ("Running", "Succeeded", "Failed"):
                thread = threading.Thread(target=_follow_pod, args=(cluster, name, log, stop), daemon=True)
                followed[name] = thread
                thread.start()
        if followed and not any(thread.is_alive() for thread in followed.values()):
            return
        if found.ended and not pods:
            return
        stop.wait(1)


def _follow_pod(cluster: Cluster, pod: str, log: Log, stop: threading.Event) -> None:
    """One pod's log, resumed by time stamp when the stream is cut."""
    from kubernetes.client import ApiException

    lines, ended = Resumed(), False
    while not stop.is_set() and not ended:
        try:
            status = cluster.core.read_namespaced_pod(pod, cluster.namespace, _request_timeout=TIMEOUT).status
            ended = status is None or status.phase in ("Succeeded", "Failed")
            options: dict[str, Any] = {}
            if lines.newest:  # a minute more than is missing, for the clocks here and there differ
                options["since_seconds"] = max(0, int(time.time() - lines.newest / 1e9)) + 60
            lines.reopened()
            stream = cluster.core.read_namespaced_pod_log(
                pod, cluster.namespace, container="worker", follow=True, timestamps=True,
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
            if not is_passing(error):
                raise
            ended = False
        stop.wait(1)
