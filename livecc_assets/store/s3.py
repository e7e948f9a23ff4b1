"""A prefix of an S3 bucket as the place of artifacts."""

import hashlib
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from livecc_assets.core.errors import PassingError, UserError
from livecc_assets.core.redaction import redact
from livecc_assets.store.interface import Blobs, ConflictError, Listed
from livecc_assets.store.s3_client import explained, s3_client, s3_filesystem, split

Answer = TypeVar("Answer")


class S3Blobs(Blobs):
    """A prefix of an S3 bucket. Credentials and AWS_ENDPOINT_URL come from the environment, as for any AWS tool.

    What its user can mend (credentials, clock, bucket, rights) is a UserError from every method; what passes by itself but
    lasted longer than all tries, a PassingError. Opening it raises UnreachableError within seconds where nothing answers.
    """

    def __init__(self, root: str, client: Any = None) -> None:
        from livecc_assets.core.retry import retry_through_outage
        from livecc_assets.store.s3_errors import is_passing, is_unreachable

        bucket, prefix = split(root)
        if not bucket:
            raise UserError(f"{root}: no bucket is named; write LIVECC_ROOT as s3://bucket/prefix")
        self.bucket, self.prefix = bucket, prefix.strip("/")
        self.root = f"s3://{bucket}/{self.prefix}".rstrip("/")
        self.base = f"{bucket}/{self.prefix}".rstrip("/")
        self._given = client
        # A listing, not head_bucket: an answer to HEAD has no body that could say what is wrong.
        where = {"Bucket": bucket, "Prefix": self._key(""), "MaxKeys": 1}
        with self._explained():
            retry_through_outage(
                lambda: self.client.list_objects_v2(**where),
                lambda error: is_passing(error) and not is_unreachable(error),
                self._say_that_it_waits,
            )
        self.fs = s3_filesystem()

    def _say_that_it_waits(self, error: BaseException) -> None:
        from livecc_assets.store.s3_errors import code_of

        # Minutes may go by, and whoever typed the command sees nothing else.
        print(redact(f"{self.root}: {code_of(error) or type(error).__name__}, asking again"), file=sys.stderr)

    @cached_property
    def client(self) -> Any:
        """For everything but the parts of large files."""
        if self._given:
            return self._given
        with explained(self.root, "LIVECC_ROOT"):
            return s3_client()

    @cached_property
    def bulk(self) -> Any:
        """For large files: over plain HTTP, too, the payload goes unsigned.

        The part's CRC32 is in a signed header, and the whole file's sha256 in a manifest that is signed; a second
        sha256 of every part would only take time.
        """
        return self._given or s3_client(s3={"payload_signing_enabled": False})

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.root, "LIVECC_ROOT", self.client)

    def explained(self) -> AbstractContextManager[None]:
        return explained(self.root, "LIVECC_ROOT", self.client, arrow=True)

    def _through_outages(self, call: Callable[[], Answer]) -> Answer:
        from livecc_assets.core.retry import retry_through_outage
        from livecc_assets.store.s3_errors import is_passing

        with self._explained():
            return retry_through_outage(call, is_passing)

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def get(self, key: str) -> tuple[bytes, str] | None:
        def found() -> tuple[bytes, str] | None:  # body and all: botocore tries no body again that breaks off
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=self._key(key))
            except self.client.exceptions.NoSuchKey:
                return None
            return answer["Body"].read(), answer["ETag"]

        return self._through_outages(found)

    def size(self, key: str) -> int | None:
        from botocore.exceptions import ClientError

        def found() -> int | None:
            try:
                return self.client.head_object(Bucket=self.bucket, Key=self._key(key))["ContentLength"]
            except ClientError as error:  # an answer to HEAD has no body, and so no code but the status
                if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                    return None
                raise

        return self._through_outages(found)

    def put(self, key: str, data: bytes) -> None:
        self._through_outages(lambda: self.client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data))

    def create(self, key: str, data: bytes) -> None:
        self._commit(key, data, IfNoneMatch="*")

    def replace(self, key: str, data: bytes, etag: str) -> None:
        self._commit(key, data, IfMatch=etag)

    def _commit(self, key: str, data: bytes, **condition: str) -> None:
        """A conditional put. After a lost answer, the object itself says whether the put was carried out.

        What is committed carries its writer's attempt, so equal bytes are this writer's own.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        from livecc_assets.core.retry import retry_through_outage
        from livecc_assets.store.s3_errors import code_of, is_passing, was_retried

        unsure = False

        def put() -> None:
            nonlocal unsure
            try:
                self.client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data, **condition)
            except (BotoCoreError, ClientError) as error:
                unsure = unsure or was_retried(error) or is_passing(error)
                if unsure and self._holds(key, data):
                    return
                if code_of(error) in ("PreconditionFailed", "412", "NoSuchKey"):
                    raise ConflictError(key) from None
                raise

        def is_busy(error: BaseException) -> bool:
            """409: another put or delete of the key was at work, and S3 asks for another try."""
            return code_of(error) in ("ConditionalRequestConflict", "OperationAborted")

        with self._explained():
            try:
                retry_through_outage(put, lambda error: is_busy(error) or is_passing(error))
            except ClientError as error:
                if is_busy(error):
                    raise ConflictError(key) from None
                raise

    def _holds(self, key: str, data: bytes) -> bool:
        found = self.get(key)
        return found is not None and found[0] == data

    def _pages(self, prefix: str, **options: str) -> Iterator[dict[str, Any]]:
        where = {"Bucket": self.bucket, "Prefix": self._key(prefix), **options}
        while True:
            page = self._through_outages(lambda: self.client.list_objects_v2(**where))
            yield page
            if not page.get("IsTruncated"):
                return
            where["ContinuationToken"] = page["NextContinuationToken"]

    def listed(self, prefix: str) -> Iterator[Listed]:
        skip = len(self._key(""))
        for page in self._pages(prefix):
            for item in page.get("Contents", []):
                yield Listed(item["Key"][skip:], item["Size"], item["LastModified"].timestamp())

    def folders(self, prefix: str) -> list[str]:
        pages = self._pages(prefix, Delimiter="/")
        found = (item["Prefix"] for page in pages for item in page.get("CommonPrefixes", []))
        return sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in found)

    def delete(self, key: str) -> None:
        self._through_outages(lambda: self.client.delete_object(Bucket=self.bucket, Key=self._key(key)))

    def upload(self, path: Path, key: str) -> str:
        from livecc_assets.store.s3_transfer import send

        with self._explained():
            return send(self.bulk, self.bucket, self._key(key), path)

    def local(self, key: str, cache: Path, sha256: str = "") -> Path:
        from livecc_assets.store.s3_transfer import receive

        target = cache / hashlib.sha256(self.root.encode()).hexdigest()[:12] / key
        if target.exists():  # keys are immutable, and only a copy that was compared gets this name
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = target.with_name(f".staged-{os.getpid()}-{secrets.token_hex(3)}-{target.name}")
        try:
            with self._explained():
                found = receive(self.client, self.bucket, self._key(key), staged, digest=bool(sha256))
            if found != sha256:
                raise PassingError(  # spoilt on the way, if it was not stored so
                    f"{self.root}/{key}: the stored bytes are damaged (sha256 {found[:12]}…, the manifest says "
                    f"{sha256[:12]}…); run it again, and if that stays so, materialise this artifact again with force"
                )
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)
        return target

    def unfinished(
        self, older_than: float, delete: bool = False, spare: Callable[[str], bool] = lambda key: False
    ) -> Iterator[Listed]:
        """Unfinished multipart uploads under the root; the age counts from the last part that came in.

        So an upload that is still being fed, a table that a long step streams for instance, is left alone.
        """
        from livecc_assets.store.s3_transfer import stored_parts

        prefix, now = self._key(""), time.time()
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
        with self._explained():
            uploads = [one for page in pages for one in page.get("Uploads", []) if one["Key"].startswith(prefix)]
            for one in uploads:
                if spare(one["Key"][len(prefix) :]):
                    continue
                upload = {"Bucket": self.bucket, "Key": one["Key"], "UploadId": one["UploadId"]}
                try:
                    parts = list(stored_parts(self.client, **upload))
                    touched = max(item.timestamp() for item in [one["Initiated"], *(p["LastModified"] for p in parts)])
                    if now - touched < older_than:
                        continue
                    if delete:
                        self._abort(upload)
                except self.client.exceptions.NoSuchUpload:  # completed or aborted meanwhile
                    continue
                yield Listed(one["Key"][len(prefix) :], sum(part["Size"] for part in parts), touched, unfinished=True)

    def _abort(self, upload: dict[str, str]) -> None:
        """Abort until S3 no longer knows it: a part that was on its way may outlive the first try."""
        from livecc_assets.core.retry import until_empty

        def left() -> list[Any]:
            try:
                self.client.abort_multipart_upload(**upload)
                return self.client.list_parts(**upload).get("Parts", [])
            except self.client.exceptions.NoSuchUpload:
                return []

        until_empty(left, tries=3)
