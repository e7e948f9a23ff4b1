"""Text that no table can hold, half of a character cut in two, spoils neither its row nor its batch."""

import json
from pathlib import Path

import pytest

from livecc_assets.source.captions import read_captions
from livecc_assets.source.metadata import read_metadata, read_truth
from livecc_assets.source.schemas import SCHEMAS
from livecc_assets.store.store import Store

HALF = "\\ud83d"
SAID = ("the goalkeeper kicks the ball far", "and the red team runs", "she passes to nobody", "what a wonderful shot")


def json3(*texts: str) -> bytes:
    """A json3 file of one event a text, each a JSON string as it stands in the file."""
    events = ", ".join(
        f'{{"tStartMs": {2000 * k}, "dDurationMs": 2000, "segs": [{{"utf8": "{text}", "tOffsetMs": 0}}]}}'
        for k, text in enumerate(texts)
    )
    return f'{{"events": [{events}]}}'.encode()


def stored(batch, folder: Path) -> tuple[list[dict], list[dict]]:
    """(rows, rejected) of the folder, by way of the tables that hold them."""
    store = Store(str(folder / "artefacts"), folder / "cache")
    writer = store.write("yt_cc_source", "b", "key", SCHEMAS["yt_cc_source"], code_version="1", config={}, upstream=[])
    rows, rejected = batch.read()
    writer.extend([*rows, *rejected])
    writer.commit()
    artifact = store.at(store.place("yt_cc_source", "b", "key"))
    assert artifact is not None
    return list(artifact.rows()), list(artifact.rejected())


def test_a_title_that_was_cut_inside_a_character_keeps_the_rest(batch, tmp_path: Path) -> None:
    batch.video(info={})
    batch.write(
        "match.info.json",
        f'{{"id": "m{HALF}", "title": "goal {HALF}", "categories": ["Sports{HALF}"], "language": "en-X{HALF}"}}',
    )
    batch.video("other.mp4")
    rows, _ = stored(batch, tmp_path)
    found = {row["video_id"]: (row["title"], row["category"], row["language"]) for row in rows}
    assert found["m\ufffd"] == ("goal \ufffd", "Sports\ufffd", "en-X\ufffd")
    assert found["other"] == ("A match", "Sports", "en")


def test_caption_languages_are_text_too() -> None:
    about = read_metadata(f'{{"subtitles": {{"en{HALF}": []}}, "automatic_captions": {{"EN": []}}}}'.encode(), "a")
    assert about.human == ("en\ufffd",) and about.automatic == ("en",)


def test_a_cue_that_was_cut_inside_a_character_keeps_the_rest(batch, tmp_path: Path) -> None:
    batch.video(captions=False)
    batch.write("match.json3", json3(f"goal {HALF}", *SAID[1:]))
    (row,), _ = stored(batch, tmp_path)
    assert row["subtitles"][0]["text"] == "goal \ufffd"
    assert [word["word"] for word in row["caption_words"][:2]] == ["goal", "\ufffd"]


def test_a_character_whose_halves_stand_in_two_segments_is_whole_in_the_line() -> None:
    content = (
        b'{"events": [{"tStartMs": 0, "dDurationMs": 900, "segs": [{"utf8": "goal \\ud83d"}, {"utf8": "\\ude00"}]}]}'
    )
    captions = read_captions(content, "a.json3")
    assert [line["text"] for line in captions.lines] == ["goal \U0001f600"]


@pytest.mark.parametrize(
    "broken", ['"segs": [{"utf8": "%s"}]', '"tStartMs": 0, "dDurationMs": 0, "segs": [{"utf8": "%s"}]']
)
def test_a_cue_that_is_left_out_is_quoted_in_text_that_can_be_kept(broken: str) -> None:
    good = json.loads(json3(*SAID))["events"]
    bad = json.loads("{%s}" % (broken % f"goal {HALF}"))
    captions = read_captions(json.dumps({"events": [*good, bad]}).encode(), "a.json3")
    (problem,) = captions.problems
    assert '"goal \ufffd"' in problem.detail
    assert problem.detail.encode()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (f'{{"events": [{{"actor": "red{HALF}"}}]}}', {"events": [{"actor": "red\ufffd"}]}),
        (f'{{"a{HALF}": [1, null, true]}}', {"a\ufffd": [1, None, True]}),
    ],
)
def test_a_truth_can_be_kept_after_it_was_read(written: str, kept: dict) -> None:
    assert json.loads(read_truth(written.encode(), "a.truth.json")) == kept


def test_a_sound_truth_is_kept_letter_by_letter() -> None:
    written = '{"events":  [{"actor": "r\u00e9d \\ud83d\\ude00", "time": NaN}]}'
    assert read_truth(written.encode(), "a.truth.json") == written
