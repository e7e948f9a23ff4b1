"""Which kind an error of S3 is: passing, unreachable, or a mistake. ``store.s3_advice`` tells it to people.

boto3 raises botocore's errors and its own; pyarrow raises OSError with the code in its text, which becomes botocore's here.
"""

import re

from boto3.exceptions import RetriesExceededError as DownloadGivenUpError
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ProxyConnectionError,
    ResponseStreamingError,
    SSLError,
)
from s3transfer.exceptions import RetriesExceededError as TransferGivenUpError

#: What boto3 gives up a download with when a range broke off too often.
GIVEN_UP = (DownloadGivenUpError, TransferGivenUpError)
#: Every error with which boto3 answers a call of this package.
RAISED = (BotoCoreError, ClientError, S3UploadFailedError, *GIVEN_UP)
#: Codes that pass by themselves. botocore tries these again, too; here they count once its own tries are used up.
_PASSING = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException"}
#: The bytes were damaged on their way.
_PASSING |= {"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", "IncompleteBody"}
#: As pyarrow words it: "… AWS Error ACCESS_DENIED during HeadObject operation: …".
_ARROW = re.compile(r"AWS Error (\w+)(?: \(HTTP status (\d+)\))? during (\w+) operation")
_ARROW_CODES = {"INTERNAL_FAILURE": "InternalError", "RESOURCE_NOT_FOUND": "NoSuchKey"}


def code_of(error: BaseException) -> str:
    """S3's code (``NoSuchKey``, ``SlowDown``, …), or '' for an error that is no answer of S3."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def was_retried(error: BaseException) -> bool:
    """Whether botocore sent the request more than once: an earlier try may have been carried out."""
    return isinstance(error, ClientError) and error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed later: throttled, an error of the server, a connection that broke."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _PASSING or status == 429 or (status >= 500 and status != 501)
    if isinstance(error, GIVEN_UP):
        return True
    broken = isinstance(error, HTTPClientError | ConnectionError | IncompleteReadError | ResponseStreamingError)
    return broken and not is_untrusted(error)


def is_unreachable(error: BaseException) -> bool:
    """Whether no connection came about at all: the server is away, or its address is wrong."""
    kinds = EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError | SSLError
    return isinstance(error, kinds) and not is_untrusted(error)


def is_untrusted(error: BaseException) -> bool:
    """Whether the server's certificate was refused."""
    return isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def from_arrow(error: OSError, endpoint: str) -> Exception | None:
    """An error of pyarrow's S3 filesystem as botocore would have raised it; None where S3 had no part in it."""
    if isinstance(error, FileNotFoundError):
        return ClientError({"Error": {"Code": "NoSuchKey", "Message": str(error)}}, "GetObject")
    found = _ARROW.search(str(error))
    if found is None:
        return None
    name, status, operation = found.group(1), int(found.group(2) or 0), found.group(3)
    if name == "NETWORK_CONNECTION":
        untrusted = "certificate" in str(error).lower()
        if untrusted:
            return SSLError(endpoint_url=endpoint, error="CERTIFICATE_VERIFY_FAILED")
        return EndpointConnectionError(endpoint_url=endpoint)
    code = _ARROW_CODES.get(name) or "".join(part.capitalize() for part in name.split("_"))
    if name == "UNKNOWN" and status:
        code = str(status)
    return ClientError(
        {"Error": {"Code": code, "Message": str(error)}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )
