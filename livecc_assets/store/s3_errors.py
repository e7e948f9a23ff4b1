"""What an error of S3 means: worth another try, or a mistake that its user can mend."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
    SSOError,
)

Answer = TypeVar("Answer")

#: Seconds before a request is made again once botocore's own tries, a few seconds in all, are used up. A server that is
#: away for a minute costs no work.
PAUSES = (1.0, 5.0, 20.0, 60.0)
#: Codes that pass by themselves. botocore tries these again, too; here they count once its own tries are used up.
_PASSING = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException"}
#: The bytes were damaged on their way.
_PASSING |= {"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", "IncompleteBody"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", "InvalidToken"}
_UNKNOWN_KEY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
_DENIED = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "403"}
_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}


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
    return isinstance(error, HTTPClientError | ConnectionError | IncompleteReadError | ResponseStreamingError)


def rounds() -> Iterator[float | None]:
    """The pause after each round, None after the last."""
    yield from PAUSES
    yield None


def persistently(call: Callable[[], Answer]) -> Answer:
    """What ``call`` returns; called again where a passing fault broke it."""
    for pause in rounds():
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            if pause is None or not is_passing(error):
                raise
            time.sleep(pause)
    raise AssertionError("the last round returns or raises")


def advice(error: BaseException, root: str, endpoint: str) -> str | None:
    """One line with the cause and the remedy, or None for an error that its user cannot mend."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"{root}: no complete AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, SSOError | CredentialRetrievalError):
        return f"{root}: the AWS credentials could not be fetched ({error}); log in again or check AWS_PROFILE"
    if isinstance(error, EndpointConnectionError):
        return f"{root}: nothing answers at {endpoint}; check AWS_ENDPOINT_URL and the network"
    code = code_of(error)
    if code == "NoSuchBucket":
        return (
            f"{root}: the bucket cannot be used, for it does not exist at {endpoint}; create it, or correct LIVECC_ROOT "
            "or AWS_ENDPOINT_URL"
        )
    if code in _EXPIRED:
        return f"{root}: the AWS credentials have expired ({code}); fetch new ones and run it again"
    if code in _UNKNOWN_KEY:
        return (
            f"{root}: {endpoint} does not accept the AWS credentials ({code}); check AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    if code == "RequestTimeTooSkewed":
        return f"{root}: {_skew(error)}; set this machine's clock (timedatectl set-ntp true) and run it again"
    if code in _DENIED:
        operation = error.operation_name if isinstance(error, ClientError) else "the request"
        return (
            f"{root}: the AWS credentials may not do {operation} there ({code}); allow s3:GetObject, s3:PutObject, "
            "s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload, s3:ListMultipartUploadParts and "
            "s3:ListBucketMultipartUploads under this root"
        )
    if code in _REGION:
        return f"{root}: the bucket lies in another region ({code}); set AWS_REGION to the bucket's"
    if code == "InvalidBucketName":
        return f"{root}: this is no bucket's name; write LIVECC_ROOT as s3://bucket/prefix"
    return None


def advice_on_opening(error: Exception, root: str, endpoint: str) -> str:
    """As ``advice``, with words for every error: what fails at the first request is most often a setting."""
    known = advice(error, root, endpoint)
    detail = code_of(error) or str(error)
    return known or f"{root}: the bucket cannot be used ({detail}); check LIVECC_ROOT and AWS_ENDPOINT_URL"


def _skew(error: BaseException) -> str:
    headers = error.response["ResponseMetadata"].get("HTTPHeaders", {}) if isinstance(error, ClientError) else {}
    try:
        ahead = (datetime.now(UTC) - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return "this machine's clock and the server's differ too much"
    return f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's"
