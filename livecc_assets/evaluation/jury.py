"""Several judges of the same events: their majority, and how far they agree beyond chance (method 4.3).

Cohen's kappa: J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.judge import JudgeError, Verdict, Winner
from livecc_assets.evaluation.judge_openai import OpenAIJudge
from livecc_assets.evaluation.schemas import score_row
from livecc_assets.models.chat_budget import Spent

Rows = Sequence[dict[str, Any]]


class Jury:
    """Judges that are asked one after the other; in each order the majority of those that answer decides.

    Without a majority the call is a tie. An event on which not even half of them give a verdict has none. Raises UserError for
    a judge that is named twice: the same vote counts once.
    """

    def __init__(self, judges: Sequence[OpenAIJudge]) -> None:
        self.judges = list(judges)
        names = [judge.name for judge in judges]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise UserError(f"the jury names {twice.partition(':')[2]} twice; name different models")
        self.workers = max(judge.workers for judge in judges)
        self.name = "jury:" + "+".join(judge.name.partition(":")[2] for judge in judges)

    def judge(self, event: dict[str, Any], model: str, opponent: str) -> Verdict:
        """The majority's verdict, with each judge's own as `votes`."""
        votes, silent = dict[str, tuple[Winner, Winner]](), list[str]()
        for one in self.judges:
            try:
                verdict = one.judge(event, model, opponent)
                votes[one.name] = (verdict.ab, verdict.ba)
            except JudgeError as error:
                silent.append(f"{one.name}: {error}")
        if 2 * len(votes) <= len(self.judges):
            raise JudgeError("; ".join(silent))
        first, second = zip(*votes.values(), strict=True)
        return Verdict(majority(first), majority(second), votes=votes)

    def would_spend(self, event: dict[str, Any], model: str, opponent: str) -> Spent:
        """About what all of them would take."""
        return sum((one.would_spend(event, model, opponent) for one in self.judges), Spent())


def majority(calls: Sequence[Winner]) -> Winner:
    """Who has more than half of the calls; a tie where nobody has."""
    winner, most = Counter(calls).most_common(1)[0]
    return winner if 2 * most > len(calls) else "tie"


def kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of two judges' calls on the same items; None where both only ever say one and the same thing."""
    n = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True)) / n
    one, other = Counter(first), Counter(second)
    by_chance = sum(one[name] * other[name] for name in one) / n**2
    return None if by_chance >= 1 else (agreed - by_chance) / (1 - by_chance)


def jury_rows(judgements: Rows) -> list[dict[str, Any]]:
    """Score rows of how far the judges of a jury agree: share of equal calls in percent, and Cohen's kappa, by pair.

    Over the events that both judged, two calls each. Empty without a jury.
    """
    votes = [json.loads(row["votes"]) for row in judgements if row.get("votes")]
    names = sorted({name for one in votes for name in one})
    rows = []
    for first, second in combinations(names, 2):
        both = [one for one in votes if first in one and second in one]
        calls = [[call for one in both for call in one[name]] for name in (first, second)]
        if not both:
            continue
        subset, n = f"judges:{first} and {second}", len(calls[0])
        agreed = 100 * sum(one == other for one, other in zip(*calls, strict=True)) / n
        value = kappa(*calls)
        note = "Cohen's kappa; 0: as by chance, 1: always the same"
        rows += [
            score_row("judge_agreement", subset, agreed, n, note="calls on which two judges say the same"),
            score_row("judge_kappa", subset, value, n, note=note if value is not None else "both always say the same"),
        ]
    return rows
