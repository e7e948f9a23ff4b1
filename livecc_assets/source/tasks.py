"""The source steps: read a batch's folder, gather the ids that must never train."""

from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.runtime.worker import Task
from livecc_assets.source.listing import AbsentFolderError, entries
from livecc_assets.store.manifest import digest
from livecc_assets.store.rows import Rejected
from livecc_assets.store.s3_client import s3_folders
from livecc_assets.store.uris import local_path


def listing_digest(uri: str) -> str:
    """Changes when a file of the folder or prefix is added, removed or replaced; reads no content."""
    try:
        return digest([(entry.name, entry.size, entry.version) for entry in entries(uri)])
    except AbsentFolderError as error:
        line = f"{uri}: the batch's folder is gone; bring it back, or remove the batch's partition"
        raise AbsentFolderError(line) from error


def inbox_folders(uri: str) -> dict[str, str]:
    """Folders directly under an inbox folder or S3 prefix, by name."""
    if uri.startswith("s3://"):
        return {name: f"{uri.rstrip('/')}/{name}" for name in s3_folders(uri)}
    if not Path(uri).is_dir():
        raise UserError(f"LIVECC_INBOX={uri}: no such folder; create it, or name an s3:// prefix")
    return {path.name: str(path.resolve()) for path in sorted(Path(uri).iterdir()) if path.is_dir()}


def yt_cc_source(task: Task) -> None:
    """Every file of the batch becomes a source row or a rejected row."""
    from livecc_assets.source.ingest import scan, source_rows

    candidates = list(scan(task.config["uri"]))

    def progress(done: int) -> None:
        task.progress(done, len(candidates), "files read")

    default = task.config.get("category")
    for row in source_rows(candidates, task.config, progress, task.home):
        if default and isinstance(row, dict) and row["category"] is None:
            row["category"] = default
        task.writer.add(row)


def evaluation_videos(task: Task) -> None:
    """Ids of the benchmark's events, and those listed in the profile (``ids``) or in files of one id a line."""
    seen: set[str] = set()

    def add(video_id: str, benchmark: str) -> None:
        if video_id and video_id not in seen:
            seen.add(video_id)
            task.writer.add({"video_id": video_id, "benchmark": benchmark})

    for artifact in task.inputs.get("livesports_events", []):
        for row in artifact.rows(["video_id"]):
            add(row["video_id"], "livesports")
    for video_id in task.config.get("ids", []):
        add(str(video_id), "profile")
    for name, path in (task.config.get("files") or {}).items():
        file = local_path(path)
        lines = file.read_text("utf-8").splitlines() if file.is_file() else None
        if lines is None:
            raise UserError(
                f"{path}: this list of evaluation videos is not there; mend evaluation_videos in the profile"
            )
        for number, line in enumerate(lines, 1):
            if len(line.split()) > 1:
                detail = f"{path} line {number} holds more than one id: {line[:80]!r}"
                task.writer.add(Rejected(f"{name}:{number}", "error", "malformed_id", detail, ""))
            else:
                add(line.strip(), name)
