"""A chat model as judge, by any endpoint that speaks the OpenAI chat-completions protocol (method 4.3)."""

from __future__ import annotations

from typing import Any

from livecc_assets.evaluation.judge import JudgeError, Verdict, Winner
from livecc_assets.models.chat_endpoint import ChatEndpoint, ChatError

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

    ``endpoint`` holds what :class:`ChatEndpoint` takes besides the model: base_url, api_key_env, attempts, timeout.
    """

    def __init__(self, model: str, seed: int = 42, workers: int = 16, **endpoint: Any) -> None:
        self.name, self.seed, self.workers = f"openai:{model}", seed, workers
        self.endpoint = ChatEndpoint(model, **endpoint)

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
        try:
            return self.endpoint.ask(prompt, temperature=0, seed=self.seed)
        except ChatError as error:
            raise JudgeError(str(error)) from error
