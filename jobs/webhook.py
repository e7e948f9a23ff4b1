"""Tells a webhook what happened: one JSON document, posted with a time-out and a few tries, never with a secret in it."""

import re
from typing import Any

from livecc_assets.core.redaction import redact

#: Seconds of one try, tries, and the pause before the second, about; each further pause is twice as long.
TIMEOUT, TRIES, PAUSE = 10.0, 3, 1.0
#: How errors call it. Not "NAME: …", which redaction takes for a printed variable.
_NAME = "the webhook (LIVECC_WEBHOOK_URL)"
#: Characters of an error message that are sent.
LONGEST = 500

#: What the log may keep and a chat room need not see.
_PATTERNS = [
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?\"']+)\?[^\s\"')]+", re.IGNORECASE), r"\1?…"),  # any link's query
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), r"\1 …"),
    (re.compile(r"\b([\w-]*(?:password|secret|token|api[_-]?key|access[_-]?key|signature)[\w-]*)(['\"]?\s*[=:]\s*)['\"]?[^\s'\",;)]+",
                re.IGNORECASE), r"\1\2…"),
    (re.compile(r"\b(?:sk|ghp|hf|xox[abp])[-_][\w-]{8,}"), "…"),
]  # fmt: skip


class WebhookError(Exception):
    """The document was not taken. The message does not name the address, which is a secret in itself."""


class AwayError(WebhookError):
    """Nothing answers at the address, or the service is busy or broken: the same document may be taken later."""


def clean(text: str) -> str:
    """``text`` without secrets (:func:`redact`) or anything that looks like one, and cut short."""
    text = redact(text)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def post(url: str, document: dict[str, Any]) -> None:
    """Post ``document`` as JSON. Tries again after time-outs, lost connections, 429 and errors of the server, not before
    the time that its ``Retry-After`` names.

    Raises AwayError when no try was taken, or WebhookError at once for any other answer.
    """
    from livecc_assets.core.http import Poster, TryAgainError, patient

    if not url.startswith(("http://", "https://")):
        raise WebhookError("LIVECC_WEBHOOK_URL must begin with http:// or https://")
    poster = Poster(url, TIMEOUT)
    try:
        patient(lambda: _once(poster, document), TRIES, PAUSE)
    except TryAgainError as error:
        raise AwayError(f"{_NAME} {error}, {TRIES} times; is the service up?") from None


def _once(poster: Any, document: dict[str, Any]) -> None:
    from livecc_assets.core.http import HTTPError, TryAgainError, is_passing, retry_after

    try:
        answer = poster.post(document)
    except ValueError:  # LocationParseError and LocationValueError among them
        raise WebhookError("LIVECC_WEBHOOK_URL is no address; correct it") from None
    except (HTTPError, OSError) as error:  # its kind, not the error itself: some of its texts quote the address
        raise TryAgainError(f"gave no answer ({type(error.__cause__ or error).__name__})") from None
    if is_passing(answer.status):
        raise TryAgainError(f"answered {answer.status}", retry_after(answer))
    if answer.status >= 300:
        raise WebhookError(f"{_NAME} answered {answer.status}; check the address")
