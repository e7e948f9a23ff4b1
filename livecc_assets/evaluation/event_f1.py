"""Event F1: does the commentary name the events of a video, at the right moment?

Defined for videos whose events are known exactly (time, actor, verb from a closed vocabulary).

* A *run* is a maximal series of non-silent intervals whose gaps stay below `max_gap` seconds. It is split where an
  actor is named: an *utterance* reaches from one actor's name to the next (words before the first name belong to
  the first utterance) and starts at the start of the interval that holds that name.
* An utterance *claims* (actor, verb, start) for each different verb that it holds, so listing verbs costs
  precision. Words that claim nothing cost nothing.
* A claim names an event of the same actor and verb if it starts within `EARLY` s before to `LATE` s after it.
  Claims and events are matched one to one, as many as possible.
* F1 is micro-averaged: 2 x matched / (claims + events), summed over videos, whose scatter its interval counts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from livecc_assets.evaluation.intervals import Rate, rate
from livecc_assets.evaluation.statistics import DRAWS, Paired, cluster_sums, swap_p

EARLY, LATE = 1.0, 2.0
MAX_GAP = 1.0
_SLACK = 1e-6  # interval limits are sums of floats


@dataclass(frozen=True)
class Vocabulary:
    """The closed vocabulary of the truth; a name of several words is matched as a phrase."""

    actors: tuple[str, ...]
    verbs: tuple[str, ...]

    @classmethod
    def of(cls, truths: Iterable[Sequence[dict[str, Any]]]) -> Vocabulary:
        """All actors and verbs that occur in lists of true events."""
        actors, verbs = set(), set()
        for truth in truths:
            actors.update(event["actor"] for event in truth)
            verbs.update(event["verb"] for event in truth)
        return cls(tuple(sorted(actors)), tuple(sorted(verbs)))


class Claim(NamedTuple):
    """One event named by the commentary; `start` in seconds of the video."""

    start: float
    actor: str
    verb: str


class Counts(NamedTuple):
    """Counters of one commentary; they add up over videos."""

    matched: int
    claims: int
    events: int


def tokens(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return re.findall(r"[a-z0-9']+", text.lower())


def claims(utterances: Iterable[dict[str, Any]], vocabulary: Vocabulary, max_gap: float = MAX_GAP) -> list[Claim]:
    """The events that interval texts {start, end, text} claim, in order of time."""
    found: list[Claim] = []
    run: list[tuple[float, str]] = []
    last_end = -np.inf
    for part in sorted(utterances, key=lambda u: u["start"]):
        words = tokens(part["text"])
        if not words:
            continue
        if part["start"] - last_end >= max_gap - _SLACK:
            found += _claims_of_run(run, vocabulary)
            run = []
        run += [(part["start"], word) for word in words]
        last_end = part["end"]
    return found + _claims_of_run(run, vocabulary)


def _claims_of_run(run: list[tuple[float, str]], vocabulary: Vocabulary) -> list[Claim]:
    words = [word for _, word in run]
    heads = [(i, actor) for i in range(len(words)) if (actor := _name_at(words, i, vocabulary.actors))]
    found = []
    for n, (head, actor) in enumerate(heads):
        first = 0 if n == 0 else head
        last = heads[n + 1][0] if n + 1 < len(heads) else len(words)
        names = (_name_at(words[:last], i, vocabulary.verbs) for i in range(first, last))
        found += [Claim(run[head][0], actor, verb) for verb in dict.fromkeys(filter(None, names))]
    return found


def _name_at(words: list[str], i: int, names: Iterable[str]) -> str | None:
    """The longest name whose words stand at position `i`."""
    fitting = [name for name in names if (parts := tokens(name)) and words[i : i + len(parts)] == parts]
    return max(fitting, key=len, default=None)


def match(found: Sequence[Claim], truth: Sequence[dict[str, Any]]) -> int:
    """Size of the largest one-to-one matching of claims and true events (augmenting paths)."""
    edges = [
        [
            n
            for n, event in enumerate(truth)
            if (claim.actor, claim.verb) == (event["actor"], event["verb"])
            and -EARLY - _SLACK <= claim.start - event["time"] <= LATE + _SLACK
        ]
        for claim in found
    ]
    owner: dict[int, int] = {}

    def place(claim: int, seen: set[int]) -> bool:
        for event in edges[claim]:
            if event not in seen:
                seen.add(event)
                if event not in owner or place(owner[event], seen):
                    owner[event] = claim
                    return True
        return False

    return sum(place(claim, set()) for claim in range(len(found)))


def f1(sums: np.ndarray) -> np.ndarray:
    """Micro F1 in percent from summed counters [..., (matched, claims, events)]; 0 where there is nothing."""
    total = sums[..., 1] + sums[..., 2]
    return 100 * np.divide(2 * sums[..., 0], total, out=np.zeros(total.shape), where=total != 0)


def truth_of(event: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The event row's known events, None where no truth is known."""
    return json.loads(event["truth"]) if event["truth"] is not None else None


class EventF1:
    """Counts commentary rows against the benchmark's events that have truth."""

    def __init__(
        self, events: Iterable[dict[str, Any]], vocabulary: Vocabulary | None = None, max_gap: float = MAX_GAP
    ) -> None:
        known = [(e, t) for e in events if (t := truth_of(e)) is not None]
        self.rows = {(e["video_id"], e["event_id"]): e for e, _ in known}
        self.truth = {(e["video_id"], e["event_id"]): t for e, t in known}
        self.vocabulary = vocabulary or Vocabulary.of(self.truth.values())
        self.max_gap = max_gap

    def counts(self, commentary: Iterable[dict[str, Any]]) -> dict[tuple[str, int], Counts]:
        """Counters per event; an event without commentary counts as silence."""
        utterances = {(row["video_id"], row["event_id"]): row["utterances"] for row in commentary}
        result = {}
        for key, truth in self.truth.items():
            found = claims(utterances.get(key) or [], self.vocabulary, self.max_gap)
            result[key] = Counts(match(found, truth), len(found), len(truth))
        return result

    def sums(self, counts: dict[tuple[str, int], Counts]) -> np.ndarray:
        """Counters per video [V, 3], videos in the order of the benchmark."""
        return cluster_sums(
            [key[0] for key in self.truth], np.array([counts[key] for key in self.truth], dtype=float).reshape(-1, 3)
        )

    def guess(self) -> tuple[tuple[str, str], dict[tuple[str, int], Counts]]:
        """A baseline that cannot see: always the most frequent (actor, verb) of the truth, evenly spread at the
        overall rate of events.

        It knows the test's own frequencies, so it is at least as strong as one that learnt them from training data.
        """
        pairs = Counter((e["actor"], e["verb"]) for truth in self.truth.values() for e in truth)
        seconds = sum(row["end"] - row["begin"] for row in self.rows.values())
        if not pairs or seconds <= 0:
            return ("", ""), {key: Counts(0, 0, len(truth)) for key, truth in self.truth.items()}
        actor, verb = min(pairs, key=lambda pair: (-pairs[pair], pair))
        gap = seconds / pairs.total()
        result = {}
        for key, truth in self.truth.items():
            row = self.rows[key]
            times = np.arange(row["begin"] + gap / 2, row["end"], gap)
            found = [Claim(float(time), actor, verb) for time in times]
            result[key] = Counts(match(found, truth), len(found), len(truth))
        return (actor, verb), result


def event_f1(scorer: EventF1, commentary: Iterable[dict[str, Any]], draws: int = DRAWS, seed: int = 0) -> Rate:
    """Event F1 in percent with a 95 % interval over videos."""
    return f1_rate(scorer.sums(scorer.counts(commentary)), draws, seed)


def f1_rate(sums: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Rate:
    """F1 in percent of counters per video [V, 3] with a 95 % interval (method 4.7).

    Its items are a matched claim with its event (2 of 2), an unmatched claim with an unmatched event (0 of 2), and those
    that are left over (0 of 1): a ratio, of which the items are linearised.
    """
    matched, claimed, known = np.asarray(sums, dtype=np.int64).T
    kinds = (matched, np.minimum(claimed, known) - matched, np.abs(claimed - known))
    videos = np.concatenate([np.repeat(np.arange(len(sums)), many) for many in kinds])
    won, of = (
        np.repeat(np.array(each, dtype=float), [many.sum() for many in kinds]) for each in ((2, 0, 0), (2, 2, 1))
    )
    if not len(videos):
        return Rate(0.0, 0.0, 100.0, 0, len(sums))
    value = won.sum() / of.sum()
    found = rate(value + (won - value * of) / of.mean(), videos.tolist(), draws=draws, seed=seed)
    return found._replace(n=int(known.sum()), clusters=len(sums)).scaled(100)


def event_f1_gain(
    scorer: EventF1,
    first: Iterable[dict[str, Any]],
    second: Iterable[dict[str, Any]],
    draws: int = DRAWS,
    seed: int = 0,
) -> Paired:
    """Event F1 of the first run minus that of the second, points, over the same videos."""
    return f1_gain(scorer.sums(scorer.counts(first)), scorer.sums(scorer.counts(second)), draws, seed)


def f1_gain(first: np.ndarray, second: np.ndarray, draws: int = DRAWS, seed: int = 0) -> Paired:
    """Event F1 of counters per video [V, 3] minus that of others over the same videos, points.

    The interval is that of the videos' linearised differences, p that of the runs swapped video by video.
    """
    first_f1, second_f1 = (float(f1(sums.sum(axis=0))) for sums in (first, second))
    each = np.zeros(len(first))
    for sign, sums in zip((1, -1), (first, second), strict=True):
        of = sums[:, 1] + sums[:, 2]
        value = 2 * sums[:, 0].sum() / max(of.sum(), 1)
        each += sign * (value + (2 * sums[:, 0] - value * of) / max(of.mean(), 1e-9))
    low, high = rate((1 + each) / 2, range(len(each)), draws=draws, seed=seed).scaled(200, -100)[1:3]
    gain = first_f1 - second_f1
    return Paired(gain, min(low, gain), max(high, gain), swap_p(first, second, f1, seed=seed))
