"""Media by URI: a local path is itself, an s3:// object is copied into the cache."""

from pathlib import Path, PurePosixPath
from typing import Any

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.store.media_cache import VARIABLE, cache_bytes, cached, media_cache
from livecc_assets.store.s3_client import reading, split

#: Largest object that is copied from a store, in bytes.
MOST_BYTES = 16 * 1024**3


def local_path(uri: str) -> Path:
    """A local file with the content of ``uri``. Only paths, file:// and s3:// are media addresses.

    Open it at once: the copy of an object may be deleted later, as ``store.media_cache`` says. As a path may name no file,
    the file of an object that is not there does not exist: the caller tells it. Raises MediaError("too_large") before an
    object that is larger than any media file may be, or than all copies may be together, fills the disk; a UserError where
    the store is away or does not let us read.
    """
    if uri.startswith("s3://"):
        with reading(uri, "the address") as client:
            return _copy(uri, client)
    if "://" in uri and not uri.startswith("file://"):
        raise UserError(f"{uri}: only local paths and s3:// addresses can be read; download it first")
    return Path(uri.removeprefix("file://"))


def _copy(uri: str, client: Any) -> Path:
    bucket, key = split(uri)
    # With the object's own name, which messages give.
    name = PurePosixPath(key).name or "object"
    about = _about(client, bucket, key)
    if about is None:
        return media_cache() / "absent" / name
    size, bound = about["ContentLength"], cache_bytes()
    if size > MOST_BYTES:
        raise MediaError("too_large", f"{name} has {size} bytes, above the limit of {MOST_BYTES}")
    if size > bound:
        detail = f"{name} has {size} bytes, and all local copies may have {bound} together; raise {VARIABLE}"
        raise MediaError("too_large", detail)
    return cached(f"{uri} {about['ETag']}", name, size, lambda file: client.download_fileobj(bucket, key, file))


def _about(client: Any, bucket: str, key: str) -> dict[str, Any] | None:
    """Size and entity tag of an object, None where there is no such object."""
    from botocore.exceptions import ClientError

    from livecc_assets.store.s3_errors import code_of

    try:
        return client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if not code_of(error).isdecimal():
            raise
    # An answer to HEAD has no body that could say what is wrong: no such key, no such bucket, or no such credentials.
    try:
        about = client.get_object(Bucket=bucket, Key=key)
    except client.exceptions.NoSuchKey:
        return None
    about["Body"].close()
    return about
