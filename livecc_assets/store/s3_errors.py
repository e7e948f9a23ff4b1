"""What an error of S3 means: worth another try, or a mistake that its user can mend, and how it is told."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from boto3.exceptions import RetriesExceededError as DownloadGivenUpError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    ResponseStreamingError,
    SSLError,
    SSOError,
)
from s3transfer.exceptions import RetriesExceededError as TransferGivenUpError

from livecc_assets.core.errors import PassingError, UnreachableError, UserError

Answer = TypeVar("Answer")

#: Seconds before a request is made again once botocore's own tries, a few seconds in all, are used up. A server that is
#: away for a minute costs no work.
PAUSES = (1.0, 5.0, 20.0, 60.0)
#: What boto3 gives up a download with when a range broke off too often.
GIVEN_UP = (DownloadGivenUpError, TransferGivenUpError)
#: Every error with which boto3 answers a call of this package.
RAISED = (BotoCoreError, ClientError, *GIVEN_UP)
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
    if isinstance(error, GIVEN_UP):
        return True
    broken = isinstance(error, HTTPClientError | ConnectionError | IncompleteReadError | ResponseStreamingError)
    return broken and not _is_untrusted(error)


def is_unreachable(error: BaseException) -> bool:
    """Whether no connection came about at all: the server is away, or its address is wrong."""
    kinds = EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError | SSLError
    return isinstance(error, kinds) and not _is_untrusted(error)


def _is_untrusted(error: BaseException) -> bool:
    return isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def rounds() -> Iterator[float | None]:
    """The pause after each round, None after the last."""
    yield from PAUSES
    yield None


def persistently(call: Callable[[], Answer], bears: Callable[[BaseException], bool] = is_passing) -> Answer:
    """What ``call`` returns; called again where a fault broke it that ``bears`` says to bear with."""
    for pause in rounds():
        try:
            return call()
        except Exception as error:
            if pause is None or not bears(error):
                raise
            time.sleep(pause)
    raise AssertionError("the last round returns or raises")


def advice(error: BaseException, root: str, endpoint: str) -> str | None:
    """One line with the cause and the remedy, or None for an error that its user cannot mend."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"{root}: no complete AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, SSOError | CredentialRetrievalError):
        return f"{root}: the AWS credentials could not be fetched ({error}); log in again or check AWS_PROFILE"
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return f"{root}: nothing answers at {endpoint}; check AWS_ENDPOINT_URL and the network"
    if _is_untrusted(error):
        return (
            f"{root}: the certificate of {endpoint} is not trusted; name its authority's in AWS_CA_BUNDLE, or correct "
            "AWS_ENDPOINT_URL"
        )
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


def in_words(error: BaseException, root: str, endpoint: str) -> UserError | None:
    """The error to raise instead; None where only a traceback helps. What may pass is a PassingError."""
    line = advice(error, root, endpoint)
    if is_unreachable(error):
        return UnreachableError(line or f"{root}: no connection to {endpoint} ({_detail(error)}); check the network")
    if is_passing(error):
        return PassingError(line or f"{root}: {endpoint} does not serve ({_detail(error)}); run it again when it does")
    if isinstance(error, CredentialRetrievalError):  # from a service beside this process, which may be away
        return PassingError(line)
    return UserError(line) if line else None


def in_words_on_opening(error: BaseException, root: str, endpoint: str) -> UserError:
    """As ``in_words``, with words for every error: what fails at the first request is most often a setting."""
    line = f"{root}: the bucket cannot be used ({_detail(error)}); check LIVECC_ROOT and AWS_ENDPOINT_URL"
    return in_words(error, root, endpoint) or UserError(line)


def _detail(error: BaseException) -> str:
    cause = error.last_exception if isinstance(error, GIVEN_UP) else error
    return code_of(cause) or " ".join(str(cause).split()).rstrip(".")


def _skew(error: BaseException) -> str:
    headers = error.response["ResponseMetadata"].get("HTTPHeaders", {}) if isinstance(error, ClientError) else {}
    try:
        ahead = (datetime.now(UTC) - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return "this machine's clock and the server's differ too much"
    return f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's"
