"""A chat model as judge, by any endpoint that speaks the OpenAI chat-completions protocol (method 4.3)."""

from __future__ import annotations

from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.judge import JudgeError, Verdict, Winner
from livecc_assets.evaluation.judge_prompt import ANY_FENCE, SCHEMA, fenced_prompt, judge_prompt
from livecc_assets.evaluation.judge_reply import ReplyError, parse_answer, parse_verdict
from livecc_assets.evaluation.judge_words import Choice
from livecc_assets.models.chat_budget import Spent
from livecc_assets.models.chat_endpoint import ChatEndpoint, ChatError
from livecc_assets.models.chat_replies import ChatClient, Replies
from livecc_assets.store.interface import Blobs

_FIRST: dict[Choice, Winner] = {"A": "model", "B": "opponent", "tie": "tie"}
_SECOND: dict[Choice, Winner] = {"A": "opponent", "B": "model", "tie": "tie"}


class OpenAIJudge:
    """Asks twice per event, once in each order; by default at temperature 0 and with a fixed seed (None: left out).

    ``rule``: ``corrected`` asks with fences and reads the reply strictly, ``released`` as published. ``json_schema`` has the
    endpoint hold the model to the form of the answer, where it can. ``blobs``: the store in which replies are kept.
    ``endpoint`` holds what :class:`ChatEndpoint` takes besides the model: base_url, api_key_env, attempts, timeout, budget.
    """

    def __init__(
        self,
        model: str,
        seed: int | None = 42,
        temperature: float | None = 0,
        workers: int = 16,
        rule: Rule = "corrected",
        json_schema: bool = False,
        blobs: Blobs | None = None,
        retry_refused: bool = False,
        **endpoint: Any,
    ) -> None:
        self.name, self.workers, self.rule = f"openai:{model}", workers, rule
        given = {"temperature": temperature, "seed": seed}
        options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if json_schema and rule == "corrected":
            named = {"name": "verdict", "strict": True, "schema": SCHEMA}
            options["response_format"] = {"type": "json_schema", "json_schema": named}
        replies = Replies(blobs, model) if blobs else None
        self.client = ChatClient(ChatEndpoint(model, **endpoint), replies, retry_refused, **options)

    def judge(self, event: dict[str, Any], model: str, opponent: str) -> Verdict:
        """Both orders. Raises JudgeError where a reply holds no verdict; `released` calls that a tie."""
        human = event["event_asr_text"]
        ab, ba = self.choose(model, opponent, human, "ab"), self.choose(opponent, model, human, "ba")
        return Verdict(_FIRST[ab], _SECOND[ba])

    def choose(self, a: str, b: str, human: str, order: str) -> Choice:
        """Which of two texts the judge calls better."""
        prompt, known_as = self._prompts(a, b, human)

        def about(text: str) -> dict[str, Any]:
            return {"order": order, "rule": self.rule, "verdict": self._read_or_none(text)}

        try:
            return self._read(self.client.ask(prompt, known_as, about=about).text)
        except (ChatError, ReplyError) as error:
            raise JudgeError(f"{order}: {error}") from error

    def would_spend(self, event: dict[str, Any], model: str, opponent: str) -> Spent:
        """About what the two calls of an event would take; what is kept takes nothing."""
        human = event["event_asr_text"]
        first, second = self._prompts(model, opponent, human), self._prompts(opponent, model, human)
        return self.client.would_spend(*first) + self.client.would_spend(*second)

    def _prompts(self, a: str, b: str, human: str) -> tuple[str, str]:
        """What is sent, and what it is known by."""
        if self.rule == "released":
            return judge_prompt(a, b, human), ""
        return fenced_prompt(a, b, human), fenced_prompt(a, b, human, ANY_FENCE)

    def _read(self, text: str) -> Choice:
        return parse_answer(text) if self.rule == "released" else parse_verdict(text)

    def _read_or_none(self, text: str) -> Choice | None:
        try:
            return self._read(text)
        except ReplyError:
            return None
