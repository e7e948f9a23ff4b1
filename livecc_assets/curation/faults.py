"""Why clips of a training set are out, column by column: faults, and what a set's filter finds in some clips."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from livecc_assets.store.rows import Kind


@dataclass(frozen=True)
class Fault:
    """One reason that keeps clips of a piece out: ``where`` it holds (a mask), ``details`` in words for the rows asked for."""

    kind: Kind
    reason: str
    where: np.ndarray
    details: Callable[[np.ndarray], list[str]]


def unscored(missing: np.ndarray, detail: str) -> Fault:
    """The error of clips that lack a score which the selection asks for."""
    return Fault("error", "no_score", missing, lambda rows: [detail] * len(rows))


@dataclass(frozen=True)
class Findings:
    """What became of a piece's clips: ``faults`` in order, of which the first that holds counts, and score columns."""

    faults: list[Fault]
    scores: dict[str, pa.Array | pa.ChunkedArray]


ClipFilter = Callable[[pa.Table], Findings]


def mask(found: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """A boolean column as a mask; null is false."""
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def numbers(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """(where a column of numbers is null, its values with NaN there)."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    return missing, column.to_numpy(zero_copy_only=False).astype(np.float64)


def first_fault(faults: list[Fault], count: int) -> np.ndarray:
    """For each row the number from 1 of the first fault that holds, 0 for none."""
    first = np.zeros(count, np.int8)
    for number, fault in enumerate(faults, 1):
        first[(first == 0) & fault.where] = number
    return first


def sentences(faults: list[Fault], first: np.ndarray) -> pa.Array:
    """A sentence for each row that is out, in the rows' order."""
    said = np.empty(len(first), object)
    for number, fault in enumerate(faults, 1):
        rows = np.flatnonzero(first == number)
        if len(rows):
            said[rows] = fault.details(rows)
    return pa.array(said[first != 0], pa.string())
