"""One call to any endpoint that speaks the OpenAI chat-completions protocol, with bounded retries."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import sound

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_BUSY = frozenset({408, 409, 425, 429})


class ChatError(Exception):
    """No usable answer after all attempts; the row that asked is in error, the others go on."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: followed, it would take the key and the prompt to an address nobody named."""

    def redirect_request(self, *arguments: Any, **options: Any) -> None:
        return None


class ChatEndpoint:
    """A chat model behind HTTP.

    ``api_key_env`` names the environment variable that holds the key; it may be unset for an endpoint of one's own
    (``base_url``). Rate limits, server errors and broken connections are retried ``attempts`` times with doubling
    pauses; a refused key, an unknown model or a redirect is a :class:`UserError` at once. Safe to call from many threads.
    """

    def __init__(
        self,
        model: str,
        base_url: str = "",
        api_key_env: str = "OPENAI_API_KEY",
        attempts: int = 5,
        timeout: float = 60.0,
        pause: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.model = model
        self.url = f"{(base_url or DEFAULT_BASE_URL).rstrip('/')}/chat/completions"
        if not self.url.startswith(("http://", "https://")):
            raise UserError(f"{base_url} is no endpoint: base_url must start with http:// or https://")
        if "@" in urlsplit(base_url).netloc:
            # It would stand in manifests and in MLflow.
            raise UserError(f"base_url holds a user or a password; leave them out and set {api_key_env} instead")
        self._attempts, self._timeout, self._pause, self._sleep = attempts, timeout, pause, sleep
        self._opener = urllib.request.build_opener(NoRedirects)
        self._key = os.environ.get(api_key_env, "")
        if not self._key and not base_url:
            raise UserError(f"{model} needs an API key: set {api_key_env}, or base_url to an endpoint of your own")

    def ask(self, prompt: str, **options: Any) -> str:
        """Text of the reply to one user message; ``options`` as the protocol names them (temperature, seed).

        Raises :class:`ChatError` when the endpoint stays silent.
        """
        problem = ""
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(self._pause * 2 ** (attempt - 1))
            try:
                return self._post(prompt, options)
            except urllib.error.HTTPError as error:
                error.close()
                problem = f"HTTP {error.code} {error.reason}"
                if 300 <= error.code < 400:
                    raise UserError(
                        f"{self.url} redirects (HTTP {error.code}), and a key goes to no other address; set base_url to the "
                        "address that answers itself"
                    ) from None
                if error.code not in _BUSY and error.code < 500:
                    raise UserError(f"{self.url} refused the request ({problem}): check model name and key") from error
            except (OSError, HTTPException, ValueError, KeyError, IndexError, TypeError) as error:
                problem = f"{type(error).__name__}: {error}"
        raise ChatError(f"no answer from {self.model} in {self._attempts} attempts; the last problem was {problem}")

    def _post(self, prompt: str, options: dict[str, Any]) -> str:
        body = json.dumps({"model": self.model, "messages": [{"role": "user", "content": prompt}]} | options)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        request = urllib.request.Request(self.url, body.encode(), headers)
        with self._opener.open(request, timeout=self._timeout) as reply:
            content = json.load(reply)["choices"][0]["message"]["content"]
        if not isinstance(content, str):
            raise ValueError("the reply holds no text")
        return sound(content)
