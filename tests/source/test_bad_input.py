"""Every kind of bad input ends as a rejected row that a person understands, and the rest goes on."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.source.listing import entries
from livecc_assets.source.schemas import SCHEMAS


def check(rejected, kind: str, reason: str, *words: str) -> None:
    """The row's kind and reason, and that its sentence holds the words."""
    assert (rejected.kind, rejected.reason) == (kind, reason), rejected
    for word in words:
        assert word in rejected.detail, rejected.detail


def test_zero_byte_video(batch):
    batch.video().write_bytes(b"")
    check(batch.only_rejected(), "error", "empty_file", "match.mp4 is empty (0 bytes)")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_video_cut_off_before_its_index(share, batch):
    path = batch.video()
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    rejected = batch.only_rejected()
    assert rejected.kind == "error"
    assert rejected.reason in {"undecodable", "truncated"}
    assert "match.mp4" in rejected.detail


def test_video_cut_off_with_its_index_at_the_front(batch, film):
    path = film.make(batch.folder / "match.mp4", seconds=8, options={"movflags": "faststart"})
    batch.write("match.info.json", '{"title": "t"}')
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    rejected = batch.only_rejected()
    check(rejected, "error", "truncated", "match.mp4 breaks off after", "of 8.0 s", "copy or download it again")


def test_matroska_video_cut_off(batch, film):
    path = film.make(batch.folder / "match.mkv", seconds=8)
    batch.write("match.info.json", '{"title": "t"}')
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.5)])
    check(batch.only_rejected(), "error", "truncated", "match.mkv breaks off after", "of 8.1 s")


def test_text_file_with_the_ending_of_a_video(batch):
    batch.write("match.mp4", "not a film at all\n" * 50)
    check(batch.only_rejected(), "error", "not_media", "match.mp4 is not a video: its content is plain text")


def test_picture_with_the_ending_of_a_video(batch):
    batch.write("match.mp4", b"\x89PNG\r\n\x1a\n" + os.urandom(500))
    check(batch.only_rejected(), "error", "not_media", "no known video")


def test_random_bytes_with_the_ending_of_a_video(batch):
    batch.write("match.mp4", b"\x81" + os.urandom(5000))
    check(batch.only_rejected(), "error", "not_media", "match.mp4")


def test_video_without_audio(batch, film):
    film.make(batch.folder / "match.mp4", seconds=8, sound=False)
    batch.write("match.info.json", '{"title": "t"}')
    check(batch.only_rejected(), "filtered", "no_audio", "match.mp4 has no soundtrack")


def test_audio_without_video(batch, film):
    film.make(batch.folder / "match.mp4", seconds=8, vision=False)
    batch.write("match.info.json", '{"title": "t"}')
    check(batch.only_rejected(), "error", "no_video", "match.mp4 has sound but no picture")


def test_sound_file(batch):
    batch.write("song.mp3", b"ID3" + bytes(100))
    check(batch.only_rejected(), "filtered", "no_picture", "song.mp3 is a sound file")


def test_variable_frame_rate_names_both_remedies_and_can_be_accepted(batch, film):
    stamps = [100 * k + (40 if k % 3 == 1 else 0) for k in range(80)]
    film.make(batch.folder / "match.mp4", stamps=stamps, seconds=8)
    batch.video(name="other.mp4")
    (batch.folder / "other.mp4").unlink()
    (batch.folder / "other.srt").rename(batch.folder / "match.srt")
    (batch.folder / "other.info.json").rename(batch.folder / "match.info.json")
    words = ("variable frame rate", "re-encode it at a constant rate", "variable_frame_rate: accept")
    check(batch.only_rejected(), "filtered", "variable_frame_rate", *words)
    rows, rejected = batch.read(variable_frame_rate="accept")
    assert [row["video_id"] for row in rows] == ["match"]
    assert rejected == []


def test_captions_with_broken_cues_lose_only_these(batch, subrip):
    batch.video()
    broken = (
        "\n9\n00:00:08,000 --> 00:00:07,000\nends early\n"
        "\n10\n00:00:01,000 --> 00:00:02,000\nruns backwards\n"
        "\n11\n00:00:06,010 --> 00:00:08,000\nin another place\n"
        "\n12\n00:00:07,000 --> 00:00:08,000\n<i> </i>\n"
    )
    batch.write("match.srt", subrip() + broken)
    rows, rejected = batch.read()
    assert [line["text"][:3] for line in rows[0]["subtitles"]] == ["the", "and", "she", "wha", "in "]
    assert [(r.id, r.kind, r.reason) for r in rejected] == [
        ("match#cue-5", "filtered", "caption_ends_early"),
        ("match#cue-6", "filtered", "caption_backwards"),
        ("match#cue-8", "filtered", "caption_empty"),
    ]
    assert '"ends early"' in rejected[0].detail
    assert {r.video_id for r in rejected} == {"match"}


def test_captions_that_run_backwards_throughout(batch, subrip):
    batch.video()
    cues = subrip().split("\n\n")
    batch.write("match.srt", "\n\n".join(part.strip("\n") for part in reversed(cues)) + "\n")
    check(batch.only_rejected(), "error", "captions_malformed", "3 of the 4 cues of match.srt", "backwards")


def test_captions_with_markup_are_kept_as_plain_text(batch, subrip):
    batch.video()
    batch.write(
        "match.srt", subrip(("<b>the goalkeeper</b> &amp; his {\\an8}team run up the field", "a b c d e f g h"))
    )
    rows, _ = batch.read()
    assert rows[0]["subtitles"][0]["text"] == "the goalkeeper & his team run up the field"


def test_captions_in_a_wrong_encoding(batch, subrip):
    batch.video()
    batch.write("match.srt", subrip(("café über alles",) * 4).encode("latin-1"))
    check(batch.only_rejected(), "error", "captions_encoding", "match.srt is not UTF-8 text", "convert it to UTF-8")


def test_captions_of_another_video(batch, subrip):
    batch.video()
    late = subrip().replace("00:00:", "00:30:")
    batch.write("match.srt", late)
    check(batch.only_rejected(), "error", "captions_mismatch", "the video lasts 8.0 s", "another video")


def test_caption_line_after_the_end_of_the_video(batch, subrip):
    batch.video()
    said = tuple(f"line {k} of what is said about the match" for k in range(25))
    late = "\n30\n00:00:12,000 --> 00:00:14,000\nsee you next week\n"
    batch.write("match.srt", subrip(said, step=0.3) + late)
    rows, rejected = batch.read()
    assert len(rows[0]["subtitles"]) == 25
    assert [(r.id, r.reason) for r in rejected] == [("match#cue-26", "caption_outside")]


def test_missing_metadata_is_noted_and_the_video_kept(batch):
    batch.video(info={})
    note, row = batch.all()
    assert (row["title"], row["category"], row["language"]) == ("match", None, None)
    assert (note.id, note.kind, note.reason) == ("match#info", None, "no_info"), (
        "a note, and no line of the rejected table"
    )
    assert "the title is taken from the file name" in note.detail


@pytest.mark.parametrize("content", ['{"title": "cut o', "[1, 2]", "", b"\xff\xfe\x00"])
def test_malformed_metadata(content, batch):
    batch.video()
    batch.write("match.info.json", content)
    check(batch.only_rejected(), "error", "info_malformed", "match.info.json", "mend it or delete it")


def test_metadata_of_the_wrong_kinds_counts_as_unknown(batch):
    batch.video(info={"title": 7, "categories": "Sports", "language": None, "id": ["x"], "duration": "long"})
    rows, rejected = batch.read()
    assert (rows[0]["video_id"], rows[0]["title"], rows[0]["category"]) == ("match", "match", None)
    assert rejected == []


def test_malformed_truth(batch):
    batch.video()
    batch.write("match.truth.json", "{")
    check(batch.only_rejected(), "error", "truth_malformed", "match.truth.json")


def test_duplicate_id(batch):
    batch.video("a/match.mp4")
    batch.video("b/match.mp4")
    rows, rejected = batch.read()
    assert len(rows) == 1
    assert rejected[0].id == "b/match.mp4"
    check(rejected[0], "filtered", "duplicate_id", "b/match.mp4 has the id match of a/match.mp4")


def test_duplicate_id_in_the_metadata(batch):
    batch.video("one.mp4", info={"id": "x1", "title": "t"})
    batch.video("two.mp4", info={"id": "x1", "title": "t"})
    rows, rejected = batch.read()
    assert [row["video_id"] for row in rows] == ["x1"]
    check(rejected[0], "filtered", "duplicate_id", "two.mp4 has the id x1 of one.mp4")


def test_link_that_leaves_the_folder(batch, tmp_path: Path, template):
    (tmp_path / "elsewhere.mp4").write_bytes(template)
    (batch.folder / "match.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    check(batch.only_rejected(), "error", "outside_folder", "match.mp4 leads out of the folder", "copy the file")


def test_captions_linked_from_outside_are_not_read(batch, tmp_path: Path, subrip):
    batch.video(captions=False)
    (tmp_path / "secret.srt").write_text(subrip())
    (batch.folder / "match.srt").symlink_to(tmp_path / "secret.srt")
    rows, rejected = batch.read()
    assert rows == []
    assert {r.reason for r in rejected} == {"outside_folder", "no_captions"}


def test_folder_linked_from_outside_is_not_entered(batch, tmp_path: Path, template):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "match.mp4").write_bytes(template)
    (batch.folder / "more").symlink_to(tmp_path / "other")
    check(batch.only_rejected(), "error", "outside_folder", "more leads out of the folder")


def test_dangling_link(batch):
    (batch.folder / "match.mp4").symlink_to("nowhere.mp4")
    check(batch.only_rejected(), "error", "unreadable", "match.mp4 cannot be read")


@pytest.mark.parametrize("name", ["match.m3u8", "match.m3u", "match.pls", "match.ffconcat"])
def test_playlist_file(name, batch):
    batch.write(name, "#EXTM3U\n")
    check(batch.only_rejected(), "error", "playlist", f"{name} is a playlist")


@pytest.mark.parametrize("content", ["#EXTM3U\nmatch2.ts\n", "ffconcat version 1.0\nfile /etc/passwd\n"])
def test_playlist_renamed_to_a_video(content, batch):
    batch.write("match.mp4", content)
    check(batch.only_rejected(), "error", "playlist", "match.mp4 is a playlist, not a video")


def test_captions_without_a_video(batch, subrip):
    batch.write("lost.en.srt", subrip())
    check(batch.only_rejected(), "filtered", "no_video", "no video in the folder carries the name of lost.en.srt")


def test_other_files_are_named_and_left_alone(batch):
    batch.write("minutes.txt", "hello")
    check(batch.only_rejected(), "filtered", "not_a_video", "minutes.txt is no video")


def test_the_rest_of_the_batch_goes_on_and_every_file_is_accounted_for(batch, subrip):
    batch.video("good.mp4")
    batch.write("empty.mp4", b"")
    batch.write("text.mp4", "words " * 100)
    batch.write("list.m3u8", "#EXTM3U\n")
    batch.write("lost.srt", subrip())
    batch.write("notes.txt", "hello")
    rows, rejected = batch.read()
    assert [row["video_id"] for row in rows] == ["good"]
    assert set(rows[0]) == set(SCHEMAS["yt_cc_source"].names)
    told = " ".join([rows[0]["path"], *(r.detail for r in rejected)])
    sidecars = {"good.srt", "good.info.json"}
    assert [p.name for p in batch.folder.iterdir() if p.name not in sidecars and p.name not in told] == []
    assert {(r.video_id, r.kind) for r in rejected} >= {("empty", "error"), ("text", "error"), ("list", "error")}
    assert json.dumps([r.as_row() for r in rejected])


ENDLESS = "9" * 400


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("match.vtt", f"WEBVTT\n\n{ENDLESS}:00:00.000 --> {ENDLESS}:00:05.000\nhello there\n"),
        ("match.json3", f'{{"events": [{{"tStartMs": {ENDLESS}, "dDurationMs": 5, "segs": [{{"utf8": "x"}}]}}]}}'),
        ("match.json3", '{"events": [{"tStartMs": NaN, "dDurationMs": 5, "segs": [{"utf8": "x"}]}]}'),
        ("match.ttml", f'<tt><body><div><p begin="{ENDLESS}:00:00" end="5s">x</p></div></body></tt>'),
        ("match.ttml", '<tt frameRate="0"><body><div><p begin="00:00:01:05" end="5s">x</p></div></body></tt>'),
        ("match.ttml", "<tt>" + "<div>" * 50_000 + "</div>" * 50_000 + "</tt>"),
    ],
)
def test_captions_with_impossible_numbers_are_an_error_row_and_no_crash(name, content, batch):
    batch.video(captions=False)
    batch.write(name, content)
    rejected = batch.only_rejected()
    assert (rejected.kind, rejected.reason) == ("error", "captions_malformed")


@pytest.mark.parametrize("name", ["match.srt", "match.info.json"])
def test_a_sidecar_of_unbelievable_size_is_not_read(name, batch):
    batch.video(captions=name != "match.srt")
    with (batch.folder / name).open("wb") as file:
        file.truncate(16 * 1024**2 + 1)
    rejected = batch.only_rejected()
    assert (rejected.kind, rejected.reason) == ("error", "too_large")
    assert name in rejected.detail


def test_a_caption_track_without_end_inside_a_video_is_not_read(batch, film, monkeypatch):
    monkeypatch.setattr("livecc_assets.source.embedded.MOST_CUES", 3)
    plain = film.make(batch.folder / "plain.mp4", seconds=8)
    film.add_caption_track(
        plain, batch.folder / "match.mp4", [(k * 1.0, k + 0.5, b"the ball is in the net") for k in range(6)]
    )
    plain.unlink()
    assert batch.only_rejected().reason == "too_large"


@pytest.mark.parametrize("raw", [b"caf\xe9.mp4", b"caf\xe9/match.mp4", b"caf\xe9.txt"])
def test_a_name_that_is_not_utf8_is_told_readably_and_the_other_videos_stay(raw, batch):
    path = os.path.join(os.fsencode(batch.folder), raw)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(batch.video().read_bytes())
    rows, (rejected,) = batch.read()
    assert [row["title"] for row in rows] == ["A match"]
    check(
        rejected,
        "error",
        "name_encoding",
        f"the name of {raw.decode('utf-8', 'backslashreplace')} is not UTF-8; rename",
    )
    assert pa.Table.from_pylist([rejected.as_row()]).num_rows == 1


def test_a_folder_whose_name_is_not_utf8_is_told_in_a_line(tmp_path):
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"caf\xe9"))
    with pytest.raises(UserError, match=r"caf\\xe9: the name of this folder is not UTF-8; rename it"):
        entries(str(tmp_path / os.fsdecode(b"caf\xe9")))
