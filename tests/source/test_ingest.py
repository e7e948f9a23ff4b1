"""Rows of good videos, and the method's own filters."""

import hashlib
import json
from collections.abc import Callable

import av
import pyarrow as pa
import pytest

from livecc_assets.source.candidates import scan
from livecc_assets.source.ingest import distinct_words, named, source_rows
from livecc_assets.source.schemas import SCHEMAS


def test_row_of_a_good_video_fits_the_schema_and_says_everything(batch):
    path = batch.video(
        info={"title": " The  final ", "categories": ["Sports", "Gaming"], "language": "en-GB", "id": "vid1"}
    )
    truth = json.dumps({"events": [{"time": 1.0}]})
    batch.write("match.truth.json", truth)
    rows, rejected = batch.read()
    assert rejected == []
    (row,) = rows
    table = pa.Table.from_pylist(rows, schema=SCHEMAS["yt_cc_source"])
    assert table.num_rows == 1
    assert row["video_id"] == "vid1"
    assert row["path"] == path.name
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert row["size_bytes"] == path.stat().st_size
    assert (row["title"], row["category"], row["language"]) == ("The final", "Sports", "en-GB")
    assert row["duration"] == pytest.approx(8.0)
    assert (row["width"], row["height"], row["fps"]) == (128, 96, 10.0)
    assert row["caption_format"] == "srt"
    assert row["caption_words"] is None
    assert row["subtitles"][1] == {"start": 2.0, "end": 4.0, "text": "and the red team starts to run towards the goal"}
    assert row["truth"] == truth


def test_word_times_of_the_captions_are_kept(batch):
    batch.video(captions=False)
    said = "the<00:00:01.500> red<00:00:02.000> team<00:00:02.500> runs<00:00:03.000> to<00:00:03.500> a<00:00:04.000> goal"
    batch.write("match.en.vtt", f"WEBVTT\n\n00:00:01.000 --> 00:00:05.000\n{said}\n")
    rows, _ = batch.read(min_distinct_words=3)
    assert [word["word"] for word in rows[0]["caption_words"]] == ["the", "red", "team", "runs", "to", "a", "goal"]
    assert rows[0]["caption_words"][1] == {"start": 1.5, "end": 2.0, "word": "red"}


def test_captions_count_from_the_sound_where_the_picture_starts_later(batch, film):
    film.make(batch.folder / "match.mkv", stamps=[1000 + 100 * k for k in range(80)], seconds=9)
    batch.write("match.srt", "1\n00:00:03,000 --> 00:00:05,000\nthe ball is in the net\n")
    rows, _ = batch.read(min_distinct_words=3)
    assert rows[0]["subtitles"] == [{"start": 3.0, "end": 5.0, "text": "the ball is in the net"}]
    assert rows[0]["duration"] == pytest.approx(9.0, abs=0.07)


FILTERS = [
    ({"min_duration": 9}, "too_short", "lasts 8.0 s; at least 9 s"),
    ({"max_duration": 7}, "too_long", "lasts 8.0 s; at most 7 s"),
    ({"min_height": 97}, "low_resolution", "is 128x96; the shorter side must have 97 pixels"),
    ({"min_distinct_words": 60}, "few_words", "distinct words; 60 are asked for"),
    ({"language": "de"}, "language", "is in en by its metadata; de is asked for"),
]


@pytest.mark.parametrize(("config", "reason", "detail"), FILTERS)
def test_video_outside_the_methods_bounds_is_filtered_with_the_numbers(config, reason, detail, batch):
    batch.video()
    rejected = batch.only_rejected(**config)
    assert (rejected.kind, rejected.reason) == ("filtered", reason)
    assert detail in rejected.detail


@pytest.mark.parametrize("config", [{"min_duration": 8}, {"max_duration": 8}, {"min_height": 96}])
def test_bounds_are_inclusive(config, batch):
    batch.video()
    assert len(batch.read(**config)[0]) == 1


def test_captions_in_another_language_are_filtered_with_label_and_probability(batch, subrip):
    batch.video()
    german = (
        "der torwart schlägt den ball weit ins feld hinaus",
        "und die rote mannschaft läuft jetzt auf das tor zu",
        "sie spielt nach links wo niemand von uns steht",
        "was für ein wunderbarer schuss genau in die ecke",
    )
    batch.write("match.srt", subrip(german))
    rejected = batch.only_rejected(caption_language_model="embedded:py3langid")
    assert (rejected.kind, rejected.reason) == ("filtered", "caption_language")
    assert "read as de with probability" in rejected.detail


def test_captions_in_the_asked_for_language_pass(batch):
    batch.video()
    assert len(batch.read(caption_language_model="embedded:py3langid")[0]) == 1


def test_music_only_captions_are_filtered_for_want_of_words(batch, subrip):
    batch.video()
    batch.write("match.srt", subrip(("[Music]",) * 4))
    assert batch.only_rejected().reason == "few_words"


def test_video_without_captions_is_filtered_where_they_are_required(batch):
    batch.video(captions=False)
    rejected = batch.only_rejected()
    assert (rejected.kind, rejected.reason) == ("filtered", "no_captions")


def test_video_without_captions_is_kept_where_they_are_optional(batch):
    batch.video(captions=False)
    (row,), rejected = batch.read(captions="optional")
    assert (row["caption_format"], row["subtitles"], row["caption_words"]) == ("none", [], None)
    assert rejected == []


def test_unreadable_captions_are_an_error_row_and_the_video_kept_where_they_are_optional(batch):
    batch.video()
    batch.write("match.srt", "nothing here")
    (row,), (note,) = batch.read(captions="optional")
    assert row["caption_format"] == "none"
    assert (note.id, note.kind, note.reason) == ("match#captions", "error", "captions_malformed")


def test_unwanted_captions_are_filtered_also_where_they_are_optional(batch, subrip):
    batch.video()
    batch.write("match.srt", subrip(("[Music]",) * 4))
    assert batch.only_rejected(captions="optional").reason == "few_words"


BRITISH = ["match.en.srt", "match.en-GB.srt"]


def _say(word: str) -> Callable[[Callable[..., str]], str]:
    return lambda subrip: subrip((f"{word} one two three four five six seven eight nine",) * 4)


@pytest.mark.parametrize(
    ("files", "info", "taken"),
    [
        (["match.de.srt", "match.en.srt"], {}, "match.en.srt"),
        (["match.de.srt", "match.srt"], {}, "match.srt"),
        (["match.srt", "match.en.srt"], {}, "match.en.srt"),
        (["match.en-orig.srt", "match.en.srt"], {}, "match.en.srt"),
        (["match.en-US.srt", "match.fr.srt"], {}, "match.en-US.srt"),
        (BRITISH, {"subtitles": {"en-GB": []}, "automatic_captions": {"en": []}}, "match.en-GB.srt"),
        (BRITISH, {"subtitles": {"en": []}, "automatic_captions": {"en-GB": []}}, "match.en.srt"),
        (["match_en.srt"], {}, "match_en.srt"),
        (["match.eng.srt", "match.ita.srt"], {}, "match.eng.srt"),
    ],
)
def test_the_asked_for_language_comes_first_then_people(files, info, taken, batch, subrip):
    batch.video(captions=False, info={"title": "t", **info})
    for name in files:
        batch.write(name, _say(name.replace(".", "").replace("_", ""))(subrip))
    rows, _ = batch.read()
    assert rows[0]["subtitles"][0]["text"].split()[0] == taken.replace(".", "").replace("_", "")


def test_captions_of_people_come_before_word_timed_ones_of_a_machine(batch, subrip):
    batch.video(captions=False)
    batch.write("match.en.vtt", "WEBVTT\n\n00:00.000 --> 00:05.000\nmachine<00:00:02.000> made<00:00:03.000> words\n")
    batch.write("match.en.srt", _say("people")(subrip))
    rows, _ = batch.read()
    assert rows[0]["subtitles"][0]["text"].startswith("people")


def test_caption_track_inside_the_file_is_used_when_nothing_lies_beside_it(batch, film):
    plain = film.make(batch.folder / "plain.mp4", seconds=8)
    cues = [(k * 2.0, k * 2 + 1.5, f"line {k} says that the ball is in the net".encode()) for k in range(4)]
    film.add_caption_track(plain, batch.folder / "match.mp4", cues)
    plain.unlink()
    rows, _ = batch.read()
    assert rows[0]["caption_format"] == "embedded"
    assert rows[0]["subtitles"][2]["text"].startswith("line 2")


def test_distinct_words_ignore_case_and_punctuation():
    assert distinct_words('Goal! goal, "GOAL" - it\'s in') == {"goal", "it's", "in"}


def test_the_real_folder_reads_right_to_a_person(media, tmp_path):
    folder = tmp_path / "real"
    folder.mkdir()
    for name in ("nasa_13013.mp4", "nasa_13013_en.srt", "jfk.flac", "askany_yoga.mp4", "dj_video4.mp4"):
        (folder / name).write_bytes((media / name).read_bytes())
    found = list(source_rows(named(scan(str(folder))), {"min_height": 96, "min_duration": 10, "min_distinct_words": 8}))
    rows = [row["video_id"] for row in found if isinstance(row, dict)]
    reasons = {r.id: r.reason for r in found if not isinstance(r, dict)}
    assert rows == ["nasa_13013"]
    assert reasons == {
        "askany_yoga": "no_audio",
        "dj_video4": "no_captions",
        "jfk.flac": "no_picture",
        "nasa_13013#info": "no_info",
    }


def test_the_filter_of_the_shorter_side_sees_the_picture_as_displayed(batch, film):
    batch.video().unlink()
    film.make(batch.folder / "plain.mp4", seconds=8)
    with av.open(str(batch.folder / "plain.mp4")) as old, av.open(str(batch.folder / "match.mp4"), "w") as new:
        streams = {s.index: new.add_stream_from_template(s) for s in old.streams}
        video = next(s for s in streams.values() if isinstance(s, av.VideoStream))
        video.set_display_matrix([0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000])
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    (batch.folder / "plain.mp4").unlink()
    rows, _ = batch.read()
    assert (rows[0]["width"], rows[0]["height"]) == (96, 128)
    assert "96x128" in batch.only_rejected(min_height=97).detail
