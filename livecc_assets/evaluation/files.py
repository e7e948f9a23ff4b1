"""Reading benchmark files that others publish: JSON, JSON lines, CSV or Parquet, gzipped or not; errors name file and line."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import first_fault
from livecc_assets.core.text import sound_values


def read_records(path: Path) -> list[dict[str, Any]]:
    """All records of a benchmark file, by its suffix (.json, .jsonl, .csv, .parquet; .json may hold JSON lines; .gz beside)."""
    if not path.is_file():
        raise UserError(f"{path}: no such benchmark file; set its path in the profile")
    packed = path.suffix.lower() == ".gz"
    suffix = path.with_suffix("").suffix.lower() if packed else path.suffix.lower()
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path).to_pylist()
    try:
        text = (gzip.decompress(path.read_bytes()) if packed else path.read_bytes()).decode("utf-8")
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({error}); download it again") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a UTF-8 text file ({error}); expected JSON, JSON lines or CSV") from error
    if suffix == ".csv":
        return list(csv.DictReader(text.splitlines(keepends=True)))
    return _json(path, text)


def _json(path: Path, text: str) -> list[dict[str, Any]]:
    if text.lstrip().startswith("["):
        try:
            records = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}: not valid JSON ({error}); download it again") from error
    else:
        records = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    records.append(json.loads(line))
                except (ValueError, RecursionError) as error:
                    raise UserError(f"{path} line {number}: not valid JSON ({error}); download it again") from error
    if not all(isinstance(record, dict) for record in records):
        raise UserError(f"{path}: expected a list of JSON objects; this is another format")
    return sound_values(records)


def require_columns(path: Path, records: list[dict[str, Any]], columns: Iterable[str], remedy: str) -> None:
    """Raise UserError unless every record has every column; names what is missing and in how many records."""
    if not records:
        raise UserError(f"{path}: holds no records; {remedy}")
    for column in columns:
        without = sum(column not in record for record in records)
        if without:
            raise UserError(f"{path}: {without} of {len(records)} records lack {column!r}; {remedy}")


def require_ids(path: Path, records: list[dict[str, Any]], columns: Iterable[str]) -> None:
    """Raise UserError for the first record with a bad id in one of the columns; for files that are used whole or not at all."""
    names = tuple(columns)
    for number, record in enumerate(records, start=1):
        if fault := first_fault(**{name: record[name] for name in names}):
            raise UserError(f"{path} record {number}: {fault}; mend it or download the file again")
