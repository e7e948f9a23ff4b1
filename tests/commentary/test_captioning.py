"""Offline commentary of an event: its clip at once, one text after it."""

from pathlib import Path
from typing import Any

import pytest
from commentary_streams import CONFIG
from test_worker import CONFIG as SETTINGS
from test_worker import _checkpoint, _events, _run

from livecc_assets.commentary import captioning
from livecc_assets.commentary.captioning import caption_events
from livecc_assets.commentary.conversation import Conversation, Reply
from livecc_assets.commentary.engine import comment_video
from livecc_assets.commentary.latency import Latencies
from livecc_assets.commentary.prompts import base_context, instruct_context
from livecc_assets.core.errors import UserError
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from livecc_assets.store.videos import own_path

OFFLINE = CONFIG.but(mode="captioning", max_caption_tokens=6)


def event(path: Path, number: int = 0, **changes: Any) -> dict[str, Any]:
    about = {
        "video_id": "v",
        "event_id": number,
        "batch": "",
        "path": str(path),
        "sha256": None,
        "begin": 2.0,
        "end": 6.0,
    }
    return about | {"event_title": "Red shoots", "preasr_text": "welcome back"} | changes


def captions(engine: Any, events: list[dict[str, Any]], config: Any = OFFLINE, **more: Any) -> list[Any]:
    return list(caption_events(engine, list(enumerate(events)), own_path, config, **more))


def test_an_events_row_holds_the_answer_to_its_query_over_its_clip(engine: Any, video: Path) -> None:
    query = instruct_context("Red shoots", "welcome back")
    text = Conversation(engine, str(video), 2.0, 6.0, OFFLINE).ask(query, 6).text.strip()
    assert text
    said = {"start": 2.0, "end": 6.0, "text": text}
    place = {"video_id": "v", "event_id": 0, "begin": 2.0, "end": 6.0}
    assert captions(engine, [event(video)])[0] == place | {"utterances": [said], "pred": text}


@pytest.mark.parametrize(
    ("rule", "seen"), [("corrected", (2.0, 6.0, CONFIG.max_frames)), ("released", (None, None, 768))]
)
@pytest.mark.parametrize("instruct", [True, False])
def test_what_is_shown_and_asked(
    rule: Any, seen: tuple[Any, ...], instruct: bool, video: Path, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = []

    class Noted(captioning.Conversation):
        def __init__(self, engine: Any, video: str, start: Any, end: Any, config: Any) -> None:
            found.append((start, end, config.max_frames))
            super().__init__(engine, video, start, end, config)

        def ask(self, question: str, *args: Any, **more: Any) -> Any:
            found.append((question, *args))
            return super().ask(question, *args, **more)

    monkeypatch.setattr(captioning, "Conversation", Noted)
    captions(engine, [event(video)], OFFLINE.but(rule=rule), instruct=instruct)
    context = (instruct_context if instruct else base_context)("Red shoots", "welcome back")
    assert found == [seen, (context, 6)]


def test_a_base_model_that_knows_nothing_of_an_event_is_still_asked(engine: Any, video: Path) -> None:
    rows = captions(engine, [event(video, event_title="", preasr_text=" ")], instruct=False)
    assert rows[0]["event_id"] == 0


def test_what_cannot_be_read_or_is_too_long_is_a_reason_and_the_others_go_on(
    engine: Any, video: Path, tmp_path: Path
) -> None:
    long = "word " * 100_000
    events = [event(tmp_path / "gone.mp4", 0), event(video, 1, preasr_text=long), event(video, 2)]
    found = captions(engine, events)
    rejected = {one.id: one.reason for one in found if isinstance(one, Rejected)}
    assert rejected == {"v_0": "missing", "v_1": "too_long"}
    assert [row["event_id"] for row in found if isinstance(row, dict)] == [2]


@pytest.mark.parametrize(("stopped", "notes"), [("length", ["caption_cut"]), ("end", [])])
def test_a_text_that_is_cut_is_noted_and_one_that_ends_is_not(
    stopped: Any, notes: list[str], engine: Any, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioning.Conversation, "ask", lambda *_: Reply(" a goal ", 0.5, stopped))
    row, *others = captions(engine, [event(video)])
    assert row["pred"] == "a goal"
    assert [one.reason for one in others] == notes


def test_each_event_stands_alone(engine: Any, video: Path) -> None:
    events = [event(video, 0), event(video, 1, begin=0.0, end=8.0, preasr_text="")]
    latencies = Latencies()
    together = captions(engine, events, latencies=latencies)
    alone = [row for one in events for row in captions(engine, [one])]
    assert [r for r in together if isinstance(r, dict)] == [r for r in alone if isinstance(r, dict)]
    assert latencies.as_metadata()


def test_the_asset_captions_where_its_settings_say_so(video: Path, model_folder: Path, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "root"), tmp_path / "cache")
    given = {
        "livecc_instruct": [_checkpoint(store, {path.name: path for path in model_folder.iterdir()})],
        "livesports_events": [_events(store, [event(video), event(video, 1, begin=0.0)])],
    }
    config = SETTINGS | {"mode": "captioning", "max_caption_tokens": 5}
    made = _run(store, tmp_path, given, config, "1" * 16)
    rows = list(made.rows())
    assert [row["event_id"] for row in rows] == [0, 1]
    assert all(len(row["utterances"]) <= 1 and not row["pred"].endswith("...") for row in rows)
    assert made.manifest.metadata["mode"] == "captioning"


def test_live_commentary_refuses_it_in_words(engine: Any, video: Path) -> None:
    with pytest.raises(UserError, match="streaming or evaluation"):
        next(comment_video(engine, str(video), config=OFFLINE))
