"""The names that Dagster has not made public and that are needed all the same. The exact pin of dagster holds them.

Only ``cli/dev.py``, which ``livecc ui`` alone needs, imports from ``dagster._…`` beside it (``tests/house/test_private_names.py``),
so that a new version is checked in these two places.
"""

from dagster._core.events import RunFailureReason
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._utils.interrupts import capture_interrupts

__all__ = ["GRPC_INFO_TAG", "InstanceRef", "RunFailureReason", "capture_interrupts"]
