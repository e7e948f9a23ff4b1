"""LiveSports-3K CC: everything that the commentary track's score page tells about one experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.event_f1 import EventF1, event_f1, f1
from livecc_assets.evaluation.judge import is_order_free
from livecc_assets.evaluation.schemas import score_row
from livecc_assets.evaluation.statistics import bootstrap
from livecc_assets.evaluation.text_statistics import text_rows
from livecc_assets.evaluation.win_rate import count, win_rate

Rows = Sequence[dict[str, Any]]
NOT_APPLICABLE = "not applicable"


def cc_score_rows(judgements: Rows, commentary: Rows, events: Rows, config: dict[str, Any] | None = None) -> list[dict]:
    """Score rows: win rate (all, by duration), position gap and what goes with it, event F1 with its baseline, text.

    `config`: `rule` (how ties count), `draws` and `seed` of the bootstrap.
    """
    config = config or {}
    rule: Rule = config.get("rule", "corrected")
    draws, seed = int(config.get("draws", 2000)), int(config.get("seed", 0))
    rows = win_rows(judgements, events, rule, draws, seed)
    rows += event_f1_rows(commentary, events, draws, seed)
    return rows + text_rows(commentary)


def win_rows(judgements: Rows, events: Rows, rule: Rule = "corrected", draws: int = 2000, seed: int = 0) -> list[dict]:
    """Win rate in percent with its interval over videos, and how far the order of showing decided."""
    if not judgements:
        return []
    counts, estimate = count(judgements), win_rate(judgements, rule, draws, seed)
    judge, opponent = judgements[0]["judge"], judgements[0]["opponent"]
    ties = counts.ties_ab + counts.ties_ba
    note = f"against {opponent}, judge {judge}; {ties} of {2 * counts.events} calls tied"
    rows = [score_row("win_rate", "all", estimate.value, counts.events, (estimate.low, estimate.high), note)]
    durations = {f"{event['video_id']}_{event['event_id']}": event["end"] - event["begin"] for event in events}
    for name, low, high in (("le30", 0.0, 30.0), ("30_60", 30.0, 60.0), ("gt60", 60.0, float("inf"))):
        chosen = [row for row in judgements if low < durations[row["video_event_id"]] <= high]
        if chosen:
            part = win_rate(chosen, rule, draws, seed)
            rows.append(score_row("win_rate", f"duration:{name}", part.value, len(chosen), (part.low, part.high)))
    if is_order_free(judge):
        rows.append(score_row("position_gap", "all", None, counts.events, note=NOT_APPLICABLE))
        return rows
    n, consistent = counts.events, counts.both + counts.neither
    return [
        *rows,
        score_row("win_rate_as_a", "all", counts.rate_as_a, n, note="the model's commentary shown first"),
        score_row("win_rate_as_b", "all", counts.rate_as_b, n, note="the model's commentary shown second"),
        score_row("position_gap", "all", counts.position_gap, n, note="points that being shown first is worth"),
        score_row("flip_rate", "all", counts.flip_rate, n, note="events whose winner changes with the order"),
        score_row(
            "consistent_only_win_rate", "all", counts.consistent_only, consistent, note="one winner in both orders"
        ),
    ]


def event_f1_rows(commentary: Rows, events: Rows, draws: int = 2000, seed: int = 0) -> list[dict]:
    """Event F1 with interval, precision and recall, and the guessing baseline; nothing where no truth is known."""
    scorer = EventF1(events)
    if not any(scorer.truth.values()):
        return []
    estimate = event_f1(scorer, commentary, draws, seed)
    matched, claimed, known = scorer.sums(scorer.counts(commentary)).sum(axis=0)
    pair, guessed = scorer.guess()
    baseline = bootstrap(scorer.sums(guessed), f1, draws, seed)
    n = int(known)
    note = f"{matched:.0f} of {known:.0f} events named in {claimed:.0f} claims"
    guess_note = f"always '{pair[0]} {pair[1]}', at the rate of events"
    return [
        score_row("event_f1", "all", estimate.value, n, (estimate.low, estimate.high), note),
        score_row("event_precision", "all", 100 * matched / claimed if claimed else 0.0, int(claimed)),
        score_row("event_recall", "all", 100 * matched / known, n),
        score_row("event_f1_guess", "all", baseline.value, n, (baseline.low, baseline.high), guess_note),
    ]
