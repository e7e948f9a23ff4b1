"""Rows of a stream that mixes kept and rejected ones, told apart for assertions about either."""

from collections.abc import Iterable
from typing import TypeVar

from livecc_assets.store.rows import Rejected

Row = TypeVar("Row")


def kept(rows: Iterable[Row | Rejected]) -> list[Row]:
    """All rows; none may have been rejected."""
    found: list[Row] = []
    for row in rows:
        assert not isinstance(row, Rejected), row
        found.append(row)
    return found


def rejected(rows: Iterable[object]) -> list[Rejected]:
    """All rows; each must have been rejected."""
    found: list[Rejected] = []
    for row in rows:
        assert isinstance(row, Rejected), row
        found.append(row)
    return found
