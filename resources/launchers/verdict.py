"""What Kubernetes says of a worker's Job and pods, in words a person can act on. Plain functions on API objects as dicts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from resources.launchers.base import Needs
from resources.launchers.status import Status, ended_with, out_of_memory, out_of_time, removed

_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable")
_CONFIGURATION = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_MOVED = (
    "Preempted",
    "Preempting",
    "Evicted",
    "DisruptionTarget",
    "NodeLost",
    "NodeShutdown",
    "Shutdown",
    "Terminated",
)


def age(timestamp: Any, now: datetime) -> float:
    """Seconds since an API timestamp (a datetime, or its text)."""
    if not timestamp:
        return 0.0
    when = (
        timestamp if isinstance(timestamp, datetime) else datetime.fromisoformat(str(timestamp).replace("Z", "+00:00"))
    )
    return (now - when).total_seconds()


def _condition(found: dict[str, Any], kind: str) -> dict[str, Any] | None:
    conditions = (found.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == kind and one.get("status") == "True"), None)


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def _ended_at(pod: dict[str, Any]) -> str:
    """When the pod's container ended; a later time than any for one that did not."""
    times = [((one.get("state") or {}).get("terminated") or {}).get("finishedAt") for one in _containers(pod)]
    return min((str(time) for time in times if time), default="9999")


def _why_pod_failed(pod: dict[str, Any], needs: Needs) -> Status | None:
    """How a pod failed, if it did."""
    status = pod.get("status") or {}
    moved = status.get("reason") if status.get("reason") in _MOVED else None
    if disrupted := _condition(pod, "DisruptionTarget"):
        moved = disrupted.get("reason") or "DisruptionTarget"
    if moved and status.get("phase") == "Failed":
        text = f"was evicted or preempted ({moved}: {status.get('message') or 'no message'}); run it again, it resumes"
        return Status("failed", text, said_all=True)
    for container in _containers(pod):
        ended = (container.get("state") or {}).get("terminated")
        if not ended or not ended.get("exitCode"):
            continue
        if ended.get("reason") == "OOMKilled":
            return out_of_memory(needs)
        if ended.get("reason") in ("ContainerCannotRun", "StartError"):
            return Status("failed", f"the container cannot start: {ended.get('message')}", said_all=True, final=True)
        return ended_with(ended["exitCode"])
    if status.get("phase") == "Failed" and not _containers(pod) and status.get("reason"):
        text = f"its node turned the pod away ({status['reason']}: {status.get('message') or 'no message'})"
        return Status("failed", f"{text}; run it again", said_all=True)
    return None


def _waits(text: str, too_long: bool) -> Status:
    """A wait, or the end of it: it was waited for already, so that trying again would only wait once more."""
    return Status("failed", text, said_all=True, final=True) if too_long else Status("waiting", text, said_all=True)


def _why_waiting(pod: dict[str, Any], now: datetime, patience: dict[str, float]) -> Status | None:
    """Why a pod does not run yet; failed when it has waited too long for something that rarely mends itself."""
    # Since it has a node: the time before, for instance until a new node was there, is no fault of its image.
    placed = _condition(pod, "PodScheduled") or {}
    waited = age(placed.get("lastTransitionTime") or (pod.get("metadata") or {}).get("creationTimestamp"), now)
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason, message = waiting.get("reason"), waiting.get("message") or "no message"
        if reason in _IMAGE:
            text = (
                f"image {container.get('image')} cannot be pulled ({reason}: {message}); push it, or correct its name"
            )
            return _waits(text, waited > patience["image"])
        if reason in _CONFIGURATION:
            text = f"the container cannot be made ({reason}: {message}); check its secret, volumes and image"
            return _waits(text, waited > patience["image"])
    conditions = (pod.get("status") or {}).get("conditions") or []
    for one in conditions:
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            waited = age((pod.get("metadata") or {}).get("creationTimestamp"), now)
            text = f"no node can take it ({one.get('message')}); lower what it needs, free a node or add one"
            return _waits(text, waited > patience["schedule"])
    return None


def _pod_removed(
    job: dict[str, Any], pods: list[dict[str, Any]], gone: Sequence[str], needs: Needs, now: datetime
) -> Status | None:
    """Whether somebody took a pod away: an eviction through the API, a drained node, a person. Kubernetes before 1.25
    starts another pod in its place, which would send its messages under the same numbers; so the attempt ends here."""
    began = (job.get("status") or {}).get("startTime")
    if needs.time_limit and age(began, now) >= needs.time_limit:
        return None  # the Job's own deadline takes the pod away, and the Job will say so in a moment
    leaving = [pod for pod in pods if (pod.get("metadata") or {}).get("deletionTimestamp")]
    taken = [(pod["metadata"].get("name"), _condition(pod, "DisruptionTarget")) for pod in leaving]
    taken += [(name, None) for name in gone]
    if not taken:
        return None
    name, disrupted = taken[0]
    why = f" ({disrupted.get('reason')}: {disrupted.get('message')})" if disrupted else ""
    text = f"its pod {name} was evicted or deleted{why}; run it again, it resumes"
    return Status("failed", text, said_all=True)


def judge(
    job: dict[str, Any] | None,
    pods: list[dict[str, Any]],
    needs: Needs,
    now: datetime | None = None,
    patience: dict[str, float] | None = None,
    refused: str = "",
    gone: Sequence[str] = (),
) -> Status:
    """The state of a worker, from its Job (None: it is gone) and its pods.

    ``patience``: seconds that a missing image (``image``) and a missing place (``schedule``) are waited for. ``refused``:
    why the cluster makes no pods of the Job. ``gone``: names of its pods that were there at an earlier look.
    """
    now, patience = now or datetime.now(UTC), {"image": 120.0, "schedule": 3600.0} | (patience or {})
    if job is None:
        return removed("its Job was deleted")
    if _condition(job, "Complete"):
        return Status("succeeded")
    # The first that failed says why; the other ranks of a training fail because they lost it.
    failures = [found for pod in sorted(pods, key=_ended_at) if (found := _why_pod_failed(pod, needs))]
    if over := _condition(job, "Failed"):
        if over.get("reason") == "DeadlineExceeded":
            return out_of_time(needs)
        if failures:
            return failures[0]
        text = f"its pod is gone ({over.get('message') or over.get('reason')}): evicted, preempted or its node lost"
        return Status("failed", f"{text}; run it again, it resumes", said_all=True)
    if failures and needs.nodes > 1:
        return failures[0]  # the other ranks wait for this one and would do so until their time is over
    if taken := _pod_removed(job, pods, gone, needs, now):
        return taken
    if (job.get("spec") or {}).get("suspend"):
        return Status("waiting", "waits in its queue")
    if refused and not pods:
        waited = age((job.get("metadata") or {}).get("creationTimestamp"), now)
        text = f"its pods cannot be made ({refused}); raise the quota or mend what it names"
        return _waits(text, waited > patience["schedule"])
    waits = [found for pod in pods if (found := _why_waiting(pod, now, patience))]
    waits.sort(key=lambda status: status.state != "failed")
    if waits:
        return waits[0]
    running = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Running"]
    return Status("running") if running else Status("waiting")
