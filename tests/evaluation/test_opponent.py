"""The opponent's commentary: from the title alone, or from a file that has every event."""

import gzip
import json

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.opponent import opponent_texts, title_caption
from tests.evaluation.builders import event, happening


def test_a_title_caption_knows_the_title_and_nothing_of_the_events():
    rows = [event("a", truth=[happening(3)]), event("b", truth=[happening(9, "blue", "kicks")])]
    name, texts = opponent_texts({"kind": "title-caption"}, rows)
    assert name == "title-caption"
    assert texts[("a", 0)] == texts[("b", 0)] == title_caption("A match", "Sports")
    assert "A match" in texts[("a", 0)]
    assert "jumps" not in texts[("a", 0)]


def test_a_title_with_braces_is_taken_as_it_is():
    assert "{x} 100% {0}" in title_caption("{x} 100% {0}")


def test_a_captions_file_is_joined_by_key(tmp_path):
    path = tmp_path / "Someone.jsonl"
    rows = [{"video_id": "b", "event_id": 2, "pred": "two"}, {"video_id": "a", "event_id": 0, "pred": "one"}]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    name, texts = opponent_texts({"kind": "file", "path": str(path)}, [event("a", 0), event("b", 2)])
    assert (name, texts) == ("Someone", {("a", 0): "one", ("b", 2): "two"})
    with pytest.raises(UserError, match=r"no commentary for 2 of 3 events \(a_1, c_0\)"):
        opponent_texts({"kind": "file", "path": str(path)}, [event("a", 0), event("a", 1), event("c", 0)])


def test_the_published_captions_are_read(unlicensed, tmp_path):
    path = tmp_path / "GPT-4o.jsonl"
    path.write_bytes(gzip.decompress((unlicensed / "data" / "caption_GPT-4o.jsonl.gz").read_bytes()))
    keys = [(row["video_id"], row["event_id"]) for row in map(json.loads, path.read_text().splitlines())]
    _, texts = opponent_texts({"kind": "file", "path": str(path)}, [event(*key) for key in keys])
    assert len(texts) == 1702
    assert sum(len(text.split()) for text in texts.values()) / 1702 == pytest.approx(323.0, abs=0.1)


def test_an_opponent_without_a_file_is_told():
    with pytest.raises(UserError, match=r"opponent\.path is empty"):
        opponent_texts({"kind": "file", "path": ""}, [event()])
