"""Which ends of a worker are worth another try: those of its place, not those of its inputs or its needs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from livecc_assets.core.errors import EXIT_USER_ERROR
from resources.launchers.base import Needs
from resources.launchers.verdict import judge

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def failed(reason: str = "BackoffLimitExceeded") -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": reason}]}}


def pod(state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    long_ago = (NOW - timedelta(hours=2)).isoformat()
    containers = [{"image": "livecc/x:1", "state": state}] if state else []
    return {
        "metadata": {"creationTimestamp": long_ago},
        "status": {"phase": "Failed", "containerStatuses": containers} | status,
    }


def ended(code: int, reason: str = "Error") -> dict[str, Any]:
    return pod({"terminated": {"exitCode": code, "reason": reason}})


UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]
PASSING = {
    "evicted": (failed(), [pod(reason="Evicted")]),
    "its pod gone": (failed(), []),
    "its job deleted": (None, []),
    "killed": (failed(), [ended(137)]),
    "its own exit": (failed(), [ended(1)]),
}
FINAL = {
    "a mistake": (failed(), [ended(EXIT_USER_ERROR)]),
    "out of memory": (failed(), [ended(137, "OOMKilled")]),
    "cannot start": (failed(), [ended(128, "StartError")]),
    "past its time": (failed("DeadlineExceeded"), []),
    "no image": ({}, [pod({"waiting": {"reason": "ErrImagePull"}}, phase="Pending")]),
    "no secret": ({}, [pod({"waiting": {"reason": "CreateContainerConfigError"}}, phase="Pending")]),
    "no node": ({}, [pod(phase="Pending", conditions=UNSCHEDULABLE)]),
}


@pytest.mark.parametrize("how", PASSING)
def test_what_befell_the_worker_may_pass(how: str) -> None:
    status, pods = PASSING[how]
    found = judge(status, pods, Needs(), NOW)
    assert (found.state, found.final) == ("failed", False)


@pytest.mark.parametrize("how", FINAL)
def test_what_lies_in_its_inputs_or_needs_does_not(how: str) -> None:
    status, pods = FINAL[how]
    found = judge(status, pods, Needs(), NOW)
    assert (found.state, found.final) == ("failed", True)
