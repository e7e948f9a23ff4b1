"""LiveSports-3K CC: everything that the commentary track's score page tells about one experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.canaries import failures
from livecc_assets.evaluation.event_f1 import EventF1, event_f1, f1_rate
from livecc_assets.evaluation.intervals import share
from livecc_assets.evaluation.judge import is_order_free
from livecc_assets.evaluation.jury import jury_rows
from livecc_assets.evaluation.schemas import rate_row, score_row
from livecc_assets.evaluation.text_statistics import text_rows
from livecc_assets.evaluation.timing_rows import timing_rows
from livecc_assets.evaluation.win_rate import DURATIONS, count, order_rows, win_rate

Rows = Sequence[dict[str, Any]]
NOT_APPLICABLE = "not applicable"


def cc_score_rows(
    judgements: Rows,
    commentary: Rows,
    events: Rows,
    config: dict[str, Any] | None = None,
    canaries: dict[str, list[int]] | None = None,
    measured: dict[str, Any] | None = None,
) -> list[dict]:
    """Score rows: win rate (all, by duration), position gap and what goes with it, event F1 with its baseline, timing, text.

    `config`: `rule` (how ties count), `draws` and `seed` of the intervals. `canaries`: [passed, asked] by kind; a failed one
    marks every row that rests on the judge. `measured`: the commentary's metadata, for its synchrony.
    """
    config = config or {}
    rule: Rule = config.get("rule", "corrected")
    draws, seed = int(config.get("draws", 2000)), int(config.get("seed", 0))
    rows = marked(win_rows(judgements, events, rule, draws, seed) + jury_rows(judgements), canaries)
    rows += event_f1_rows(commentary, events, draws, seed)
    rows += timing_rows(commentary, events, measured, draws, seed)
    return rows + text_rows(commentary)


def marked(rows: list[dict], canaries: dict[str, list[int]] | None) -> list[dict]:
    """The rows, with the canaries that failed in front of each note."""
    if mark := failures(canaries):
        return [row | {"note": "; ".join(filter(None, (mark, row["note"])))} for row in rows]
    return rows


def win_rows(judgements: Rows, events: Rows, rule: Rule = "corrected", draws: int = 2000, seed: int = 0) -> list[dict]:
    """Win rate in percent with its interval over videos, and how far the order of showing decided.

    Events without a verdict enter no rate; where none has one there is no rate, and the note says so.
    """
    if not judgements:
        note = f"no rate: the judge gave no verdict on any of {len(events)} events"
        return [score_row("win_rate", "all", None, 0, note=note)] if events else []
    counts, estimate = count(judgements), win_rate(judgements, rule, draws, seed)
    judge, opponent = judgements[0]["judge"], judgements[0]["opponent"]
    ties = counts.ties_ab + counts.ties_ba
    note = f"against {opponent}, judge {judge}; {ties} of {2 * counts.events} calls tied"
    if missing := len(events) - counts.events:
        note += f"; {missing} of {len(events)} events have no verdict"
    rows = [rate_row("win_rate", "all", estimate, note)]
    durations = {f"{event['video_id']}_{event['event_id']}": event["end"] - event["begin"] for event in events}
    for name, low, high in DURATIONS:
        chosen = [row for row in judgements if low < durations[row["video_event_id"]] <= high]
        if chosen:
            rows.append(rate_row("win_rate", f"duration:{name}", win_rate(chosen, rule, draws, seed)))
    if is_order_free(judge):
        rows.append(score_row("position_gap", "all", None, counts.events, note=NOT_APPLICABLE))
        return rows
    return [*rows, *order_rows(judgements)]


def event_f1_rows(commentary: Rows, events: Rows, draws: int = 2000, seed: int = 0) -> list[dict]:
    """Event F1 with interval, precision and recall, and the guessing baseline; nothing where no truth is known."""
    scorer = EventF1(events)
    if not any(scorer.truth.values()):
        return []
    estimate = event_f1(scorer, commentary, draws, seed)
    each = scorer.sums(scorer.counts(commentary)).T
    matched, claimed, known = each.sum(axis=1)
    pair, guessed = scorer.guess()
    baseline = f1_rate(scorer.sums(guessed), draws, seed)
    note = f"{matched:.0f} of {known:.0f} events named in {claimed:.0f} claims"
    guess_note = f"always '{pair[0]} {pair[1]}', at the rate of events"
    return [
        rate_row("event_f1", "all", estimate, note),
        rate_row("event_precision", "all", share(each[0], each[1], draws, seed).scaled(100)),
        rate_row("event_recall", "all", share(each[0], each[2], draws, seed).scaled(100)),
        rate_row("event_f1_guess", "all", baseline, guess_note),
    ]
