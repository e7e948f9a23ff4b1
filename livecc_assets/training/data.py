"""The training mixture: concatenated sources, seeded shuffle, sequences built ahead of the trainer (method 2.6).

A row that cannot be used is skipped, counted and reported with its reason; above the limit training stops. The published
loader replaces it by a random other row instead and says nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.models.qwen2_vl import Processor
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import AddressOf
from livecc_assets.training.interleave import UnusableClipError
from livecc_assets.training.sequence import (
    SequenceOptions,
    TrainingSequence,
    build_sequence,
    instruction_sequence,
)

#: Reasons of UnusableClipError that are breakage; the others are the method's own limits.
_ERROR_REASONS = frozenset({"malformed", "malformed_words", "no_word_times"})


class Rows(Protocol):
    """Anything with a length and rows by index."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Source:
    """Rows of one artifact and how to read them: as clips (``words``) or as conversations.

    ``address_of`` gives the address of a clip's video, ``root`` the folder or prefix of the conversations' media.
    """

    name: str
    rows: Rows
    address_of: AddressOf
    conversations: bool = False
    root: str = ""


@dataclass(frozen=True)
class Sample:
    """A sequence and its index in the mixture."""

    index: int
    sequence: TrainingSequence


class Mixture:
    """All samples of a stage by one index: plain concatenation, with each clip twice under the paradigm ``both``."""

    def __init__(self, sources: Sequence[Source], processor: Processor, options: SequenceOptions) -> None:
        self.processor, self.options = processor, options
        self._parts: list[tuple[Source, bool]] = []
        for source in sources:
            if source.conversations or options.paradigm != "caption":
                self._parts.append((source, False))
            if not source.conversations and options.paradigm != "streaming":
                self._parts.append((source, True))
        self._ends = np.cumsum([len(source.rows) for source, _ in self._parts], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def _locate(self, index: int) -> tuple[Source, bool, dict[str, Any]]:
        number = int(np.searchsorted(self._ends, index, side="right"))
        source, caption = self._parts[number]
        return source, caption, source.rows[index - (int(self._ends[number - 1]) if number else 0)]

    def build(self, index: int) -> TrainingSequence | Rejected:
        """The sequence at ``index``, or why there is none."""
        source, caption, row = self._locate(index)
        try:
            if source.conversations:
                return instruction_sequence(row, self.processor, self.options, source.root)
            return build_sequence(row, source.address_of, self.processor, self.options, caption)
        except MediaError as error:
            kind, reason, detail = "error", error.reason, error.detail
        except UnusableClipError as error:
            kind = "error" if error.reason in _ERROR_REASONS else "filtered"
            reason, detail = error.reason, error.detail
        row_id = row.get("clip_id") or row.get("sample_id") or f"{source.name}:{index}"
        return Rejected(row_id, kind, reason, detail, row.get("video_id") or "")


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order of an epoch: a permutation that depends on nothing else."""
    return np.random.Generator(np.random.PCG64([seed, epoch])).permutation(count)


def positions_from(count: int, seed: int, start: int, stride: int) -> Iterator[tuple[int, int]]:
    """Endless (position, sample index) from ``start`` in steps of ``stride`` over the epochs laid end to end."""
    epoch, order = -1, np.empty(0, dtype=np.int64)
    position = start
    while True:
        if position // count != epoch:
            epoch = position // count
            order = epoch_order(count, seed, epoch)
        yield position, int(order[position % count])
        position += stride


@dataclass
class Cursor:
    """How far one rank has read: its next position, and the samples that it found unusable. Saved for resuming."""

    position: int
    rejected: dict[int, Rejected] = field(default_factory=dict)


class Loader:
    """Usable samples of one rank in order, built ahead by threads (decoding releases the interpreter).

    ``cursor`` advances with each sample handed out, not with those built ahead. Sequences that ``keep`` put aside are not
    built again. Raises UserError when errors exceed ``error_limit`` of the mixture, or nothing is usable.
    """

    def __init__(
        self,
        mixture: Mixture,
        seed: int,
        cursor: Cursor,
        stride: int = 1,
        workers: int = 1,
        error_limit: float = 0.05,
        on_reject: Callable[[Rejected], None] | None = None,
    ) -> None:
        if not len(mixture):
            raise UserError("the training set is empty: loosen the selection's thresholds or add videos")
        self.mixture, self.cursor, self.seed, self.stride = mixture, cursor, seed, stride
        self._error_limit, self._on_reject = error_limit, on_reject or (lambda rejected: None)
        self._kept: dict[int, TrainingSequence] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sequence")
        self._ahead: deque[tuple[int, int, Future[TrainingSequence | Rejected]]] = deque()
        self._positions = positions_from(len(mixture), seed, cursor.position, stride)
        self._depth = workers * 2

    def keep(self, index: int, sequence: TrainingSequence) -> None:
        """Hand out ``sequence`` for ``index`` from now on."""
        self._kept[index] = sequence

    def _build(self, index: int) -> TrainingSequence | Rejected:
        return self._kept.get(index) or self.mixture.build(index)

    def __iter__(self) -> Iterator[Sample]:
        return self

    def __next__(self) -> Sample:
        while True:
            while len(self._ahead) < self._depth:
                position, index = next(self._positions)
                if index in self.cursor.rejected:
                    if len(self.cursor.rejected) >= len(self.mixture):
                        raise UserError(
                            f"none of {len(self.mixture)} training rows can be used: see the rejected table"
                        )
                    continue
                self._ahead.append((position, index, self._pool.submit(self._build, index)))
            position, index, future = self._ahead.popleft()
            built = future.result()
            self.cursor.position = position + self.stride
            if isinstance(built, TrainingSequence):
                return Sample(index, built)
            if index not in self.cursor.rejected:
                self._reject(index, built)

    def _reject(self, index: int, rejected: Rejected) -> None:
        self.cursor.rejected[index] = rejected
        self._on_reject(rejected)
        errors = sum(one.kind == "error" for one in self.cursor.rejected.values())
        if errors > self._error_limit * len(self.mixture):
            raise UserError(
                f"{errors} of {len(self.mixture)} training rows are in error (limit {self._error_limit:.0%}), "
                f"the last one {rejected.id}: {rejected.detail}"
            )

    def close(self) -> None:
        """Stop building ahead."""
        self._pool.shutdown(wait=True, cancel_futures=True)
