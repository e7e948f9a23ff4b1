"""Each way in which a pod fails has words of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resources.launchers.base import Job, Needs
from resources.launchers.kubernetes import KubernetesLauncher
from resources.launchers.status import Found
from resources.launchers.verdict import judge

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NEEDS = Needs(memory="2Gi", time_limit=60)
FAILED = {
    "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}]}
}

DONE = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}


def pod(phase="Pending", minutes=0.0, container=None, **status):
    made = (NOW - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    containers = [{"image": "livecc/x:1", "state": container}] if container else []
    return {
        "metadata": {"creationTimestamp": made},
        "status": {"phase": phase, "containerStatuses": containers} | status,
    }


def ended(code, reason="Error", **state):
    return {"terminated": {"exitCode": code, "reason": reason} | state}


def waiting(reason):
    return {"waiting": {"reason": reason, "message": "the registry said no"}}


PREEMPTED = [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes: Insufficient nvidia.com/gpu"}]


@pytest.mark.parametrize(
    ("job", "pods", "state", "words"),
    [
        ({}, [], "waiting", ""),
        ({}, [pod("Running")], "running", ""),
        ({"spec": {"suspend": True}}, [], "waiting", "waits in its queue"),
        (DONE, [], "succeeded", ""),
        (None, [], "failed", "deleted by somebody else"),
        (FAILED, [pod("Failed", container=ended(137, "OOMKilled"))], "failed", "out of memory (OOM killed at 2Gi)"),
        (FAILED, [pod("Failed", container=ended(3))], "failed", "exit code 3"),
        (FAILED, [pod("Failed", container=ended(137))], "failed", "exit code 137 (killed)"),
        (FAILED, [pod("Failed", reason="Evicted", message="low on disk")], "failed", "preempted (Evicted: low on disk"),
        (FAILED, [], "failed", "its pod is gone"),
        ({}, [pod(container=waiting("ErrImagePull"))], "waiting", "image livecc/x:1 cannot be pulled"),
        ({}, [pod(minutes=3, container=waiting("ImagePullBackOff"))], "failed", "push it, or correct its name"),
        ({}, [pod(minutes=3, container=waiting("CreateContainerConfigError"))], "failed", "check its secret"),
        ({}, [pod(minutes=1, conditions=UNSCHEDULABLE)], "waiting", "Insufficient nvidia.com/gpu"),
        ({}, [pod(minutes=61, conditions=UNSCHEDULABLE)], "failed", "no node can take it"),
        (
            {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}},
            [pod("Failed", container=ended(143))], "failed", "time limit of 60 s",
        ),
        (
            FAILED,
            [pod("Failed", container=ended(143), conditions=PREEMPTED)],
            "failed", "PreemptionByScheduler",
        ),
    ],
)  # fmt: skip
def test_states_and_words(job, pods, state, words):
    found = judge(job, pods, NEEDS, NOW)
    assert found.state == state
    assert words in found.news


def test_one_failed_rank_ends_the_others_that_would_wait_for_it():
    pods = [pod("Running"), pod("Failed", container=ended(1))]
    assert judge({}, pods, Needs(nodes=2), NOW).state == "failed"


def test_the_rank_that_failed_first_says_why():
    times = ("2026-01-01T11:59:31Z", "2026-01-01T11:59:30Z")
    pods = [pod("Failed", container=ended(code, finishedAt=at)) for code, at in zip((1, 137), times, strict=True)]
    assert "exit code 137" in judge({}, [pod("Running"), *pods], Needs(nodes=3), NOW).news


def test_a_pod_that_is_taken_away_ends_the_attempt_unless_its_deadline_did_it():
    leaving = pod("Running")
    leaving["metadata"] |= {"name": "toy-x", "deletionTimestamp": "2026-01-01T12:00:00Z"}
    found = judge({}, [leaving], NEEDS, NOW)
    assert found.state == "failed"
    assert "its pod toy-x was evicted or deleted" in found.news
    began = {"status": {"startTime": (NOW - timedelta(seconds=61)).isoformat()}}
    assert judge(began, [leaving], NEEDS, NOW).state != "failed"
    assert judge(DONE, [leaving], NEEDS, NOW).state == "succeeded"


def test_a_pod_that_went_between_two_looks_ends_the_attempt_whatever_takes_its_place():
    api: Any = object()
    launcher, worker = KubernetesLauncher({}, api), Found("toy", "job-uid", "attempt")
    launcher.cluster.job = lambda name: {"metadata": {"uid": "job-uid"}}
    states = []
    for uid in ("first", "first", "second"):
        one = pod("Running")
        one["metadata"] |= {"name": f"toy-{uid}", "uid": uid, "ownerReferences": [{"uid": "job-uid"}]}
        launcher.cluster.pods = lambda name, one=one: [one]
        states.append(launcher.look(Job("toy", "toy", "toy"), worker))
    assert [one.state for one in states] == ["running", "running", "failed"]
    assert "its pod toy-first was evicted or deleted" in states[-1].news
    began = {"status": {"startTime": (NOW - timedelta(seconds=61)).isoformat()}}
    assert judge(began, [], NEEDS, NOW, gone=["toy-first"]).state != "failed", "its deadline took it"
    assert judge(DONE, [], NEEDS, NOW, gone=["toy-first"]).state == "succeeded"


def test_a_live_preemption_is_told_in_the_schedulers_words():
    leaving = pod("Running", conditions=[PREEMPTED[0] | {"message": "to make room for prod"}])
    leaving["metadata"] |= {"name": "toy-x", "deletionTimestamp": "2026-01-01T12:00:00Z"}
    assert "(PreemptionByScheduler: to make room for prod)" in judge({}, [leaving], NEEDS, NOW).news


def test_a_pod_that_its_node_turns_away_is_told_with_the_nodes_reason():
    turned_away = pod("Failed", reason="UnexpectedAdmissionError", message="no healthy device nvidia.com/gpu")
    found = judge(FAILED, [turned_away], NEEDS, NOW)
    assert "turned the pod away (UnexpectedAdmissionError: no healthy device" in found.news
    assert not found.final


def test_a_job_whose_pods_are_refused_says_why_and_is_given_up_in_the_end():
    made = {"metadata": {"creationTimestamp": (NOW - timedelta(minutes=2)).isoformat()}}
    said = 'pods "x" is forbidden: exceeded quota'
    found = judge(made, [], NEEDS, NOW, refused=said)
    assert (found.state, said in found.news) == ("waiting", True)
    assert judge(made, [], NEEDS, NOW, {"schedule": 60}, refused=said).state == "failed"
    assert judge(made, [pod("Running")], NEEDS, NOW, refused=said).state == "running"


def test_the_wait_for_a_node_is_not_counted_against_the_image():
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": (NOW - timedelta(seconds=5)).isoformat()}
    late = pod(minutes=10, container=waiting("ErrImagePull"), conditions=[placed])
    assert judge({}, [late], NEEDS, NOW).state == "waiting"


def test_patience_is_a_setting():
    stuck = pod(minutes=1, conditions=UNSCHEDULABLE)
    assert judge({}, [stuck], NEEDS, NOW, {"schedule": 10}).state == "failed"
