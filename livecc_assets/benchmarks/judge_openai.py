"""A chat model as judge, by any endpoint that speaks the OpenAI chat-completions protocol (spec 4.3)."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from livecc_assets.benchmarks.judge import JudgeError, Verdict, Winner
from livecc_assets.errors import UserError

DEFAULT_BASE_URL = "https://api.openai.com/v1"
RULE = "-" * 10
ANSWER = "Commentary {letter} is better aligned with the human commentary"

# Structure, headings and required answers are those of the published judge; the wording is our own.
_PROMPT = """\
You are an expert in video commentary. Below are two commentaries of the same video clip, A and B, and the \
commentary that a human gave live. Decide which of the two is better aligned with the human commentary.

Apply the criteria in this order:
1. Semantic alignment: which one conveys the same meaning, the same details and the same key points as the human \
commentary?
2. Stylistic consistency: only where the first criterion cannot decide, which one is closer in tone, choice of \
words and structure?

---Commentary A---
{a}
{rule}

---Commentary B---
{b}
{rule}

---Human Commentary---
{human}
{rule}

Answer with exactly one of these two sentences and nothing else:
{answer_a}
{answer_b}
"""


def judge_prompt(a: str, b: str, human: str) -> str:
    """The one user message that the judge gets."""
    answers = {"answer_a": ANSWER.format(letter="A"), "answer_b": ANSWER.format(letter="B")}
    return _PROMPT.format(a=a, b=b, human=human, rule=RULE, **answers)


def parse_answer(answer: str) -> str:
    """'A', 'B' or 'tie'; an answer that names both counts as A, as in the published procedure."""
    return "A" if "Commentary A" in answer else "B" if "Commentary B" in answer else "tie"


class OpenAIJudge:
    """Asks twice per event, once in each order; temperature 0 and a fixed seed.

    `attempts` calls with doubling pauses on rate limits, server errors and broken connections, then JudgeError; a
    refused key or an unknown model is a UserError at once. `api_key_env` names the environment variable that holds
    the key; it may be unset for a local endpoint given as `base_url`.
    """

    def __init__(
        self,
        model: str,
        base_url: str = "",
        api_key_env: str = "OPENAI_API_KEY",
        seed: int = 42,
        workers: int = 16,
        attempts: int = 5,
        timeout: float = 60.0,
        pause: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name, self.model, self.workers = f"openai:{model}", model, workers
        self.url = (base_url or DEFAULT_BASE_URL).rstrip("/") + "/chat/completions"
        self.seed, self.attempts, self.timeout, self.pause, self.sleep = seed, attempts, timeout, pause, sleep
        self.key = os.environ.get(api_key_env, "")
        if not self.key and not base_url:
            raise UserError(
                f"the judge needs an API key: set {api_key_env}, or judge.base_url to an endpoint of your own"
            )

    def judge(self, event: dict[str, Any], model: str, opponent: str) -> Verdict:
        """Both orders; a reply that names neither commentary is a tie."""
        human = event["event_asr_text"]
        ab = parse_answer(self.ask(judge_prompt(model, opponent, human)))
        ba = parse_answer(self.ask(judge_prompt(opponent, model, human)))
        first: dict[str, Winner] = {"A": "model", "B": "opponent", "tie": "tie"}
        second: dict[str, Winner] = {"A": "opponent", "B": "model", "tie": "tie"}
        return Verdict(first[ab], second[ba])

    def ask(self, prompt: str) -> str:
        """The reply's text."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "seed": self.seed,
        }
        problem = ""
        for attempt in range(self.attempts):
            if attempt:
                self.sleep(self.pause * 2 ** (attempt - 1))
            try:
                return self._post(body)
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code} {error.reason}"
                if error.code not in (408, 409, 429) and error.code < 500:
                    raise UserError(
                        f"{self.url} refused the judge's request ({problem}): check model name and key"
                    ) from error
            except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
                problem = f"{type(error).__name__}: {error}"
        raise JudgeError(f"no answer from {self.model} after {self.attempts} attempts; the last problem was {problem}")

    def _post(self, body: dict[str, Any]) -> str:
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=self.timeout) as reply:
            content = json.load(reply)["choices"][0]["message"]["content"]
        if not isinstance(content, str):
            raise ValueError("the reply holds no text")
        return content
