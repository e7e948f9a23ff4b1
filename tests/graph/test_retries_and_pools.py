"""Which steps wait for a slot, which failures are tried again, and by whom."""

import json
import os
import signal
import time
from typing import Any

import dagster as dg
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.core.processes import PROCESS, this_process
from livecc_assets.orchestration import declare
from livecc_assets.orchestration.steps import STEPS
from livecc_assets.runtime.forked import Worker
from resources.launchers.client import Launcher
from resources.launchers.local import LocalLauncher

#: Workers that run a small model on the CPU, or none.
WITHOUT_GPU = {"yt_cc_source", "language_scores"}


def op_of(asset: str) -> dg.OpDefinition:
    from livecc_assets.definitions import defs

    return defs.resolve_assets_def(asset).op


def test_steps_that_ask_the_judge_or_the_query_writer_are_in_its_pool_and_models_in_that_of_the_gpus() -> None:
    pools = {step.asset: op_of(step.asset).pool for step in STEPS}
    assert {name for name, pool in pools.items() if pool == "judge"} == {"commentary_queries", "livesports_judgements"}
    workers = {step.asset for step in STEPS if step.worker}
    assert {name for name, pool in pools.items() if pool is None} == {
        one.asset for one in STEPS
    } - workers | WITHOUT_GPU


def test_every_worker_step_owns_its_retries_and_no_other_step_has_any() -> None:
    for step in STEPS:
        policy = op_of(step.asset).retry_policy
        assert (policy is not None) == (step.worker is not None), step.asset
        if policy:
            assert policy == dg.RetryPolicy(2, 30, dg.Backoff.EXPONENTIAL, dg.Jitter.PLUS_MINUS)


def test_the_pod_of_a_step_is_sized_on_the_op_and_a_waiting_one_is_small() -> None:
    for step in STEPS:
        resources = json.loads(op_of(step.asset).tags["dagster-k8s/config"])["container_config"]["resources"]
        assert resources == (declare.WAITING if step.worker else declare.WORKING)


def test_how_often_is_a_setting_and_nonsense_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    (step,) = [one for one in STEPS if one.asset == "livecc_base"]
    monkeypatch.setenv("LIVECC_RETRIES", "0")
    policy = declare.retry_policy(step)
    assert policy is not None and policy.max_retries == 0
    monkeypatch.setenv("LIVECC_RETRIES", "often")
    with pytest.raises(UserError, match="LIVECC_RETRIES=often"):
        declare.retry_policy(step)


class Unlucky(Launcher):
    """Loses the first workers, then runs them here."""

    def __init__(self, failures: list[BaseException]) -> None:
        self.failures, self.tries = failures, 0

    def dispatch(self, context: Any, job: Any) -> dg.PipesClientCompletedInvocation:
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return LocalLauncher().dispatch(context, job)


@pytest.fixture
def unlucky(world, monkeypatch: pytest.MonkeyPatch) -> Any:
    def of(*failures: BaseException) -> Unlucky:
        launcher = Unlucky(list(failures))
        monkeypatch.setattr("resources.livecc.make_launcher", lambda options: launcher)
        monkeypatch.setattr(declare, "RETRY_DELAY", 0.05)
        monkeypatch.delenv("LIVECC_RETRIES")
        world.batch("a", [1, 2])
        return launcher

    return of


def test_a_worker_that_was_lost_is_started_again_by_the_steps_own_policy(world, unlucky) -> None:
    launcher = unlucky(dg.Failure("its node was lost"), dg.Failure("its node was lost"))
    result = world.run("numbers", "doubled", partition="a")
    assert result.success
    assert launcher.tries == 3
    assert [row["value"] for row in world.store.current("doubled", "a").rows()] == [2, 4]


def test_a_forced_step_that_is_tried_again_after_its_commit_serves_what_it_made(world, unlucky) -> None:
    launcher = unlucky()
    assert world.run("numbers", "doubled", partition="a").success
    dispatch, told = launcher.dispatch, []

    def run_and_stumble(context: Any, job: Any) -> None:
        dispatch(context, job)
        told.append(job.made())
        raise dg.Failure("what it left could not be cleared away")

    launcher.dispatch = run_and_stumble
    assert world.run("doubled", partition="a", tags={"livecc/force": "doubled"}).success
    assert told == [True]
    assert world.calls().count("doubled") == 2, "once at first and once by force"


def test_a_worker_that_is_lost_each_time_fails_the_step_with_the_last_words(world, unlucky) -> None:
    launcher = unlucky(*[dg.Failure(f"lost the {number}th time") for number in range(5)])
    result = world.run("numbers", "doubled", partition="a")
    assert not result.success
    assert launcher.tries == 3
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert event.step_failure_data.user_failure_data.description == "lost the 2th time"


def test_failing_at_the_first_time_is_a_setting(world, unlucky, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = unlucky(dg.Failure("its node was lost"))
    monkeypatch.setenv("LIVECC_RETRIES", "0")
    assert not world.run("numbers", "doubled", partition="a").success
    assert launcher.tries == 1


def test_what_trying_again_cannot_mend_fails_at_once(world, unlucky) -> None:
    launcher = unlucky(dg.Failure("image livecc/absent:1 cannot be pulled", allow_retries=False))
    assert not world.run("numbers", "doubled", partition="a").success
    assert launcher.tries == 1


def test_a_step_that_is_interrupted_elsewhere_is_tried_again(world, unlucky) -> None:
    launcher = unlucky(dg.DagsterExecutionInterruptedError())  # the pod of a step is evicted
    assert world.run("numbers", "doubled", partition="a").success
    assert launcher.tries == 2


@pytest.mark.parametrize("signal", [dg.DagsterExecutionInterruptedError, KeyboardInterrupt])
def test_ctrl_c_ends_a_run_of_this_process_and_tries_nothing_again(world, unlucky, signal: type[BaseException]) -> None:
    launcher = unlucky(signal())
    result = world.run("numbers", "doubled", partition="a", tags={PROCESS: this_process()})
    assert not result.success and launcher.tries == 1


def test_a_second_signal_does_not_save_a_worker_that_heeds_no_first(world, monkeypatch) -> None:
    world.batch("a", [1])
    sent: list[int] = []

    class Stuck(Worker):
        def wait(self, timeout: float | None = None) -> int:
            if timeout is None:  # the first signal
                raise dg.DagsterExecutionInterruptedError
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
            raise TimeoutError

        def send_signal(self, number: int) -> None:
            sent.append(number)
            super().send_signal(signal.SIGKILL)

    monkeypatch.setattr("resources.launchers.local.Worker", Stuck)
    assert not world.run("numbers", "doubled", partition="a", tags={PROCESS: this_process()}).success
    assert sent == [signal.SIGTERM, signal.SIGKILL]


def test_a_cancelled_step_is_not_tried_again_and_the_run_counts_as_cancelled(world, unlucky) -> None:
    launcher = unlucky()

    def cancelled(context: Any, job: Any) -> None:
        launcher.tries += 1
        context.instance.report_run_canceling(context.run)
        raise dg.DagsterExecutionInterruptedError

    launcher.dispatch = cancelled
    result = world.run("numbers", "doubled", partition="a")
    assert launcher.tries == 1
    assert world.instance.get_run_by_id(result.run_id).status == dg.DagsterRunStatus.CANCELED
    (event,) = [event for event in result.all_events if event.is_step_failure]
    # By these names Dagster's executors tell an end from an error.
    known = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}
    assert event.step_failure_data.error.cls_name in known


def test_a_worker_of_this_machine_that_fails_is_not_tried_again(world, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVECC_RETRIES")
    world.batch("a", [1])
    (world.home / "trouble.txt").write_text("the disk is made of cheese")
    assert not world.run("numbers", "doubled", partition="a").success
    assert world.calls() == ["numbers", "doubled"], "the default pause of 30 s would show, too"


def test_a_mistake_that_its_user_can_mend_ends_the_worker_with_one_line_and_its_own_exit_code(world) -> None:
    world.batch("a", [1])
    (world.home / "mistake.txt").write_text("write the key into the profile")
    result = world.run("numbers", "doubled", partition="a")
    (event,) = [event for event in result.all_events if event.is_step_failure]
    told = event.step_failure_data.user_failure_data.description
    assert told == "doubled[a]: write the key into the profile"
