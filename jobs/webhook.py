"""Tells a webhook what happened: one JSON document, posted with a time-out and a few tries, never with a secret in it."""

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from livecc_assets.core.redaction import redact
from livecc_assets.models.chat_endpoint import NoRedirects

#: Seconds of one try, tries, and the pause before the second; each further pause is twice as long.
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


def post(url: str, document: dict[str, Any], pause: Callable[[float], None] = time.sleep) -> None:
    """Post ``document`` as JSON. Tries again after time-outs, lost connections, 429 and 5xx.

    Raises AwayError when no try was taken, or WebhookError at once for any other answer.
    """
    if not url.startswith(("http://", "https://")):
        raise WebhookError("LIVECC_WEBHOOK_URL must begin with http:// or https://")
    opener = urllib.request.build_opener(NoRedirects)
    why = ""
    for number in range(TRIES):
        if number:
            pause(PAUSE * 2 ** (number - 1))
        try:
            request = urllib.request.Request(
                url, json.dumps(document).encode(), {"Content-Type": "application/json", "User-Agent": "livecc-assets"}
            )
            with opener.open(request, timeout=TIMEOUT):
                return
        except urllib.error.HTTPError as error:
            why = f"answered {error.code}"
            if error.code != 429 and error.code < 500:
                raise WebhookError(f"{_NAME} {why}; check the address") from None
        except (ValueError, http.client.InvalidURL):
            raise WebhookError("LIVECC_WEBHOOK_URL is no address; correct it") from None
        except (OSError, http.client.HTTPException) as error:
            # The reason, not the error itself: some of its texts quote the address.
            why = f"gave no answer ({type(getattr(error, 'reason', error)).__name__})"
    raise AwayError(f"{_NAME} {why}, {TRIES} times; is the service up?")
