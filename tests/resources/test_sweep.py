"""Which workers are orphans."""

import dagster as dg
import pytest

from resources.launchers.remote import Found
from resources.launchers.sweep import ADOPTABLE_SECONDS, Owner, orphans

STATUS = dg.DagsterRunStatus


@pytest.mark.parametrize(
    ("owner", "ended", "swept"),
    [
        (Owner(STATUS.CANCELED, 5.0), False, True),
        (Owner(STATUS.CANCELED, 5.0), True, True),
        (Owner(STATUS.FAILURE, 5.0), True, False),
        (Owner(STATUS.FAILURE, ADOPTABLE_SECONDS + 1), True, True),
        (Owner(STATUS.FAILURE, 5.0), False, False),
        (Owner(STATUS.FAILURE, ADOPTABLE_SECONDS + 1), False, True),
        (Owner(STATUS.STARTED, None), False, False),
        (Owner(STATUS.CANCELING, None), False, False),
        (None, False, False),
    ],
)
def test_a_worker_is_swept_when_nobody_will_come_back_for_it(owner, ended, swept):
    found = list(orphans([Found("w", "", "r", ended)], lambda run_id: owner))
    assert [name for name, _ in found] == (["w"] if swept else [])
