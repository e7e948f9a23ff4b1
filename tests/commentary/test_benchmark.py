"""The judge's text of an event, and an event's page."""

from pathlib import Path

import pytest

from livecc_assets.commentary import benchmark, pictures
from livecc_assets.commentary.benchmark import prediction
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.schemas import SCHEMAS
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.store.rows import Note
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


def test_what_an_event_was_kept_from_is_noted_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = ["end", "loop", "loop", "rate", "end"]
    said = [Utterance(float(n), n + 1.0, "" if n == 4 else "goal", 0.1, end) for n, end in enumerate(ends)]
    monkeypatch.setattr(benchmark, "comment_clips", lambda *_: iter([(0, said)]))
    event = {"video_id": "v", "event_id": 7, "begin": 0.0, "end": 5.0, "event_title": "", "preasr_text": ""}
    found = list(benchmark.comment_events(None, [(0, event)], lambda _: "v.mp4", CommentaryConfig()))  # type: ignore[arg-type]
    notes = {one.reason: (one.count, one.detail) for one in found if isinstance(one, Note)}
    assert notes == {
        "loops_cut": (2, "v_7: 2 of 5 intervals ended before a loop"),
        "words_bounded": (1, "v_7: 1 of 5 intervals ended at the bound on words a second"),
        "silent_intervals": (1, "v_7: 1 of 5 intervals silent"),
    }
