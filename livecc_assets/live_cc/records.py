"""Training records as one JSON array a line with a seek index (method 1.11): written, and read from published files.

A record is a conversation: the user's turn names video, range, query and context, the assistant's turn is the stream
of timed words. Times are absolute in the source video. The file's last line lists where every record starts.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import first_fault
from livecc_assets.core.rules import Rule
from livecc_assets.core.shortage import writing
from livecc_assets.core.text import LONGEST_TITLE, plain_line
from livecc_assets.core.word_times import WordListError, sound_words
from livecc_assets.store.videos import AddressOf, own_path

Conversation = list[dict[str, Any]]


def to_record(row: dict[str, Any], address_of: AddressOf = own_path) -> Conversation:
    """A row of ``live_cc`` or ``live_whisperx`` as a conversation, which names the video by its address."""
    text = {"type": "text", "text": row.get("query") or "", "previous": row.get("previous") or row.get("preasr") or ""}
    video = {"type": "video", "video": address_of(row), "video_start": row["start"], "video_end": row["end"]}
    stream = [[word["start"], word["end"], word["word"]] for word in row["words"]]
    return [
        {"role": "user", "content": [video, {**text, "title": row["title"], "category": row["category"]}]},
        {"role": "assistant", "content": [{"type": "text_stream", "text_stream": stream}]},
    ]


def from_record(record: Conversation, rule: Rule = "corrected") -> dict[str, Any]:
    """A published record as a row: video_id, batch (none: ""), path, start, end, query, previous, title, category, words.

    ``released`` takes the words as they stand. ``corrected`` makes them sound, and the column ``words_mended`` counts by kind
    what that took, where it took something. Raises ``ValueError`` for a line that is no such conversation, and for words
    none of which has a time.
    """
    try:
        user, assistant = record
        video, text = user["content"]
        (stream,) = assistant["content"]
        video_id = Path(video["video"]).stem
        if fault := first_fault(video_id=video_id):
            raise ValueError(fault)
        words: list[Any] = [{"start": s, "end": e, "word": w} for s, e, w in stream["text_stream"]]
        counts: dict[str, int] = {}
        if rule == "corrected":
            heard = sound_words(words)
            words, counts = list(heard.words), heard.counts
        row = {
            "video_id": video_id,
            "batch": "",
            "path": video["video"],
            "start": video["video_start"],
            "end": video["video_end"],
            "query": text["text"],
            "previous": text.get("previous", ""),
            "title": plain_line(text.get("title") or "")[:LONGEST_TITLE],
            "category": text.get("category"),
            "words": words,
        }
        return row | ({"words_mended": counts} if counts else {})
    except (AttributeError, KeyError, TypeError, ValueError, WordListError) as error:
        raise ValueError(f"not a record of video, text and text_stream: {type(error).__name__}: {error}") from error


def from_preview(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the published preview file, whose words are JSON inside a string, in the form of :func:`from_record`."""
    content = [
        {"type": "video", "video": row["video"], "video_start": row["video_start"], "video_end": row["video_end"]},
        {"type": "text", "text": row["query"]},
    ]
    stream = [{"type": "text_stream", "text_stream": json.loads(row["text_stream"])}]
    return from_record([{"role": "user", "content": content}, {"role": "assistant", "content": stream}])


def write_records(
    rows: Iterable[dict[str, Any]], path: Path, rule: Rule = "corrected", address_of: AddressOf = own_path
) -> int:
    """Write rows as records and return how many.

    ``corrected`` writes UTF-8 and counts bytes; ``released`` escapes every letter beyond ASCII, as the published
    writer does, so that its character counts happen to be byte counts. The file appears whole or not at all.
    """
    offsets, position = [], 0
    draft = path.with_name(f".{path.name}.draft")
    try:
        with writing(path), draft.open("wb") as file:
            for row in rows:
                line = json.dumps(to_record(row, address_of), ensure_ascii=rule == "released").encode() + b"\n"
                offsets.append(position)
                position += file.write(line)
            file.write(json.dumps(offsets).encode())  # no newline at the end: readers look for the last one before it
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return len(offsets)


class RecordFile:
    """Random access to the records of a file with a seek index; a context manager.

    The index may count bytes or characters. Character counts are wrong as soon as one letter takes two bytes; then
    the records' starts are found by reading the file once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            self.offsets = self._read_index()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "RecordFile":
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> Conversation:
        self._file.seek(self.offsets[index])
        return json.loads(self._file.readline())

    def __iter__(self) -> Iterator[Conversation]:
        for index in range(len(self)):
            yield self[index]

    def _read_index(self) -> list[int]:
        """Offsets in bytes of all records. Raises :class:`UserError` when the last line is no index."""
        start = self._last_line()
        self._file.seek(start)
        try:
            offsets = json.loads(self._file.read())
        except ValueError:
            offsets = None
        if not isinstance(offsets, list) or not all(type(offset) is int for offset in offsets):
            raise UserError(f"{self.path}: its last line is no seek index; write the file again with one")
        if not offsets or self._is_start(offsets[-1], start):
            return offsets
        return self._scan(len(offsets), start)

    def _last_line(self, block: int = 1 << 16) -> int:
        """Where the last line starts; a newline at the very end is not counted."""
        position = end = self._file.seek(0, 2)
        tail = b""
        while position > 0:
            step = min(block, position)
            position -= step
            self._file.seek(position)
            tail = self._file.read(step)
            found = tail.rstrip(b"\n").rfind(b"\n") if position + step == end else tail.rfind(b"\n")
            if found >= 0:
                return position + found + 1
        return 0

    def _is_start(self, last_offset: int, index_start: int) -> bool:
        """Whether the index's last entry, taken as bytes, is where the last record starts.

        Counts only ever fall behind bytes, so if the last entry is right, all are.
        """
        if not 0 <= last_offset < index_start:
            return False
        self._file.seek(max(0, last_offset - 1))
        before = self._file.read(1) if last_offset else b"\n"
        self._file.seek(last_offset)
        return before == b"\n" and last_offset + len(self._file.readline()) == index_start

    def _scan(self, count: int, index_start: int) -> list[int]:
        offsets, position = [], 0
        self._file.seek(0)
        while position < index_start:
            offsets.append(position)
            position += len(self._file.readline())
        if len(offsets) != count:
            raise UserError(f"{self.path}: its seek index lists {count} records, the file holds {len(offsets)}")
        return offsets
