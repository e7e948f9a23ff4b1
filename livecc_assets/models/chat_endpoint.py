"""Requests to any endpoint that speaks the OpenAI chat-completions protocol: tried again, bounded, and never in vain."""

from __future__ import annotations

import json
import os
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief, sound
from livecc_assets.models.chat_breaker import KEPT, Breaker
from livecc_assets.models.chat_budget import Budget

DEFAULT_BASE_URL = "https://api.openai.com/v1"
#: Statuses that say that this request is refused (a content filter, too long a text), and nothing of the next one.
_REFUSED = {400, 413, 422}
#: Seconds between two tries of one request, where the endpoint asks for no more: an outage is the breaker's affair.
_LONGEST = 16.0
#: What an endpoint says, as 429, when waiting will not help.
_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached")


class ChatError(Exception):
    """No usable answer after all attempts; the row that asked is in error, the others go on."""


class RefusedError(ChatError):
    """The endpoint refused this one request, for good."""


class Reply(NamedTuple):
    """A reply's text, the model that gave it by its own account, tokens (None: not told), and the call's seconds."""

    text: str
    model: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    seconds: float = 0.0


class ChatEndpoint:
    """A chat model behind HTTP. Safe to call from many threads, which share what is known of the endpoint.

    ``api_key_env`` names the environment variable that holds the key; it may be unset for an endpoint of one's own
    (``base_url``). Rate limits, server errors, broken connections and broken bodies are asked again, ``attempts`` tries in
    all, with the pauses of ``core.http.patient``, the first about ``pause`` seconds. A request that is refused (400, 413,
    422) is a :class:`RefusedError`. A refused key, an unknown model, a redirect, an account without credit, a spent
    ``budget`` and a dead endpoint (:class:`Breaker`) are a UserError, after which nothing more is sent.
    """

    def __init__(
        self,
        model: str,
        base_url: str = "",
        api_key_env: str = "OPENAI_API_KEY",
        attempts: int = 12,
        timeout: float = 45.0,
        pause: float = 1.0,
        budget: Budget | None = None,
    ) -> None:
        self.model = model
        self.url = f"{(base_url or DEFAULT_BASE_URL).rstrip('/')}/chat/completions"
        if not self.url.startswith(("http://", "https://")):
            raise UserError(f"{base_url} is no endpoint: base_url must start with http:// or https://")
        if "@" in urlsplit(base_url).netloc:
            # It would stand in manifests and in MLflow.
            raise UserError(f"base_url holds a user or a password; leave them out and set {api_key_env} instead")
        self._attempts, self._pause = attempts, pause
        self.budget, self._breaker = budget or Budget({}), Breaker(self.url)
        key = os.environ.get(api_key_env, "")
        if not key and not base_url:
            raise UserError(f"{model} needs an API key: set {api_key_env}, or base_url to an endpoint of your own")
        from livecc_assets.core.http import Poster  # with tenacity and urllib3, which most commands need not wait for

        self._poster = Poster(self.url, timeout, {"Authorization": f"Bearer {key}"} if key else {})

    @property
    def takes_some(self) -> bool:
        """Whether it has answered anything: then what it refuses is one request's fault, and not its own or the settings'."""
        return self._breaker.takes_some

    def remembered(self) -> None:
        """A kept reply was served in this endpoint's place."""
        self._breaker.remembered()

    def ask(self, prompt: str, **options: Any) -> str:
        """Text of the reply to one user message; as :meth:`reply`."""
        return self.reply(prompt, **options).text

    def reply(self, prompt: str, **options: Any) -> Reply:
        """The reply to one user message; ``options`` as the protocol names them (temperature, seed).

        Raises :class:`ChatError` when the endpoint has no answer to it.
        """
        from livecc_assets.core.http import TryAgainError, patient

        try:
            return patient(lambda: self._once(prompt, options), self._attempts, self._pause, longest=_LONGEST)
        except TryAgainError as error:
            line = f"no answer from {self.model} in {self._attempts} attempts; the last problem was {error}"
            raise ChatError(line) from None

    def _once(self, prompt: str, options: dict[str, Any]) -> Reply:
        from livecc_assets.core.http import TryAgainError

        self._breaker.enter()
        try:
            wanted = self.budget.reserve(prompt)
        except UserError as error:
            raise self._breaker.end(error) from None
        reply = Reply("", tokens_in=0, tokens_out=0)  # what fails is billed nowhere
        try:
            reply = self._posted(prompt, options)
        except TryAgainError as error:
            self._breaker.failed(str(error), error.after)
            raise
        except RefusedError as error:
            self._breaker.refused(str(error))
            raise
        except UserError as error:
            raise self._breaker.end(error) from None
        finally:
            self._breaker.leave()
            self.budget.settle(wanted, reply.tokens_in, reply.tokens_out)
        self._breaker.answered()
        return reply

    def _posted(self, prompt: str, options: dict[str, Any]) -> Reply:
        from livecc_assets.core.http import HTTPError, TryAgainError, is_passing, reason, retry_after

        document = {"model": self.model, "messages": [{"role": "user", "content": prompt}]} | options
        began = time.monotonic()
        try:
            answer = self._poster.post(document)
        except HTTPError as error:
            raise TryAgainError(reason(error)) from None
        if answer.status < 300:
            try:
                return read_reply(answer.data, time.monotonic() - began)
            except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
                raise TryAgainError(f"a broken body ({type(error).__name__}: {brief(error, 80)})") from None
        said = _said(answer.data)
        problem = f"HTTP {answer.status} {answer.reason or ''}".rstrip() + (f": {said}" if said else "")
        if is_passing(answer.status) and not any(mark in said for mark in _NO_CREDIT):
            raise TryAgainError(problem, retry_after(answer))
        if answer.status in _REFUSED:
            raise RefusedError(f"{self.model} refused the request ({problem})")
        if answer.status < 400:
            raise UserError(
                f"{self.url} redirects (HTTP {answer.status}), and a key goes to no other address; set base_url to the "
                "address that answers itself"
            )
        remedy = "look after the account" if answer.status in (402, 429) else "check model name and key"
        raise UserError(f"{self.url} refused the request ({problem}): {remedy}; {KEPT}")


def read_reply(body: bytes, seconds: float = 0.0) -> Reply:
    """The reply in a body. A refusal, and an end without text, is a reply; ValueError, KeyError or the like for no reply."""
    document = json.loads(body)
    choice = document["choices"][0]
    message, usage = choice["message"], document.get("usage") or {}
    content = message["content"] if "content" in message else message["refusal"]
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content)
    if content is None:
        stopped = choice.get("finish_reason") in ("content_filter", "length")
        if not (stopped or message.get("refusal") or message.get("reasoning_content")):
            raise ValueError("the reply holds no text")
        content = message.get("refusal") or ""
    if not isinstance(content, str):
        raise ValueError("the reply holds no text")
    took_in, took_out = (
        count if isinstance(count, int) else None
        for count in (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    )
    return Reply(sound(content), str(document.get("model") or ""), took_in, took_out, round(seconds, 3))


def _said(body: bytes) -> str:
    """What the endpoint says of an error, in a few words."""
    try:
        error = json.loads(body).get("error")
        parts = [error.get("code"), error.get("message")] if isinstance(error, dict) else [error]
    except (ValueError, AttributeError, RecursionError):
        return ""
    return brief(": ".join(str(part) for part in parts if part))
