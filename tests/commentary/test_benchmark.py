"""The judge's text of an event, and an event's page."""

from pathlib import Path

import pytest

from livecc_assets.commentary import pictures
from livecc_assets.commentary.benchmark import prediction
from livecc_assets.commentary.schemas import SCHEMAS
from tests.artifacts import new_store, write


@pytest.mark.parametrize(
    ("texts", "corrected", "released"),
    [
        (["He", "", "shoots"], "He shoots...", "He  shoots..."),
        (["", "He"], "He...", "He..."),
        ([""], "...", "..."),
        ([], "...", "..."),
    ],
)
def test_the_judges_text_leaves_silence_out_unless_as_published(
    texts: list[str], corrected: str, released: str
) -> None:
    assert prediction(texts) == corrected
    assert prediction(texts, "released") == released


def test_the_page_shows_the_first_event_of_which_something_was_said(tmp_path: Path) -> None:
    store, schema = new_store(tmp_path), SCHEMAS["livesports_commentary"]
    silent = {"video_id": "v", "event_id": 0, "begin": 1.0, "end": 4.0, "utterances": [], "pred": "..."}
    said = [{"start": 1.0, "end": 2.0, "text": "He shoots"}]
    rows = [silent, silent | {"event_id": 1, "utterances": said, "pred": "He shoots..."}]
    made = write(store, "livesports_commentary", "x", rows, schema)
    assert pictures.commentary(made, {}) == {"first event": "v, event 1\n\n- 1.0-2.0 s: He shoots"}
    none = write(store, "livesports_commentary", "y", rows[:1], schema)
    assert pictures.commentary(none, {}) == {"first event": "*the model said nothing*"}
