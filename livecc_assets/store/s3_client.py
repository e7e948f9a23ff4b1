"""The one door to S3: clients with time-outs and tries, whose errors are explained.

Credentials and AWS_ENDPOINT_URL come from the environment, as for any AWS tool. boto3 and botocore are imported by the
first who comes through, for most commands need neither.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import pyarrow.fs as pafs

from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact

#: Tries of one request. botocore's pauses between them grow to 20 s where S3 throttles, to a few seconds elsewhere.
TRIES = 8
#: Seconds for a connection, and of silence on one.
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
#: boto3's default session must not make clients in two threads at once; the clients themselves may be used so.
_ONE_AT_A_TIME = Lock()


def split(address: str) -> tuple[str, str]:
    """(bucket, key or prefix) of an ``s3://`` address."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def s3_client(tries: int | None = None, seconds: float | None = None, **settings: Any) -> Any:
    """A client, safe to use from many threads. ``seconds`` bounds connecting and every silence, ``tries`` each request.

    ``settings`` are more of botocore's ``Config``. Raises UserError for an AWS_ENDPOINT_URL that is no address; all else
    is botocore's, to be raised under :func:`explained`.
    """
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": TRIES if tries is None else tries}
    # Four transfers of s3_transfer.THREADS parts at once; what finds no free connection is opened and thrown away again.
    config = Config(
        retries=retries,
        connect_timeout=seconds or CONNECT_SECONDS,
        read_timeout=seconds or READ_SECONDS,
        max_pool_connections=32,
        **settings,
    )
    with _ONE_AT_A_TIME:
        try:
            return boto3.client("s3", config=config)
        except ValueError as error:
            line = f"AWS_ENDPOINT_URL is no address ({error}); write http(s)://host:port, or unset it"
            raise UserError(redact(line)) from None


def s3_filesystem() -> pafs.S3FileSystem:
    """pyarrow's own client, for tables."""
    return pafs.S3FileSystem(
        endpoint_override=_endpoint(),
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        connect_timeout=CONNECT_SECONDS,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
        allow_delayed_open=True,  # a small table is then one put, and a writer killed early leaves no upload
    )


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


@contextmanager
def explained(address: str, setting: str, client: Any = None, arrow: bool = False) -> Iterator[None]:
    """Errors of boto3, or with ``arrow`` those of pyarrow's S3, become one line for people.

    ``setting`` is what names the ``address``, for the remedy.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        from livecc_assets.store.s3_advice import Place, explain
        from livecc_assets.store.s3_errors import RAISED, from_arrow

        endpoint = client.meta.endpoint_url if client else _endpoint() or "AWS"
        found = from_arrow(error, endpoint) if arrow and isinstance(error, OSError) else error
        if not isinstance(found, RAISED):
            raise
        raise explain(found, Place(address, endpoint, setting)) from None


@contextmanager
def reading(address: str, setting: str, **options: Any) -> Iterator[Any]:
    """A client for what lies under ``address``, all of whose errors are explained."""
    with explained(address, setting):
        client = s3_client(**options)
    with explained(address, setting, client):
        yield client


#: Of a sensor's looks: Dagster ends a tick after a minute.
_INBOX = {"tries": 3, "seconds": 10.0}


def s3_folders(inbox: str, after: str = "") -> list[str]:
    """Names of the folders directly under an S3 inbox, of those only whose keys come after its key ``after``."""
    bucket, prefix = split(inbox)
    start = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    where = {"Bucket": bucket, "Prefix": start, "Delimiter": "/", "StartAfter": f"{start}{after}"}
    with reading(inbox, "LIVECC_INBOX", **_INBOX) as client:
        pages = client.get_paginator("list_objects_v2").paginate(**where)
        found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
    return [key.rstrip("/").rsplit("/", 1)[-1] for key in found]
