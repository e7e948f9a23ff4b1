"""One call to any endpoint that speaks the OpenAI chat-completions protocol, with bounded retries."""

import json
import os
from typing import Any
from urllib.parse import urlsplit

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import sound

DEFAULT_BASE_URL = "https://api.openai.com/v1"


class ChatError(Exception):
    """No usable answer after all attempts; the row that asked is in error, the others go on."""


class ChatEndpoint:
    """A chat model behind HTTP.

    ``api_key_env`` names the environment variable that holds the key; it may be unset for an endpoint of one's own
    (``base_url``). Rate limits, server errors, broken connections and replies without text are retried, ``attempts``
    tries in all, with the pauses of ``core.http.patient``, the first about ``pause`` seconds; a refused key, an unknown
    model or a redirect is a :class:`UserError` at once. Safe to call from many threads.
    """

    def __init__(
        self,
        model: str,
        base_url: str = "",
        api_key_env: str = "OPENAI_API_KEY",
        attempts: int = 5,
        timeout: float = 60.0,
        pause: float = 1.0,
    ) -> None:
        self.model = model
        self.url = f"{(base_url or DEFAULT_BASE_URL).rstrip('/')}/chat/completions"
        if not self.url.startswith(("http://", "https://")):
            raise UserError(f"{base_url} is no endpoint: base_url must start with http:// or https://")
        if "@" in urlsplit(base_url).netloc:
            # It would stand in manifests and in MLflow.
            raise UserError(f"base_url holds a user or a password; leave them out and set {api_key_env} instead")
        self._attempts, self._pause = attempts, pause
        key = os.environ.get(api_key_env, "")
        if not key and not base_url:
            raise UserError(f"{model} needs an API key: set {api_key_env}, or base_url to an endpoint of your own")
        from livecc_assets.core.http import Poster  # with tenacity and urllib3, which most commands need not wait for

        self._poster = Poster(self.url, timeout, {"Authorization": f"Bearer {key}"} if key else {})

    def ask(self, prompt: str, **options: Any) -> str:
        """Text of the reply to one user message; ``options`` as the protocol names them (temperature, seed).

        Raises :class:`ChatError` when the endpoint stays silent.
        """
        from livecc_assets.core.http import TryAgainError, patient

        try:
            return patient(lambda: self._once(prompt, options), self._attempts, self._pause)
        except TryAgainError as error:
            line = f"no answer from {self.model} in {self._attempts} attempts; the last problem was {error}"
            raise ChatError(line) from None

    def _once(self, prompt: str, options: dict[str, Any]) -> str:
        from livecc_assets.core.http import HTTPError, TryAgainError, is_passing, reason, retry_after

        document = {"model": self.model, "messages": [{"role": "user", "content": prompt}]} | options
        try:
            answer = self._poster.post(document)
        except HTTPError as error:
            raise TryAgainError(reason(error)) from None
        problem = f"HTTP {answer.status} {answer.reason or ''}".rstrip()
        if is_passing(answer.status):
            raise TryAgainError(problem, retry_after(answer))
        if 300 <= answer.status < 400:
            raise UserError(
                f"{self.url} redirects (HTTP {answer.status}), and a key goes to no other address; set base_url to the "
                "address that answers itself"
            )
        if answer.status >= 400:
            raise UserError(f"{self.url} refused the request ({problem}): check model name and key")
        try:
            return _text(answer.data)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise TryAgainError(f"{type(error).__name__}: {error}") from None


def _text(reply: bytes) -> str:
    content = json.loads(reply)["choices"][0]["message"]["content"]
    if not isinstance(content, str):
        raise ValueError("the reply holds no text")
    return sound(content)
