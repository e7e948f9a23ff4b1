"""Media by URI: a local path is itself, an s3:// object is copied once into the cache."""

import hashlib
import os
from pathlib import Path

from livecc_assets.errors import MediaError, UserError

#: Largest object that is copied from a store, in bytes.
MOST_BYTES = 16 * 1024**3


def media_cache() -> Path:
    """Folder for local copies of remote media (``LIVECC_HOME``/cache/media)."""
    return Path(os.environ.get("LIVECC_HOME", ".livecc")).resolve() / "cache" / "media"


def local_path(uri: str) -> Path:
    """A local file with the content of ``uri``. Only paths, file:// and s3:// are media addresses.

    Raises MediaError("too_large") before an object that is larger than any media file may be fills the disk.
    """
    if uri.startswith("s3://"):
        import boto3

        bucket, _, key = uri.removeprefix("s3://").partition("/")
        client = boto3.client("s3")
        about = client.head_object(Bucket=bucket, Key=key)
        if (size := about["ContentLength"]) > MOST_BYTES:
            raise MediaError("too_large", f"{uri} has {size} bytes, above the limit of {MOST_BYTES}")
        etag = about["ETag"]
        name = hashlib.sha256(f"{uri} {etag}".encode()).hexdigest()[:32] + Path(key).suffix
        target = media_cache() / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = target.with_name(f".{os.getpid()}-{name}")
            client.download_file(bucket, key, str(staged))
            staged.replace(target)
        return target
    if "://" in uri and not uri.startswith("file://"):
        raise UserError(f"{uri}: only local paths and s3:// addresses can be read; download it first")
    return Path(uri.removeprefix("file://"))
