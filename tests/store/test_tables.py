"""Rows that reach a writer as tables make the very same file as rows that come one by one."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.store.manifest import Manifest
from livecc_assets.store.rows import REJECTED_SCHEMA, Rejected
from livecc_assets.store.store import Store
from livecc_assets.store.writer import GROUP_ROWS, Writer

SCHEMA = pa.schema([("video_id", pa.string()), ("words", pa.list_(pa.string())), ("loss", pa.float64())])


def _writer(folder: Path, name: str) -> Writer:
    store = Store(str(folder / "artefacts"), folder / "cache")
    return store.write("numbers", name, "key", SCHEMA, code_version="1", config={}, upstream=[])


def _rows(count: int) -> list[dict]:
    return [
        {"video_id": f"v{n}", "words": ["go"] * (n % 3), "loss": None if n % 7 == 0 else n / 8} for n in range(count)
    ]


def _refused(count: int) -> list[Rejected]:
    kinds = [("filtered", "too_low"), ("error", "no_score")]
    return [Rejected(f"r{n}", *kinds[n % 2], f"number {n}", f"v{n}") for n in range(count)]  # type: ignore[arg-type]


def _content(manifest: Manifest) -> dict[str, tuple[int, str]]:
    return {file.name: (file.size, file.sha256) for file in manifest.files}


@pytest.mark.parametrize("count", [0, 1, GROUP_ROWS, 3 * GROUP_ROWS + 5])
def test_tables_of_any_size_and_rows_give_the_same_bytes_and_counts(tmp_path: Path, count: int) -> None:
    rows, refused, rng = _rows(count), _refused(count), random.Random(count)
    one, many = _writer(tmp_path, "one"), _writer(tmp_path, "many")
    one.extend([*rows, *refused])
    while rows or refused:
        size = rng.randint(1, 2 * GROUP_ROWS)
        if rng.random() < 0.3:
            many.extend([*rows[:size], *refused[:size]])
        else:
            many.add_table(pa.Table.from_pylist(rows[:size], SCHEMA))
            many.add_rejected(pa.Table.from_pylist([one.as_row() for one in refused[:size]], REJECTED_SCHEMA))
        rows, refused = rows[size:], refused[size:]
    first, second = one.commit(), many.commit()
    assert _content(second) == _content(first)
    assert (second.rows, second.rejected, second.reasons) == (first.rows, first.rejected, first.reasons)
    assert second.data_version == first.data_version


def test_a_table_of_another_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="does not fit the schema"):
        _writer(tmp_path, "one").add_table(pa.table({"video_id": ["v"]}))


def test_half_of_a_character_in_one_row_is_replaced_and_no_other_row_is_touched(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "artefacts"), tmp_path / "cache")
    writer = store.write("numbers", "one", "key", SCHEMA, code_version="1", config={}, upstream=[])
    writer.extend([*_rows(3), {"video_id": "v\ud83d", "words": ["go", "\ude00"], "loss": 1.5}])
    writer.add(Rejected("r\ud83d", "error", "no_score", "a title \ud83d\ude00", "v"))
    artifact = store.at(store.place("numbers", "one", "key")) if writer.commit() else None
    assert artifact is not None
    assert list(artifact.rows()) == [*_rows(3), {"video_id": "v\ufffd", "words": ["go", "\ufffd"], "loss": 1.5}]
    assert [(row["id"], row["detail"]) for row in artifact.rejected()] == [("r\ufffd", "a title \U0001f600")]


def test_a_batch_is_not_named_after_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"batch 'caf\\udce9': the name holds '\\udce9'"):
        Store(str(tmp_path / "artefacts"), tmp_path / "cache").register_batch("caf\udce9", {"uri": "x"})
