"""The source steps: read a batch's folder, gather the ids that must never train."""

from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.runtime.worker import Task
from livecc_assets.source.listing import entries
from livecc_assets.store.manifest import digest
from livecc_assets.store.registry import LISTING
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path


def listing_digest(uri: str) -> str:
    """Changes when a file of the folder or prefix is added, removed or replaced; reads no content."""
    try:
        return digest([(entry.name, entry.size, entry.version) for entry in entries(uri)])
    except UserError as error:
        raise UserError(f"{uri}: the batch's folder is gone; bring it back, or remove the batch's partition") from error


def batch_listing(about: dict[str, Any]) -> str:
    """The digest of the listing of a registered batch: after a move, that for which the files now there stand."""
    found = listing_digest(about["uri"])
    return about.get(LISTING, {}).get(found, found)


def inbox_folders(uri: str) -> dict[str, str]:
    """Folders directly under an inbox folder or S3 prefix, by name."""
    if uri.startswith("s3://"):
        import boto3

        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        start = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start, Delimiter="/")
        found = [item["Prefix"].rstrip("/") for page in pages for item in page.get("CommonPrefixes", [])]
        return {key.rsplit("/", 1)[-1]: f"s3://{bucket}/{key}" for key in found}
    if not Path(uri).is_dir():
        raise UserError(f"LIVECC_INBOX={uri}: no such folder; create it, or name an s3:// prefix")
    return {path.name: str(path.resolve()) for path in sorted(Path(uri).iterdir()) if path.is_dir()}


def yt_cc_source(task: Task) -> None:
    """Every file of the batch becomes a source row or a rejected row."""
    from livecc_assets.source.ingest import scan, source_rows
    from livecc_assets.source.moving import contents_of

    about = task.videos.batch(task.partition)
    task.writer.metadata["listing"] = batch_listing(about)
    candidates = list(scan(about["uri"]))
    task.writer.metadata["beside"] = contents_of(candidates)

    def progress(done: int) -> None:
        task.progress(done, len(candidates), "files read")

    default = task.config.get("category")
    for row in source_rows(candidates, task.config, progress, task.home, task.partition):
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
                detail = f"{file.name} line {number} holds more than one id: {line[:80]!r}"
                task.writer.add(Rejected(f"{name}:{number}", "error", "malformed_id", detail, ""))
            else:
                add(line.strip(), name)
