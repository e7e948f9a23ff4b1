"""Large files to and from S3: parts in parallel, in flat memory, with a sha256 on the way.

An upload that breaks off is taken up where it stopped: the parts that S3 has already are compared and not sent again.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore, Event
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from livecc_assets.core.errors import UserError
from livecc_assets.core.retry import retry_through_outage
from livecc_assets.store.s3_errors import code_of, is_passing

MIB = 1 << 20
#: Bytes of a part, and up to which a file is sent whole.
PART = 16 * MIB
#: As many parts as S3 takes; larger files have larger parts.
MAX_PARTS = 10_000
#: Parts on their way at once: with one being read, (THREADS + 1) · PART is the memory of an upload.
THREADS = 8


def part_size(size: int) -> int:
    """Bytes per part of a file of ``size`` bytes: the same for the same size, so that parts fit a later try."""
    least = -(-size // MAX_PARTS)
    return max(PART, -(-least // MIB) * MIB)


def send(client: Any, bucket: str, key: str, path: Path) -> str:
    """Store a local file under ``key``; the sha256 of the bytes sent.

    An upload that a passing fault ended for good is left for the next call with this key to take up, or for the sweep
    of unfinished uploads; after any other error it is aborted.
    """
    if path.stat().st_size <= PART:
        data = path.read_bytes()
        retry_through_outage(lambda: client.put_object(Bucket=bucket, Key=key, Body=data), is_passing)
        return hashlib.sha256(data).hexdigest()
    upload = _Upload(client, bucket, key, path)

    def run() -> str:
        try:
            return upload.run()
        except ClientError as error:
            if code_of(error) == "NoSuchUpload":
                if upload.stands():  # an earlier try completed it, and only the answer was lost
                    return upload.sha256
                upload.id = None  # somebody aborted it: begin again
            raise

    try:
        return retry_through_outage(run, lambda error: code_of(error) == "NoSuchUpload" or is_passing(error))
    except BaseException as error:
        if not is_passing(error):
            upload.abort()
        raise


class _Upload:
    """One multipart upload of one file; ``id`` is None until S3 knows of it."""

    def __init__(self, client: Any, bucket: str, key: str, path: Path) -> None:
        self.client, self.path = client, path
        self.id: str | None = None
        self.parts: list[dict[str, Any]] = []
        self.sha256 = ""
        self.target = {"Bucket": bucket, "Key": key}
        status = path.stat()
        self.size, self.changed = status.st_size, status.st_mtime_ns
        self.step = part_size(self.size)
        # Some servers know no checksums; AWS_REQUEST_CHECKSUM_CALCULATION=when_required is for these.
        plain = client.meta.config.request_checksum_calculation == "when_required"
        self.check = {} if plain else {"ChecksumAlgorithm": "CRC32"}

    def _begin(self) -> bool:
        """Take up the newest unfinished upload to the key, else begin one; whether it is a new one."""
        found: list[dict[str, Any]] = []
        pages = self.client.get_paginator("list_multipart_uploads")
        try:
            for page in pages.paginate(Bucket=self.target["Bucket"], Prefix=self.target["Key"]):
                found += [one for one in page.get("Uploads", []) if one["Key"] == self.target["Key"]]
        except ClientError as error:
            if is_passing(error):
                raise
            # without the right to list there is nothing to take up
        if found:
            self.id = max(found, key=lambda one: one["Initiated"])["UploadId"]
        else:
            self.id = self.client.create_multipart_upload(**self.target, **self.check)["UploadId"]
        return not found

    def run(self) -> str:
        """Send what S3 lacks and complete; the sha256 of the file."""
        new = self.id is None and self._begin()
        known = () if new else stored_parts(self.client, **self.target, UploadId=self.id)
        there = {part["PartNumber"]: part for part in known}
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            self.parts = self._parts(file, there, digest)
        self.sha256 = digest.hexdigest()
        self.client.complete_multipart_upload(**self.target, UploadId=self.id, MultipartUpload={"Parts": self.parts})
        return self.sha256

    def _parts(self, file: BinaryIO, there: dict[int, dict[str, Any]], digest: Any) -> list[dict[str, Any]]:
        slots, failed = BoundedSemaphore(THREADS), Event()

        def done(future: Future[dict[str, Any]]) -> None:
            slots.release()
            if future.cancelled() or future.exception():
                failed.set()

        sent: list[Future[dict[str, Any]]] = []
        kept: list[dict[str, Any]] = []
        with ThreadPoolExecutor(THREADS, "s3-part") as pool:
            for number in range(1, -(-self.size // self.step) + 1):
                data = file.read(self.step)
                digest.update(data)
                if number in there and _is_same(there[number], data):
                    kept.append(_named(number, there[number], data if self.check else b""))
                    continue
                slots.acquire()
                if failed.is_set():
                    break
                future = pool.submit(self._part, number, data)
                del data  # the thread alone holds it now, and lets go of it when it is sent
                future.add_done_callback(done)
                sent.append(future)
        parts = kept + [future.result() for future in sent]
        status = self.path.stat()
        if (status.st_size, status.st_mtime_ns) != (self.size, self.changed):
            raise UserError(f"{self.path}: the file changed while it was being stored; store it when it is complete")
        return sorted(parts, key=lambda part: part["PartNumber"])

    def _part(self, number: int, data: bytes) -> dict[str, Any]:
        answer = self.client.upload_part(**self.target, UploadId=self.id, PartNumber=number, Body=data, **self.check)
        return _named(number, answer)

    def stands(self) -> bool:
        """Whether the object is there, made of exactly the parts of the last round that sent all of them."""
        if not self.sha256:
            return False
        try:
            found = self.client.head_object(**self.target)
            tags = b"".join(bytes.fromhex(part["ETag"].strip('"')) for part in self.parts)
        except (ClientError, ValueError):  # not there, or tags of another kind: unknown counts as no
            return False
        wanted = f"{hashlib.md5(tags, usedforsecurity=False).hexdigest()}-{len(self.parts)}"
        return found["ContentLength"] == self.size and found["ETag"].strip('"') == wanted

    def abort(self) -> None:
        """Free the parts; what this cannot reach is left for the sweep."""
        if self.id is not None:
            with suppress(BotoCoreError, ClientError):
                self.client.abort_multipart_upload(**self.target, UploadId=self.id)


def stored_parts(client: Any, **upload: Any) -> Iterator[dict[str, Any]]:
    """The parts that S3 has of an upload."""
    for page in client.get_paginator("list_parts").paginate(**upload):
        yield from page.get("Parts", [])


def _named(number: int, part: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
    """A part as the completion names it; from ``data`` comes the checksum that a listing may leave out."""
    named = {"PartNumber": number, "ETag": part["ETag"]}
    checksum = part.get("ChecksumCRC32") or (data and base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode())
    return named | ({"ChecksumCRC32": checksum} if checksum else {})


def _is_same(part: dict[str, Any], data: bytes) -> bool:
    # Where the tag is no MD5 (a bucket under its own KMS key), the part is sent again.
    if part.get("Size") != len(data):
        return False
    return part["ETag"].strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()


class _Hashing:
    """A file that only takes bytes in order, so that the sha256 costs no second read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.digest.update(data)
        self.file.write(data)


def receive(client: Any, bucket: str, key: str, path: Path, digest: bool) -> str:
    """Copy an object into a local file by ranged reads in parallel; the sha256 of what was written, or '' unasked.

    Every range is asked for with the entity tag of the first look, and again where its connection breaks. After an
    outage that lasts longer the file begins anew; what is left of it after the last try is removed.
    """
    from boto3.s3.transfer import TransferConfig

    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=THREADS)

    def whole() -> str:
        if not digest:
            client.download_file(bucket, key, str(path), Config=config)
            return ""
        with path.open("wb") as file:
            target = _Hashing(file)
            client.download_fileobj(bucket, key, target, Config=config)
        return target.digest.hexdigest()

    try:
        return retry_through_outage(whole, is_passing)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
