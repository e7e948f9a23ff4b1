"""Events are proposed from sentence clips, with the truth that lies inside them and a reason for every clip left out."""

import json

from livecc_assets.evaluation.livesports import propose_events, sentences, truth_between
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.store.rows import Rejected
from tests.evaluation.builders import clip, happening, words
from tests.rows import kept, rejected


def source(video="v", events=()):
    return {"video_id": video, "truth": json.dumps({"events": list(events), "words": []})}


def test_a_clip_becomes_an_event_of_the_schema():
    made = kept(propose_events([clip(preasr="Before. ")], [source(events=[happening(5)])], {"min_event_sec": 10}))
    assert len(made) == 1
    event = made[0]
    assert list(event) == SCHEMAS["livesports_events"].names
    assert (event["video_id"], event["event_id"], event["class"], event["event_title"]) == ("v", 0, "Sports", "A match")
    assert json.loads(event["event_asr"]) == [[0.0, 1.0, "Red jumps."], [1.0, 2.0, "Blue falls."]]
    assert event["event_asr_text"] == "Red jumps. Blue falls."
    assert event["preasr_text"] == "Before."
    assert json.loads(event["preasr"]) == [[0.0, 0.0, "Before."]]
    assert json.loads(event["truth"]) == [{"time": 5, "actor": "red", "verb": "jumps", "place": "left"}]


def test_truth_is_cut_to_the_event_both_ends_included():
    truth = source(events=[happening(time) for time in (9.99, 10, 15, 20, 20.01)])["truth"]
    cut = truth_between(truth, 10, 20)
    assert cut is not None
    assert [event["time"] for event in json.loads(cut)] == [10, 15, 20]
    assert truth_between(None, 0, 1) is None


def test_a_video_without_truth_has_none_and_one_without_events_an_empty_list():
    clips = [clip("known"), clip("unknown")]
    made = kept(propose_events(clips, [source("known"), {"video_id": "unknown", "truth": None}]))
    assert [event["truth"] for event in made] == ["[]", None]


def test_every_clip_ends_as_an_event_or_as_a_rejection_with_its_numbers():
    clips = [clip(start=n * 30.0, end=n * 30.0 + 20) for n in range(4)] + [
        clip("w", end=9.5),
        clip("x", category="Gaming"),
    ]
    config = {"max_events_per_video": 2, "min_event_sec": 10, "categories": ["Sports"]}
    made = list(propose_events(clips, [], config))
    kept = [row for row in made if isinstance(row, dict)]
    left = [row for row in made if isinstance(row, Rejected)]
    assert len(made) == len(clips)
    assert [(row["video_id"], row["event_id"]) for row in kept] == [("v", 0), ("v", 1)]
    assert [(row.kind, row.reason) for row in left] == [
        ("filtered", "enough_events"),
        ("filtered", "enough_events"),
        ("filtered", "too_short"),
        ("filtered", "category"),
    ]
    assert "9.50 s" in left[2].detail


def test_exactly_the_shortest_length_is_kept():
    assert isinstance(next(iter(propose_events([clip(end=10.0)], [], {"min_event_sec": 10}))), dict)


def test_malformed_truth_and_wordless_clips_are_errors_not_crashes():
    rows = [{"video_id": "v", "truth": '{"events": 5'}, {"video_id": "w", "truth": '{"words": []}'}]
    made = rejected(propose_events([clip("v"), clip("w"), clip("x", words=[])], rows))
    assert [(row.kind, row.reason, row.video_id) for row in made] == [
        ("error", "bad_truth", "v"),
        ("error", "bad_truth", "w"),
        ("error", "no_words", "x"),
    ]


def test_a_lead_starts_the_event_earlier_but_never_before_the_video():
    made = kept(propose_events([clip(start=8.0, end=28.0), clip("w", start=1.0)], [], {"lead_sec": 2.5}))
    assert [event["begin"] for event in made] == [5.5, 0.0]


def test_words_without_punctuation_still_form_lines():
    lines = sentences(words("word " * 90))
    assert [len(text.split()) for _, _, text in lines] == [40, 40, 10]
    assert sentences([]) == []
