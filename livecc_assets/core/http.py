"""HTTP as all clients of the project speak it: which answers are asked for again, when, and how errors are told.

urllib3's ``Retry`` says which answers pass and reads ``Retry-After``; ``tenacity`` makes the tries. urllib3's own loop is not
used: it logs the path of the address, which is the secret of a webhook, reads the refused answer whole, and cannot tell
that a reply holds no text.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.request import getproxies, proxy_bypass

import tenacity
import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import parse_url

T = TypeVar("T")

#: Seconds between two tries, at most, whatever the server asks for.
LONGEST_PAUSE = 60.0
#: The request came too early or the server is broken for now.
_PASSING = {408, 409, 425, 429, *range(500, 600)} - {501, 505}
_POLICY = urllib3.Retry(allowed_methods=None, status_forcelist=_PASSING, retry_after_max=int(LONGEST_PAUSE))


class TryAgainError(Exception):
    """A try that failed and may succeed later. ``after``: seconds that the server asks for, 0 where it does not."""

    def __init__(self, problem: str, after: float = 0.0) -> None:
        super().__init__(problem)
        self.after = after


def is_passing(status: int) -> bool:
    """Whether an answer of this status may be another one later: 408, 409, 425, 429 and errors of the server."""
    return _POLICY.is_retry("POST", status)


def retry_after(answer: urllib3.BaseHTTPResponse) -> float:
    """Seconds that the header ``Retry-After`` asks for, ``LONGEST_PAUSE`` at most; 0 without one that can be read."""
    try:
        return _POLICY.get_retry_after(answer) or 0.0
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def patient(
    call: Callable[[], T], tries: int, pause: float, within: float | None = None, longest: float = LONGEST_PAUSE
) -> T:
    """What ``call`` returns; made again where it raises TryAgainError, ``tries`` times in all.

    The pauses double from ``pause`` seconds on up to ``longest``, with a random quarter more, so that many clients do not
    come back together; ``Retry-After`` makes one longer. ``within``: seconds after which no further try begins. Raises the
    last error.
    """
    doubling = tenacity.wait_exponential_jitter(multiplier=pause, max=longest, jitter=pause / 4)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return max(doubling(state), error.after if isinstance(error, TryAgainError) else 0.0)

    stop: Any = tenacity.stop_after_attempt(tries)
    if within is not None:
        stop = tenacity.stop_any(stop, tenacity.stop_before_delay(within))
    retry = tenacity.retry_if_exception_type(TryAgainError)
    return tenacity.Retrying(retry=retry, wait=wait, stop=stop, reraise=True)(call)


def reason(error: Exception) -> str:
    """What went wrong with a connection, in a few words, without the address that urllib3 puts in front."""
    text = str(error).rsplit(": ", 1)[-1]
    return f"{type(error).__name__}: {text}"[:200]


@dataclass(frozen=True)
class Poster:
    """Posts JSON documents to one address; safe to use from many threads. Redirects are answers like any other.

    Followed, a redirect would take the key and the document to an address that nobody named. The proxies of the
    environment (``HTTPS_PROXY``, ``NO_PROXY``) are used.
    """

    url: str
    timeout: float
    headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _manager(self) -> urllib3.PoolManager:
        parts = parse_url(self.url)
        proxy = getproxies().get(parts.scheme or "")
        if not proxy or proxy_bypass(parts.netloc or ""):
            return urllib3.PoolManager(maxsize=32)
        auth = parse_url(proxy).auth
        headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
        return urllib3.ProxyManager(proxy, maxsize=32, proxy_headers=headers)

    def post(self, document: Any) -> urllib3.BaseHTTPResponse:
        """One try; the answer, read whole, whatever its status. Raises urllib3's HTTPError where none comes."""
        return self._manager.request(
            "POST",
            self.url,
            body=json.dumps(document).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "livecc-assets", **self.headers},
            timeout=self.timeout,
            retries=False,
            redirect=False,
        )


__all__ = ["HTTPError", "Poster", "TryAgainError", "is_passing", "patient", "reason", "retry_after"]
