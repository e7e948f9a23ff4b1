"""An id is one short name, and otherwise as free as those who publish videos and questions are."""

import gzip
import json

import pytest

from livecc_assets.core.ids import first_fault, id_fault, shown_id

BAD = ["", " ", "../../x", "..", ".", "a/b", "a\\b", "/etc/passwd", "x" * 129, "x" * 200_000, "a\x1b[31m", "a\nb", "a\0",
       "a\u202eb", "\ufeffa", "a\u2028b", None, ["a"], {"a": 1}]  # fmt: skip


@pytest.mark.parametrize(
    "id",
    ["-AhuH-XVacE", "_O7TYj-fq78", "6O-gKywsDcY", "0", 7, 7.0, "001-1", "BV1xx411c7mD", "x" * 128, "..hidden", "a..b", "#1",
     "Final: Nadal v. Federer (2008) [full match]", "決勝", "зима", "émoji 👩\u200d🚀", "--help", "a:b", "1?"],
)  # fmt: skip
def test_an_id_is_nearly_anything_and_stays_as_it_is(id: object):
    assert id_fault(id) is None
    assert shown_id(id) == str(id)
    assert first_fault(video_id=id) is None


@pytest.mark.parametrize("id", BAD)
def test_a_bad_id_is_told_with_its_fault_in_one_short_line(id: object):
    assert id_fault(id)
    told = first_fault(video_id="good", event_id=id)
    assert told is not None
    assert told.startswith("event_id ")
    assert told.isprintable()
    assert len(told) < 250
    assert shown_id(id).isprintable()
    assert len(shown_id(id)) < 100


def test_every_published_id_is_good(unlicensed):
    seen = 0
    for path in sorted((unlicensed / "data").iterdir()):
        text = gzip.decompress(path.read_bytes()).decode()
        records = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        for record in (inner for one in records for inner in (one, *one.get("questions", []))):
            for name in ("video_id", "event_id", "question_id", "video_event_id"):
                if name in record:
                    assert id_fault(record[name]) is None, record[name]
                    seen += 1
    assert seen > 5000
