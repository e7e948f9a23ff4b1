"""Pairwise judges of commentary: which of two is closer to what the human said (method 4.3)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from livecc_assets.evaluation.event_f1 import Claim, Vocabulary, truth_of
from livecc_assets.evaluation.event_f1 import claims as claims_of
from livecc_assets.store.rows import Rejected

Winner = Literal["model", "opponent", "tie"]

#: Judges that score each candidate alone: they cannot prefer a slot.
ORDER_FREE = ("likelihood", "event-f1")


class JudgeError(Exception):
    """The judge gave no verdict on one event, for good."""


class Verdict(NamedTuple):
    """Winner with the model's commentary shown first (ab) and second (ba); scores where the judge gives them."""

    ab: Winner
    ba: Winner
    score_model: float | None = None
    score_opponent: float | None = None
    #: Of a jury: (ab, ba) by judge.
    votes: Mapping[str, tuple[Winner, Winner]] | None = None


class Judge(Protocol):
    """Decides one event. `name` is 'kind' or 'kind:model'; `workers` how many events may be judged at once."""

    name: str
    workers: int

    def judge(self, event: dict[str, Any], model: str, opponent: str) -> Verdict:
        """Compare two commentaries with `event["event_asr_text"]`; raises JudgeError."""
        ...


def by_score(model: float, opponent: float, margin: float = 1e-6) -> Verdict:
    """The verdict of a judge that scores: the higher score wins whatever the order; closer than `margin` is a tie."""
    winner: Winner = "tie" if abs(model - opponent) <= margin else "model" if model > opponent else "opponent"
    return Verdict(winner, winner, model, opponent)


Messages = list[dict[str, str]]


class TextModel(Protocol):
    """What the likelihood judge needs of livecc_assets.models.text_lm.TextLM."""

    max_tokens: int

    def losses(self, pairs: Sequence[tuple[Messages, str]]) -> list[tuple[float, int]]: ...


class LikelihoodJudge:
    """How much a candidate raises a text model's likelihood of the human words.

    Score = loss of the human words given the title, minus their loss given title and candidate: nats a token, above 0
    when the candidate helps. Both texts are cut to the same number of words for both candidates, so that the model
    never has to cut by itself. An empty candidate scores 0.
    """

    workers = 1

    def __init__(self, model: TextModel, label: str) -> None:
        self.model, self.name = model, f"likelihood:{label}"
        self.words = max(16, model.max_tokens // 6)  # human words and candidate both fit with room for the prompt

    def judge(self, event: dict[str, Any], model: str, opponent: str) -> Verdict:
        """Score both candidates; they share the baseline, so only their own losses decide."""
        human = self._cut(event["event_asr_text"])
        if not human:
            raise JudgeError("the event has no human words to compare with")
        bare = self._prompt(event["event_title"], "")
        prompts = [bare, *(self._prompt(event["event_title"], self._cut(text)) for text in (model, opponent))]
        (base, count), *given = self.model.losses([(prompt, human) for prompt in prompts])
        if any(tokens != count for _, tokens in given):
            raise JudgeError("the text model cut the human words differently for the two candidates")
        return by_score(base - given[0][0], base - given[1][0])

    def _cut(self, text: str) -> str:
        return " ".join(text.removesuffix("...").split()[: self.words])

    @staticmethod
    def _prompt(title: str, candidate: str) -> Messages:
        lines = [f"Video title: {title}"]
        if candidate:
            lines.append(f"Another commentary of the same moments: {candidate}")
        lines.append("Write what the human commentator says in these moments.")
        return [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "\n".join(lines)},
        ]


class EventF1Judge:
    """F1 of the (actor, verb) pairs that a commentary names, against the event's truth.

    Times are ignored, because an opponent is a text without times: pairs are matched as multisets.
    """

    name = "event-f1"
    workers = 1

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def judge(self, event: dict[str, Any], model: str, opponent: str) -> Verdict:
        """Score both by untimed event F1."""
        truth = truth_of(event)
        if truth is None:
            raise JudgeError("no truth is known for this event: use another judge")
        pairs = [(e["actor"], e["verb"]) for e in truth]
        return by_score(self._f1(model, pairs), self._f1(opponent, pairs))

    def _f1(self, text: str, truth: list[tuple[str, str]]) -> float:
        found = [_pair(claim) for claim in claims_of([{"start": 0.0, "end": 1.0, "text": text}], self.vocabulary)]
        left, matched = list(truth), 0
        for pair in found:
            if pair in left:
                left.remove(pair)
                matched += 1
        return 100 * 2 * matched / (len(found) + len(truth)) if found or truth else 0.0


def _pair(claim: Claim) -> tuple[str, str]:
    return claim.actor, claim.verb


#: A text for each event, by (video_id, event_id).
Texts = Mapping[tuple[str, int], str]


def judgements(
    judge: Judge,
    texts: Texts,
    events: Iterable[dict[str, Any]],
    opponent: str,
    opponent_texts: Texts,
) -> Iterator[dict[str, Any] | Rejected]:
    """A judgement row for each event, in the benchmark's order; ``texts`` is what the model said.

    An event that the model did not comment, and one without a verdict, becomes an error row: the published procedure
    too demands a commentary for every event. The opponent's text must be there for each (KeyError otherwise).
    """
    for event in events:
        key = (event["video_id"], event["event_id"])
        name = f"{key[0]}_{key[1]}"
        if key not in texts:
            yield Rejected(name, "error", "no_commentary", "the model's commentary lacks this event", key[0])
            continue
        try:
            verdict = judge.judge(event, texts[key], opponent_texts[key])
        except JudgeError as error:
            yield Rejected(name, "error", "no_verdict", str(error), key[0])
            continue
        yield {
            "video_event_id": name,
            "judge": judge.name,
            "opponent": opponent,
            "ab_winner": verdict.ab,
            "ba_winner": verdict.ba,
            "score_model": verdict.score_model,
            "score_opponent": verdict.score_opponent,
            "votes": None if verdict.votes is None else json.dumps(verdict.votes),
        }


def is_order_free(judge: str) -> bool:
    """Whether a judge of this name ('kind' or 'kind:model') scores candidates without showing them side by side."""
    return judge.split(":")[0] in ORDER_FREE
