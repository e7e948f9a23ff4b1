"""Ids of the videos that must never train: the benchmark's events, the profile's ids and its files of one id a line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import first_fault
from livecc_assets.core.text import brief
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path


def evaluation_ids(config: dict[str, Any], events: Artifact | None) -> Iterator[dict[str, str] | Rejected]:
    """Rows of ``evaluation_videos``, each id once, with the benchmark or list that named it first."""
    seen: set[str] = set()
    for one in _named(config, events):
        if isinstance(one, Rejected):
            yield one
        elif one["video_id"] and one["video_id"] not in seen:
            seen.add(one["video_id"])
            yield one


def _named(config: dict[str, Any], events: Artifact | None) -> Iterator[dict[str, str] | Rejected]:
    for row in events.rows(["video_id"]) if events else []:
        yield {"video_id": row["video_id"], "benchmark": "livesports"}
    for video_id in config.get("ids", []):
        yield {"video_id": str(video_id), "benchmark": "profile"}
    for name, path in (config.get("files") or {}).items():
        file = local_path(path)
        if not file.is_file():
            raise UserError(
                f"{path}: this list of evaluation videos is not there; mend evaluation_videos in the profile"
            )
        for number, line in enumerate(_text(file, path).splitlines(), 1):
            if len(line.split()) > 1:
                detail = f"{file.name} line {number} holds more than one id: {brief(line, 80)!r}"
                yield Rejected(f"{name}:{number}", "error", "malformed_id", detail, "")
            elif line.strip() and (fault := first_fault(id=line.strip())):
                yield Rejected(f"{name}:{number}", "error", "malformed_id", f"{file.name} line {number}: {fault}", "")
            else:
                yield {"video_id": line.strip(), "benchmark": name}


def _text(file: Path, path: str) -> str:
    """A list's text, without the mark that editors of Windows put before the first id."""
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: this list of evaluation videos is no UTF-8 text ({error}); save it as UTF-8"
        ) from error
