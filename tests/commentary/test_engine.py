"""Videos in, utterances out."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commentary_videos import write_video

from livecc_assets.commentary.benchmark import by_length, comment_events, prediction
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import Clip, Utterance, comment_clips, comment_video
from livecc_assets.commentary.prompts import event_context
from livecc_assets.core.errors import MediaError
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import own_path

CONFIG = CommentaryConfig(
    max_new_tokens=5, repetition_penalty=1.0, min_pixels=3136, stream_max_pixels=3136, frame_pixels=3136, max_frames=40
)


def test_times_are_the_source_videos_and_nothing_is_missing(engine: Any, video: Path) -> None:
    said = list(comment_video(engine, str(video), 2.0, 9.0, config=CONFIG))
    assert [(u.start, u.end) for u in said] == [(2.0, 5.0), (5.0, 6.0), (6.0, 7.0), (7.0, 8.0), (8.0, 9.0)]


def test_utterances_come_one_by_one(engine: Any, video: Path) -> None:
    stream = comment_video(engine, str(video), config=CONFIG)
    assert isinstance(stream, Generator)
    assert isinstance(next(stream), Utterance)
    stream.close()


def test_silent_intervals_can_be_skipped(engine: Any, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livecc_assets.commentary.session import Session

    inner = Session.close_block

    def quiet(self: Session):
        interval = inner(self)
        return replace(interval, text="") if int(interval.start_s) % 2 else interval

    monkeypatch.setattr(Session, "close_block", quiet)
    starts = [u.start for u in comment_video(engine, str(video), config=CONFIG) if not u.text]
    assert starts == [3.0, 5.0, 7.0, 9.0, 11.0]
    kept = [u.start for u in comment_video(engine, str(video), config=CONFIG.but(skip_silent=True))]
    assert kept == [0.0, 4.0, 6.0, 8.0, 10.0]


def test_clips_side_by_side_equal_clips_alone_and_a_broken_one_stops_nobody(
    engine: Any, video: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(video.read_bytes()[:2000])
    other = write_video(tmp_path / "other.mp4", 7, seed=5)
    clips = [
        Clip(str(video), 0.0, 12.0, "a"),
        Clip(str(broken), 0.0, 8.0),
        Clip(str(other)),
        Clip(str(video), 3.0, 9.5),
    ]
    together = dict(comment_clips(engine, clips, CONFIG, batch_size=4))
    assert sorted(together) == [0, 1, 2, 3]
    assert isinstance(together[1], MediaError)
    for number in (0, 2, 3):
        clip = clips[number]
        assert together[number] == list(comment_video(engine, clip.uri, clip.start, clip.end, clip.query, CONFIG))


def test_a_video_that_breaks_midway_is_an_error_of_its_own(
    engine: Any, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.media.frames import Video

    inner = Video.each

    def each(self: Video, indices: list[int]):
        for index, pixels in inner(self, indices):
            if index >= 60:
                raise MediaError("undecodable", "frame 60 cannot be decoded")
            yield index, pixels

    monkeypatch.setattr(Video, "each", each)
    results = dict(comment_clips(engine, [Clip(str(video), 0.0, 12.0), Clip(str(video), 0.0, 5.0)], CONFIG, 2))
    assert isinstance(results[0], MediaError)
    said = results[1]
    assert isinstance(said, list) and said[-1].end == 5.0


def _event(video: Path, event_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "video_id": "v", "event_id": event_id, "batch": "", "path": str(video), "begin": 1.0, "end": 8.0, "class": "football",
        "event_title": "Red shoots", "event_asr": "[]", "event_asr_text": "", "preasr": "[]",
        "preasr_text": "welcome back", "truth": None,
    } | changes  # fmt: skip


def test_events_become_rows_or_reasons(engine: Any, video: Path, tmp_path: Path) -> None:
    events = [_event(video, 1), _event(tmp_path / "gone.mp4", 2), _event(video, 3, begin=2.0, end=6.0)]
    config = CONFIG.but(mode="evaluation")
    out = list(comment_events(engine, by_length(events), own_path, config))
    rows = {row["event_id"]: row for row in out if isinstance(row, dict)}
    rejected = [row for row in out if isinstance(row, Rejected)]
    assert sorted(rows) == [1, 3]
    assert [(r.id, r.kind, r.video_id) for r in rejected] == [("v_2", "error", "v")] and "gone.mp4" in rejected[
        0
    ].detail
    assert all(1.0 <= u["start"] < u["end"] <= 8.0 for u in rows[1]["utterances"])
    assert rows[1]["pred"] == " ".join(u["text"] for u in rows[1]["utterances"]) + "..."


def test_prediction_ends_in_dots_and_only_the_released_rule_doubles_spaces() -> None:
    texts = ["", "red passes", "", "and shoots", ""]
    assert prediction(texts) == "red passes and shoots..."
    assert prediction(texts, "released") == "red passes  and shoots..."
    assert prediction(["", ""]) == prediction(["", ""], "released") == "..."


def test_context_forms() -> None:
    role = "You are an expert video commentator providing real-time, insightful, and engaging commentary on visual content.\n"
    assert event_context(None, "") == role
    assert event_context("Cup final", None) == role + 'This is a video titled "Cup final".\n'
    assert event_context("Cup final", "he waits") == (
        role + 'This is a video titled "Cup final".\nHere is previous commentary of the video:\n\nhe waits\n\n'
        "Please continue to comment the video."
    )
    assert event_context("Cup final", "he waits", instruct=False) == "he waits"
    assert event_context("Cup final", "", instruct=False) == "Cup final"
    assert event_context(None, None, instruct=False) == ""
