"""A batch's folder as a whole: what tells its versions apart, and the folders of an inbox."""

from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.source.listing import entries
from livecc_assets.store.manifest import digest


def listing_digest(uri: str) -> str:
    """Changes when a file of the folder or prefix is added, removed or replaced; reads no content."""
    try:
        return digest([(entry.name, entry.size, entry.version) for entry in entries(uri)])
    except UserError as error:
        raise UserError(f"{uri}: the batch's folder is gone; bring it back, or remove the batch's partition") from error


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
