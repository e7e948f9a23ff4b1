"""Words as columns: texts in Arrow, times in numpy, and the numbers at which one video's words end and the next one's begin.

A corpus has billions of words. Taken one by one as Python objects, each costs microseconds before a rule has looked at it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from livecc_assets.core.words import Word
from livecc_assets.store.rows import WORD

#: pyarrow makes these functions when it is imported, where no type checker sees them.
pc: Any = pyarrow.compute
#: Rows of a table that are read at a time, and bytes that are worked on at a time, one row at least.
ROWS, BYTES = 128, 2**23
#: Numbers that are rounded together: what they take in between stays in the processor's cache.
_BLOCK = 2**13


#: Start and end in seconds, and what is said then.
Said = tuple[float, float, str]


@dataclass(frozen=True)
class Timed:
    """Words or caption lines of some videos: those of video v are ``offsets[v]`` to ``offsets[v + 1]`` - 1.

    Times are in seconds, and NaN where there is none.
    """

    offsets: np.ndarray
    start: np.ndarray
    end: np.ndarray
    text: pa.StringArray

    @classmethod
    def of(cls, column: pa.ListArray) -> tuple["Timed", np.ndarray]:
        """(What a list column holds, mask of the items that lack a time or their text). A null list is empty."""
        start, end, text = column.flatten().flatten()
        times = (one.to_numpy(zero_copy_only=False) for one in (start, end))
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        return cls(_offsets(lengths), next(times), next(times), text), nulls(start, end, text)

    @classmethod
    def of_rows(cls, videos: Iterable[Iterable[Said]]) -> tuple["Timed", np.ndarray]:
        """The same of rows. Raises a ``TypeError`` or ``ValueError`` for one that is not (number, number, text)."""
        rows = [[dict(zip(WORD.names, (start, end, text), strict=True)) for start, end, text in one] for one in videos]
        return cls.of(pa.array(rows, pa.list_(WORD)))

    @classmethod
    def of_words(cls, words: Iterable[Word]) -> "Timed":
        """The words of one video. Raises a ``TypeError`` or ``ValueError`` for what is no word with times."""
        found, missing = cls.of_rows([[(word["start"], word["end"], word["word"]) for word in words]])
        if missing.any():
            raise ValueError("a word has no start, no end or no text")
        return found

    def __len__(self) -> int:
        return len(self.start)

    @property
    def counts(self) -> np.ndarray:
        """Number of items of each video."""
        return np.diff(self.offsets)

    def any_of(self, found: np.ndarray) -> np.ndarray:
        """For each video whether a mask holds for one of its items."""
        return np.diff(_offsets(found)[self.offsets]) > 0

    def where(self, kept: np.ndarray) -> "Timed":
        """The items under a mask; every video stays, if without any."""
        if kept.all():
            return self
        before = _offsets(kept)
        return Timed(before[self.offsets], self.start[kept], self.end[kept], self.text.filter(pa.array(kept)))

    def within(self, first: np.ndarray, last: np.ndarray) -> "Timed":
        """The items ``first`` to ``last`` - 1 of each stretch, as if each were a video. The stretches are in order."""
        if not len(first):
            return Timed(np.zeros(1, np.int64), self.start[:0], self.end[:0], self.text[:0])
        new = np.append(True, first[1:] > last[:-1])
        ranges = list(zip(first[new].tolist(), last[np.append(new[1:], True)].tolist(), strict=True))
        start, end = (np.concatenate([column[a:b] for a, b in ranges]) for column in (self.start, self.end))
        text = pa.concat_arrays([self.text.slice(a, b - a) for a, b in ranges])
        return Timed(_offsets(last - first), start, end, text)

    def among(self, others: "Timed") -> "Timed":
        """The items of each video, followed by those that ``others`` has of it."""
        if not len(others):
            return self
        if not len(self):
            return others
        videos = np.concatenate([np.repeat(np.arange(len(one.counts)), one.counts) for one in (self, others)])
        order = np.argsort(videos, kind="stable")
        start, end = np.concatenate([self.start, others.start]), np.concatenate([self.end, others.end])
        text = pa.concat_arrays([self.text, others.text]).take(pa.array(order))
        return Timed(self.offsets + others.offsets, start[order], end[order], text)

    def replaced(self, videos: Mapping[int, Sequence[Said]]) -> "Timed":
        """The same with other items for some videos: for a rule that has to look at a video word by word."""
        if not videos:
            return self
        kept = np.repeat(~np.isin(np.arange(len(self.counts)), list(videos)), self.counts)
        others, _ = self.of_rows(videos.get(v, ()) for v in range(len(self.counts)))
        return self.where(kept).among(others)

    def of_video(self, video: int) -> list[Said]:
        """One video's items."""
        part = slice(*self.offsets[video : video + 2].tolist())
        return list(zip(self.start[part].tolist(), self.end[part].tolist(), self.text[part].to_pylist(), strict=True))

    def as_lists(self, kept: np.ndarray | None = None) -> pa.ListArray:
        """The column of words that tables hold, of the videos under a mask; the others must have none."""
        offsets = self.offsets if kept is None else self.offsets[np.append(kept, True)]
        structs = pa.StructArray.from_arrays([pa.array(self.start), pa.array(self.end), self.text], fields=list(WORD))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs, type=pa.list_(WORD))


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.append(0, np.cumsum(lengths, dtype=np.int64))


def mask(found: pa.Array) -> np.ndarray:
    """A boolean column as a mask; null is false."""
    return found.fill_null(False).to_numpy(zero_copy_only=False)


def nulls(*columns: pa.Array) -> np.ndarray:
    """Mask of the places where a column is null."""
    found = np.zeros(len(columns[0]), bool)
    for column in columns:
        if column.null_count:
            found |= column.is_null().to_numpy(zero_copy_only=False)
    return found


def text_bytes(column: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """(Where each text starts in the bytes, and where the last one ends; the bytes in UTF-8, one of them at least)."""
    _, places, data = column.buffers()
    if not places or not data or not data.size:
        return np.zeros(len(column) + 1, np.int64), np.zeros(1, np.uint8)
    offsets = np.frombuffer(places, np.int32)[column.offset : column.offset + len(column) + 1]
    return offsets.astype(np.int64), np.frombuffer(data, np.uint8)


def tenths(seconds: np.ndarray) -> np.ndarray:
    """Each number rounded to one decimal, as Python's ``round(x, 1)``: by the exact value of the double, ties to even.

    ``np.round`` multiplies by ten first, and that product is itself rounded: it makes 0.2 of 0.15, which lies below the tie.
    """
    rounded = np.empty_like(seconds)
    with np.errstate(invalid="ignore", over="ignore"):
        for low in range(0, len(seconds), _BLOCK):
            rounded[low : low + _BLOCK] = _tenths(seconds[low : low + _BLOCK])
    large = np.flatnonzero(np.abs(seconds) > 2**40)
    rounded[large] = [round(x, 1) for x in seconds[large].tolist()]
    return rounded


def _tenths(seconds: np.ndarray) -> np.ndarray:
    """The error of the product by ten is computed too (an exact two-sum of 8x and 2x), and decides where that is a tie."""
    eight, two = 8 * seconds, 2 * seconds
    ten = eight + two
    nearest = np.rint(ten)
    ties = np.flatnonzero(np.abs(ten - nearest) == 0.5)
    if len(ties):
        high, a, b = ten[ties], eight[ties], two[ties]
        error = b - (high - a)  # as |8x| >= |2x|
        nearest[ties] = np.where(error > 0, np.ceil(high), np.where(error < 0, np.floor(high), nearest[ties]))
    return nearest / 10


def bounded(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, halved until each has up to ``BYTES`` bytes or one row."""
    for batch in batches:
        if batch.num_rows > 1 and batch.nbytes > BYTES:
            half = batch.num_rows // 2
            yield from bounded((batch.slice(0, half), batch.slice(half)))
        elif batch.num_rows:
            yield batch


def one_by_one(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Each row as a batch of its own; a column that it lacks is null."""
    for row in rows:
        yield pa.RecordBatch.from_pylist([dict(row)], schema)
