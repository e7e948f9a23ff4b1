"""A version must move when what it stands for moves."""

import json

from livecc_assets.orchestration.steps import STEPS
from scripts.record_code_versions import RECORD, asked, due, now


def test_changed_code_has_new_versions_or_a_recorded_same_output() -> None:
    record = json.loads(RECORD.read_text("utf-8"))
    waiting = due(record, STEPS)
    assert not waiting, asked(waiting)
    assert record == now(STEPS)[0], "run scripts/record_code_versions.py: steps, code or versions are new"


def test_a_change_names_the_steps_that_it_reaches_and_what_to_do() -> None:
    record = json.loads(RECORD.read_text("utf-8"))
    record["code"]["livecc_assets.live_cc.clips"] = "as it was before"
    waiting = due(record, STEPS)
    assert waiting == {"livecc_assets.live_cc.clips": ["caption_clips", "sentence_clips"]}
    assert "livecc_assets.live_cc.clips changed, which reaches caption_clips, sentence_clips" in asked(waiting)
    assert "--same-output" in asked(waiting)


def test_steps_with_a_new_version_are_not_asked_for_again() -> None:
    record = json.loads(RECORD.read_text("utf-8"))
    record["code"]["livecc_assets.live_cc.clips"] = "as it was before"
    record["versions"]["caption_clips"] = "0"
    assert due(record, STEPS) == {"livecc_assets.live_cc.clips": ["sentence_clips"]}
