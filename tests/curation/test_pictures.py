"""Pages of clips and sets: what they draw of the rows, and the band that belongs to the selection."""

from pathlib import Path
from typing import Any

import pytest

from livecc_assets.curation import pictures
from livecc_assets.live_cc.pictures import talking_heads
from livecc_assets.live_cc.schemas import SCHEMAS
from livecc_assets.live_whisperx.pictures import active_speakers
from livecc_assets.live_whisperx.schemas import SCHEMAS as SENTENCES
from livecc_assets.source.pictures import reasons
from livecc_assets.store.rows import Rejected
from tests.artifacts import new_store, write


def _loss(name: str, loss: float) -> dict[str, Any]:
    return {"clip_id": f"{name}:0", "video_id": name, "loss": loss, "tokens": 3}


@pytest.mark.parametrize(
    ("config", "band"),
    [
        ({}, (None, None)),
        ({"loss": None}, (None, None)),
        ({"loss": [1.5, 6.5]}, (1.5, 6.5)),
        ({"loss": [None, 5]}, (None, 5)),
    ],
)
def test_the_band_is_the_selections_and_open_where_it_says_nothing(config: dict[str, Any], band: Any) -> None:
    assert pictures.band_of(config) == band


def test_losses_of_a_batch_are_drawn_without_a_band_and_those_of_a_set_with_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(pictures, "loss_histogram", lambda *about, **more: drawn.append(about) or b"png")
    monkeypatch.setattr(pictures, "first_strip", lambda artifact: {})
    store = new_store(tmp_path)
    scored = write(
        store, "caption_clip_losses", "a", [_loss("a", 2.0), _loss("b", 9.0)], SCHEMAS["caption_clip_losses"]
    )
    assert pictures.losses(scored, {"loss": [1, 2]}) == {"losses": b"png"}
    assert pictures.selected(scored, {"loss": [1.5, 6.5]})["losses"] == b"png"
    assert drawn == [([2.0, 9.0], None, None), ([2.0, 9.0], 1.5, 6.5)]


def test_reasons_are_counted_without_their_kind_and_an_empty_table_has_no_clip_to_show(tmp_path: Path) -> None:
    rows = [Rejected(str(n), "filtered" if n else "error", f"r{n % 2}", "why", "v") for n in range(3)]
    made = write(new_store(tmp_path), "caption_clips", "a", rows, SCHEMAS["caption_clips"])
    assert reasons(made) == {"r0": 2, "r1": 1}, "of both kinds together"
    assert pictures.first_strip(made) == {}
    assert list(pictures.clips(made, {})) == ["funnel", "speed"]


def test_scores_are_drawn_under_the_name_of_their_scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livecc_assets.live_cc import pictures as heads
    from livecc_assets.live_whisperx import pictures as speakers

    drawn: list[Any] = []
    for module in (heads, speakers):
        monkeypatch.setattr(module, "histogram", lambda values, title: drawn.append((values, title)) or b"png")
    store = new_store(tmp_path)
    faces = [{"video_id": "v", "score": 0.25, "frames": 8}]
    ratios = [{"clip_id": "v:0", "video_id": "v", "ratio": 0.5}]
    talking_heads(write(store, "t", "a", faces, SCHEMAS["talking_head_scores"]), {"scorer": "face-share"})
    active_speakers(write(store, "s", "a", ratios, SENTENCES["active_speaker_ratios"]), {"scorer": "asd"})
    assert drawn == [([0.25], "Talking-head score (face-share)"), ([0.5], "Active-speaker ratio (asd)")]
