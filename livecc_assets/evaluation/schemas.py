"""Arrow schemas of the benchmark tables: events, questions, judgements, scores, leaderboard.

The commentary itself, `livesports_commentary`, is described in livecc_assets/commentary/schemas.py.
"""

import pyarrow as pa

from livecc_assets.evaluation.intervals import Rate
from livecc_assets.store.rows import column
from livecc_assets.store.videos import video_columns

TEXT, SECONDS, COUNT = pa.string(), pa.float64(), pa.int64()

LIVESPORTS_EVENTS = pa.schema(
    [
        column("video_id", TEXT, "Video that the event belongs to"),
        column("event_id", pa.int32(), "Number of the event within its video"),
        *video_columns(own_folder=True),
        column("begin", SECONDS, "Start of the event in the video, seconds"),
        column("end", SECONDS, "End of the event in the video, seconds"),
        column("class", TEXT, "Sport, or the video's category where no sport is named", nullable=True),
        column("event_title", TEXT, "Title that a commentator may be given"),
        column("event_asr", TEXT, "JSON list of [start, end, sentence]: what the human said during the event"),
        column("event_asr_text", TEXT, "The same as one text: the reference of the pairwise judge"),
        column("preasr", TEXT, "JSON list of [start, end, sentence]: what was said before the event"),
        column("preasr_text", TEXT, "The same as one text: context for the commentator"),
        column(
            "truth", TEXT, "JSON list of {time, actor, verb, place} inside the event, where it is known", nullable=True
        ),
    ]
)

LIVESPORTS_QUESTIONS = pa.schema(
    [
        column("question_id", TEXT, "Unique id of the question"),
        column("video_id", TEXT, "Video that the question is about"),
        *video_columns(own_folder=True),
        column(
            "video_start", SECONDS, "Start of the part to be watched, seconds; absent: from the start", nullable=True
        ),
        column("video_end", SECONDS, "End of the part to be watched, seconds; absent: to the end", nullable=True),
        column("q_type", TEXT, "who, what or when"),
        column("ocr", pa.bool_(), "Whether text in the picture has to be read"),
        column("question", TEXT, "The question"),
        column("options", pa.list_(TEXT), "Lettered options, 'A. ...' to 'D. ...'"),
        column("answer", TEXT, "Letter of the right option"),
    ]
)

LIVESPORTS_JUDGEMENTS = pa.schema(
    [
        column("video_event_id", TEXT, "video_id + '_' + event_id"),
        column("judge", TEXT, "Judge and its model, 'kind:model'"),
        column("opponent", TEXT, "Whose commentary the model was compared with"),
        column("ab_winner", TEXT, "model, opponent or tie, with the model's commentary shown first"),
        column("ba_winner", TEXT, "The same with the opponent's commentary shown first"),
        column("score_model", SECONDS, "The judge's score of the model, where the judge scores", nullable=True),
        column("score_opponent", SECONDS, "The judge's score of the opponent", nullable=True),
        column("votes", TEXT, "Of a jury: JSON object, judge -> [ab_winner, ba_winner]", nullable=True),
    ]
)

SCORE = pa.schema(
    [
        column("metric", TEXT, "What was measured; shares in percent"),
        column("subset", TEXT, "'all', or the part of the benchmark, 'kind:name'"),
        column(
            "value", SECONDS, "The measured value; absent where the metric does not apply (see note)", nullable=True
        ),
        column("low", SECONDS, "Lower end of the 95 % interval", nullable=True),
        column("high", SECONDS, "Upper end of the 95 % interval", nullable=True),
        column("n", pa.int32(), "Number of items behind the value"),
        column(
            "clusters", pa.int32(), "Number of videos that the items are of, which the interval counts", nullable=True
        ),
        column("note", TEXT, "How to read it: chance level, interval, rule", nullable=True),
    ]
)

LEADERBOARD = pa.schema(
    [
        column("experiment", TEXT, "Experiment, 'A - B' for a paired difference, or the name of a baseline"),
        column("metric", TEXT, "What was measured"),
        column(
            "value", SECONDS, "The measured value; absent where the metric does not apply (see note)", nullable=True
        ),
        column("low", SECONDS, "Lower end of the 95 % interval", nullable=True),
        column("high", SECONDS, "Upper end of the 95 % interval", nullable=True),
        column("n", pa.int32(), "Number of items behind the value"),
        column(
            "clusters", pa.int32(), "Number of videos that the items are of, which the interval counts", nullable=True
        ),
        column("note", TEXT, "How to read it", nullable=True),
        column("chance", SECONDS, "What guessing reaches, percent", nullable=True),
        column("judge", TEXT, "Judge and its model, 'kind:model'", nullable=True),
        column("opponent", TEXT, "Whose commentary the model was judged against", nullable=True),
        column("protocol", TEXT, "How the commentary or the answers were got", nullable=True),
        column("rules", TEXT, "released or corrected: by which rules it was counted", nullable=True),
        column("data", TEXT, "What was asked about: sample (the generated world), own, published", nullable=True),
        column("data_versions", TEXT, "JSON object: asset[partition] -> data version behind the value"),
    ]
)

SCHEMAS: dict[str, pa.Schema] = {
    "livesports_events": LIVESPORTS_EVENTS,
    "livesports_questions": LIVESPORTS_QUESTIONS,
    "livesports_judgements": LIVESPORTS_JUDGEMENTS,
    "livesports_cc_score": SCORE,
    "livesports_qa_score": SCORE,
    "videomme_score": SCORE,
    "mvbench_score": SCORE,
    "ovobench_score": SCORE,
    "leaderboard": LEADERBOARD,
}


def score_row(
    metric: str,
    subset: str,
    value: float | None,
    n: int,
    interval: tuple[float, float] | None = None,
    note: str | None = None,
    clusters: int | None = None,
) -> dict:
    """One row of a score table; `interval` is (low, high) in the unit of `value`, `clusters` the videos behind it."""
    low, high = interval if interval is not None else (None, None)
    ends = {"metric": metric, "subset": subset, "value": value, "low": low, "high": high}
    return {**ends, "n": n, "clusters": clusters, "note": note}


def rate_row(metric: str, subset: str, rate: Rate, note: str | None = None) -> dict:
    """The row of a rate in percent with all that is known of it."""
    return score_row(metric, subset, rate.value, rate.n, (rate.low, rate.high), note, rate.clusters)
