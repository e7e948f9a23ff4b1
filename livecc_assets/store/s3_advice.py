"""What an error of S3 means for the person at the keyboard: one line with the cause and the remedy, without secrets."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from botocore.exceptions import (
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from livecc_assets.core.errors import PassingError, UnreachableError, UserError
from livecc_assets.core.redaction import redact
from livecc_assets.store.s3_errors import GIVEN_UP, code_of, is_passing, is_unreachable, is_untrusted

#: The setting that names the artifact store. What lies elsewhere is only read.
ROOT = "LIVECC_ROOT"
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", "InvalidToken"}
_UNKNOWN_KEY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
_DENIED = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "403"}
_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
_READ = "s3:GetObject and s3:ListBucket"
_WRITE = (
    "s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket, s3:AbortMultipartUpload, s3:ListMultipartUploadParts and "
    "s3:ListBucketMultipartUploads"
)


@dataclass(frozen=True)
class Place:
    """An ``s3://`` address, the server that was asked, and the setting that names the address."""

    address: str
    endpoint: str
    setting: str = ROOT


def explain(error: BaseException, place: Place) -> UserError:
    """The error to raise instead: UnreachableError where nothing answers, PassingError for what may pass, else UserError."""
    kind = UserError
    if is_unreachable(error):
        kind = UnreachableError
    elif is_passing(error) or isinstance(error, CredentialRetrievalError):  # fetched from a service that may be away
        kind = PassingError
    cause, remedy = advice(error, place)
    return kind(redact(f"{place.address}: {cause}; {remedy}"))


def advice(error: BaseException, place: Place) -> tuple[str, str]:
    """(cause, remedy) of an error of botocore."""
    endpoint, code = place.endpoint, code_of(error)
    if found := _of_settings(error):
        return found
    if is_untrusted(error):
        remedy = "name its authority's in AWS_CA_BUNDLE, or correct AWS_ENDPOINT_URL"
        return f"the certificate of {endpoint} is not trusted", remedy
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return f"nothing answers at {endpoint}", "check AWS_ENDPOINT_URL and the network"
    if is_unreachable(error):
        return f"no connection to {endpoint} ({detail(error)})", "check the network"
    if code == "NoSuchBucket":
        cause = f"the bucket cannot be used, for it does not exist at {endpoint} (NoSuchBucket)"
        return cause, f"create it, or correct {place.setting} or AWS_ENDPOINT_URL"
    if code in _EXPIRED:
        return f"the AWS credentials have expired ({code})", "fetch new ones and run it again"
    if code in _UNKNOWN_KEY:
        remedy = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        return f"{endpoint} does not accept the AWS credentials ({code})", remedy
    if code == "RequestTimeTooSkewed":
        return _skew(error), "set this machine's clock (timedatectl set-ntp true) and run it again"
    if code in _DENIED:
        operation = error.operation_name if isinstance(error, ClientError) else "the request"
        rights = _WRITE if place.setting == ROOT else _READ
        return f"the AWS credentials may not do {operation} there ({code})", f"allow {rights} under this address"
    if code in _REGION:
        return f"the bucket lies in another region ({code})", "set AWS_REGION to the bucket's"
    if code == "InvalidBucketName" or isinstance(error, ParamValidationError):
        return "this is no bucket's name", f"write {place.setting} as s3://bucket/prefix"
    if code in ("NoSuchKey", "404"):
        return "an object that belongs there is missing", "bring it back, or make it again"
    if is_passing(error):
        return f"{endpoint} does not serve ({detail(error)})", "run it again when it does"
    return f"the bucket cannot be used ({detail(error)})", f"check {place.setting} and AWS_ENDPOINT_URL"


def _of_settings(error: BaseException) -> tuple[str, str] | None:
    """Mistakes in this machine's AWS settings: no request was made."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "no complete AWS credentials", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if isinstance(error, SSOError | CredentialRetrievalError):
        return f"the AWS credentials could not be fetched ({detail(error)})", "log in again or check AWS_PROFILE"
    if isinstance(error, NoRegionError):
        return "no AWS region is set", "set AWS_REGION to the bucket's"
    if isinstance(error, ProfileNotFound | ConfigNotFound | ConfigParseError):
        return f"the AWS settings cannot be used ({detail(error)})", "check AWS_PROFILE and AWS_CONFIG_FILE"
    return None


def detail(error: BaseException) -> str:
    """S3's code, or the error's text in one line."""
    cause = error.last_exception if isinstance(error, GIVEN_UP) else error
    return code_of(cause) or " ".join(str(cause).split()).rstrip(".")


def _skew(error: BaseException) -> str:
    headers = error.response["ResponseMetadata"].get("HTTPHeaders", {}) if isinstance(error, ClientError) else {}
    try:
        ahead = (datetime.now(UTC) - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return "this machine's clock and the server's differ too much"
    return f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's"
