"""The names that Dagster has not made public and that are needed all the same. The exact pin of dagster holds them.

No other module may import from ``dagster._…`` (``tests/house/test_private_names.py``), so that a new version is checked here.
"""

from dagster._core.events import RunFailureReason
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._utils.interrupts import capture_interrupts

__all__ = ["GRPC_INFO_TAG", "InstanceRef", "RunFailureReason", "capture_interrupts"]
