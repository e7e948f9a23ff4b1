"""Replies of chat models that are kept as they come, so that nothing is paid for twice: by any run, of any experiment.

A reply is known by its request: the prompt, the model that was asked for, and the options that shape an answer. Addresses,
time-outs and numbers of workers are no part of that. One object each, in the artifact store: a killed run loses at most
what was under way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from livecc_assets.models.chat_budget import ANSWER_TOKENS, Spent, tokens_of
from livecc_assets.models.chat_endpoint import ChatEndpoint, RefusedError, Reply
from livecc_assets.store.garbage import REPLIES
from livecc_assets.store.interface import Blobs

FOLDER = REPLIES


class Replies:
    """The kept replies of one model. Safe to use from many threads and processes: equal requests have equal keys."""

    def __init__(self, blobs: Blobs, model: str) -> None:
        self._blobs = blobs
        name = "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in model)[:60]
        self._folder = f"{FOLDER}{name}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"
        self.model = model

    def key(self, prompt: str, options: dict[str, Any]) -> str:
        """Where the reply to a request is kept."""
        request = json.dumps([self.model, prompt, options], sort_keys=True)
        digest = hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()[:40]
        return f"{self._folder}/{digest[:2]}/{digest}.json"

    def get(self, prompt: str, options: dict[str, Any]) -> Reply | None:
        """The kept reply; None where there is none, or its object is damaged."""
        found = self._blobs.get(self.key(prompt, options))
        with suppress(ValueError, KeyError, TypeError):
            if found:
                kept = json.loads(found[0])
                fields = ("text", "returned_model", "tokens_in", "tokens_out", "seconds")
                return Reply(*(kept[name] for name in fields))
        return None

    def refusal(self, prompt: str, options: dict[str, Any]) -> str | None:
        """Why the endpoint refused the request; None where it did not, as far as is known."""
        found = self._blobs.get(self.key(prompt, options))
        with suppress(ValueError, AttributeError):
            refused = json.loads(found[0]).get("refused") if found else None
            return refused if isinstance(refused, str) else None
        return None

    def put_refusal(self, prompt: str, options: dict[str, Any], why: str) -> None:
        """Keep that the endpoint refused a request, for good."""
        kept = {
            "prompt_sha256": hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
            "requested_model": self.model,
            "options": options,
            "refused": why,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._blobs.put(self.key(prompt, options), json.dumps(kept).encode())

    def put(self, prompt: str, options: dict[str, Any], reply: Reply, **about: Any) -> None:
        """Keep a reply with what else is to be known of it."""
        kept = {
            "prompt_sha256": hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
            "requested_model": self.model,
            "options": options,
            **about,
            "text": reply.text,
            "returned_model": reply.model,
            "tokens_in": reply.tokens_in,
            "tokens_out": reply.tokens_out,
            "seconds": reply.seconds,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._blobs.put(self.key(prompt, options), json.dumps(kept).encode())


class ChatClient:
    """An endpoint with a memory: what was asked before, in this run or another, is answered from there.

    ``replies`` None: without memory. ``options`` go with every request and shape its key. A request that an endpoint refused
    while it took others is not sent again, unless ``retry_refused``.
    """

    def __init__(
        self, endpoint: ChatEndpoint, replies: Replies | None = None, retry_refused: bool = False, **options: Any
    ) -> None:
        self.endpoint, self.replies, self.options = endpoint, replies, options
        self._retry_refused = retry_refused
        self.model = endpoint.model
        self.served = 0

    def ask(
        self,
        prompt: str,
        known_as: str = "",
        attempt: int = 0,
        about: Callable[[str], dict[str, Any]] = lambda text: {},
    ) -> Reply:
        """The reply to a prompt.

        ``known_as``: the prompt without what differs from call to call. ``attempt``: counts questions that are put again
        because the reply was of no use. ``about`` says from a reply's text what else is kept of it. Raises ChatError.
        """
        name, options = known_as or prompt, self.options | ({"attempt": attempt} if attempt else {})
        if self.replies and (kept := self.replies.get(name, options)):
            self.served += 1
            self.endpoint.remembered()
            return kept
        if why := self._refused(name, options):
            raise RefusedError(why)
        try:
            reply = self.endpoint.reply(prompt, **self.options)
        except RefusedError as error:
            # Before it has taken any, the fault may be in the settings, which shape no key.
            if self.replies and self.endpoint.takes_some:
                self.replies.put_refusal(name, options, str(error))
            raise
        if self.replies:
            self.replies.put(name, options, reply, **about(reply.text))
        return reply

    def would_spend(self, prompt: str, known_as: str = "", answer: int = ANSWER_TOKENS) -> Spent:
        """About what a request would take; nothing where its reply is kept, or that it was refused."""
        name = known_as or prompt
        if (self.replies and self.replies.get(name, self.options)) or self._refused(name, self.options):
            return Spent()
        asked = tokens_of(prompt)
        return Spent(1, asked, answer, self.endpoint.budget.cost_of(asked, answer))

    def _refused(self, name: str, options: dict[str, Any]) -> str | None:
        if self.replies is None or self._retry_refused:
            return None
        return self.replies.refusal(name, options)


def client_of(config: dict[str, Any], blobs: Blobs | None = None, **options: Any) -> ChatClient:
    """The client of a settings section that names an endpoint; ``blobs``: the store in which replies are kept."""
    from livecc_assets.models.chat_budget import budget_of

    endpoint = ChatEndpoint(
        config["model"],
        config.get("base_url") or "",
        config.get("api_key_env") or "OPENAI_API_KEY",
        timeout=config.get("timeout") or 45.0,
        budget=budget_of(config, blobs),
    )
    replies = Replies(blobs, config["model"]) if blobs else None
    return ChatClient(endpoint, replies, config.get("retry_refused", False), **options)
