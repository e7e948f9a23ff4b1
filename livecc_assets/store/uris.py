"""Media by URI: a local path is itself, an s3:// object is copied once into the cache."""

import hashlib
import os
from pathlib import Path, PurePosixPath

from livecc_assets.errors import MediaError, UserError

#: Largest object that is copied from a store, in bytes.
MOST_BYTES = 16 * 1024**3


def media_cache() -> Path:
    """Folder for local copies of remote media (``LIVECC_HOME``/cache/media)."""
    return Path(os.environ.get("LIVECC_HOME", ".livecc")).resolve() / "cache" / "media"


def local_path(uri: str) -> Path:
    """A local file with the content of ``uri``. Only paths, file:// and s3:// are media addresses.

    As a path may name no file, the file of an object that is not there does not exist: the caller tells it. Raises
    MediaError("too_large") before an object that is larger than any media file may be fills the disk.
    """
    if uri.startswith("s3://"):
        import boto3
        from botocore.exceptions import ClientError

        from livecc_assets.store.s3_errors import code_of

        bucket, _, key = uri.removeprefix("s3://").partition("/")
        # With the object's own name, which messages give.
        name = PurePosixPath(key).name or "object"
        client = boto3.client("s3")
        try:
            about = client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchKey"):
                return media_cache() / "absent" / name
            raise
        if (size := about["ContentLength"]) > MOST_BYTES:
            raise MediaError("too_large", f"{uri} has {size} bytes, above the limit of {MOST_BYTES}")
        etag = about["ETag"]
        target = media_cache() / hashlib.sha256(f"{uri} {etag}".encode()).hexdigest()[:32] / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = target.with_name(f".{os.getpid()}-{name}")
            client.download_file(bucket, key, str(staged))
            staged.replace(target)
        return target
    if "://" in uri and not uri.startswith("file://"):
        raise UserError(f"{uri}: only local paths and s3:// addresses can be read; download it first")
    return Path(uri.removeprefix("file://"))
