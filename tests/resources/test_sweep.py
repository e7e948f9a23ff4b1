"""Which workers are orphans, and the sensor that removes them."""

from typing import Any

import dagster as dg
import pytest

from jobs.sweep import sweep_workers
from resources.launchers.status import Found
from resources.launchers.sweep import ADOPTABLE_SECONDS, Owner, orphans
from resources.launchers.watchers import tag, watch
from tests.resources.process_place import ProcessPlace

STATUS = dg.DagsterRunStatus


@pytest.mark.parametrize(
    ("owners", "swept"),
    [
        ([(STATUS.CANCELED, 5.0)], True),
        ([(STATUS.CANCELED, None)], True),
        ([(STATUS.FAILURE, 5.0)], False),
        ([(STATUS.FAILURE, ADOPTABLE_SECONDS + 1)], True),
        ([(STATUS.STARTED, None)], False),
        ([(STATUS.CANCELING, None)], False),
        ([(STATUS.CANCELED, 5.0), (STATUS.STARTED, None)], False),
        ([(STATUS.FAILURE, ADOPTABLE_SECONDS + 1), (STATUS.STARTED, None)], False),
        ([(STATUS.FAILURE, ADOPTABLE_SECONDS + 1), (STATUS.CANCELED, 5.0)], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("ended", [False, True])
def test_a_worker_is_swept_when_nobody_will_come_back_for_it(owners: Any, swept: bool, ended: bool) -> None:
    worker = Found("w", "id", "attempt", ended)
    runs = [Owner(f"run-{number}", *one) for number, one in enumerate(owners)]
    assert [one for one, _ in orphans([worker], lambda found: runs)] == ([worker] if swept else [])


class StubbornPlace(ProcessPlace):
    """Refuses to remove the first of its workers."""

    def delete(self, found: Found, wait: bool = True) -> None:
        if found.name == "first":
            raise RuntimeError("it stays")
        self.deleted.append(found.name)

    def workers(self) -> list[Found]:
        return [Found(name, name, f"attempt-of-{name}") for name in ("first", "second", "adopted", "unknown")]


def test_the_sensor_removes_what_is_left_of_cancelled_runs_and_spares_what_another_run_adopted(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = StubbornPlace(tmp_path / "place")
    monkeypatch.setattr("resources.launchers.make_launcher", lambda options: place)
    with dg.DagsterInstance.ephemeral() as instance:
        for run_id, status in (("gone", STATUS.CANCELED), ("alive", STATUS.STARTED)):
            instance.add_run(dg.DagsterRun("train", run_id, status=status))
        for name in ("first", "second", "adopted"):
            watch(instance, "gone", name, f"attempt-of-{name}")
            watch(instance, "gone", "adopted", "attempt-of-adopted")
        watch(instance, "alive", "adopted", "attempt-of-adopted")
        gone = instance.get_run_by_id("gone")
        assert gone is not None
        assert gone.tags[tag("second")] == "attempt-of-second"
        outcome = sweep_workers(dg.build_sensor_context(instance))
        assert isinstance(outcome, dg.SkipReason)
        said = str(outcome.skip_message)
    assert place.deleted == ["second"]
    assert "first cannot be removed: it stays" in said
    assert "removed second: its run gone was cancelled" in said
