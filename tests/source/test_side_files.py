"""Files as they lie about: what a downloader and a system leave beside videos is passed over and counted."""

import json
from pathlib import Path

import pytest

from livecc_assets.cli.main import main
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings
from livecc_assets.orchestration.batches import register
from livecc_assets.source import moving
from livecc_assets.source.batch import read_batch
from livecc_assets.source.candidates import survey
from livecc_assets.source.schemas import SCHEMAS
from livecc_assets.source.side_files import fragment_of, side_kind
from livecc_assets.store.rows import Note, Rejected
from tests.artifacts import finished, new_store, task_of
from tests.source.conftest import CONFIG

KINDS = {
    "pictures": ["a.webp", "a.JPG", "deep/a.jpeg", "a.en.png"],
    "descriptions": ["a.description", "a.nfo"],
    "chats": ["a.live_chat.json", "a.rechat.json", "a.comments.json", "a.live_chat.json3"],
    "annotations": ["a.annotations.xml"],
    "links": ["a.url", "a.webloc", "a.desktop"],
    "unfinished_downloads": [
        "a.mp4.part", "a.f137.mp4.part", "a.mp4.ytdl", "a.mp4.part-Frag3", "a.mp4.part-Frag3.part", "a.temp.mp4",
        "a.mp4.crdownload", "a.mp4.aria2", "a.mp4.temp",
    ],
    "download_archives": ["archive.txt", "yt-dlp-archive.txt", "downloaded.txt", "download_archive.txt", "x.archive"],
    "checksums": ["SHA256SUMS", "md5sums.txt", "a.mp4.sha256", "a.sfv"],
    "archives": ["a.zip", "a.tar.gz", "a.tgz", "a.7z", "a.part01.rar"],
    "documents": ["README", "readme.txt", "README.md", "LICENSE", "SOURCES.md", "notes.md"],
    "hidden_files": [".DS_Store", "._a.mp4", ".a.mp4", ".git/config", ".Trash-1000/a.mp4", ".nfs0001"],
    "system_files": ["Thumbs.db", "desktop.ini", "@eaDir/a.mp4/x.mp4", "__MACOSX/a.mp4", "Icon\r"],
    "logs": ["yt-dlp.log"],
    "backups": ["a.srt~", "a.srt.bak"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in KINDS.items() for name in names])
def test_a_side_file_is_known_by_its_name(kind: str, name: str) -> None:
    assert side_kind(name) == kind


@pytest.mark.parametrize(
    "name",
    [
        "a.mp4", "a.part.mp4", "party.mp4", "archive.mp4", "a.en.vtt", "a.info.json", "a.truth.json", "minutes.txt", "a.mp3",
        "list.m3u8", "../a.mp4", "readme.mp4", "a.srt", "temp.mp4", "download.mp4", "chat.json3", "a...b.mp4",
    ],
)  # fmt: skip
def test_what_may_be_a_video_or_belong_to_one_is_no_side_file(name: str) -> None:
    assert side_kind(name) is None


@pytest.mark.parametrize(
    ("name", "download"),
    [
        ("a.f137.mp4", "a"), ("deep/a b [id].f140.m4a", "deep/a b [id]"), ("a.f251-drc.webm", "a"), ("a.fhls-1080.mp4", "a"),
        ("a.f1.mp4", None), ("a.f.mp4", None), ("f137.mp4", None), ("a.final.mp4", None), ("a.mp4", None),
    ],
)  # fmt: skip
def test_a_fragment_is_known_by_the_number_of_its_format(name: str, download: str | None) -> None:
    assert fragment_of(name) == download


def test_a_downloaders_folder_is_its_videos_and_the_rest_is_counted(batch, tmp_path: Path) -> None:
    batch.video("match.mp4", info={"title": "A match", "id": "abc"})
    names = [name for names in KINDS.values() for name in names if "\r" not in name]
    for name in names:
        batch.write(name, b"x")
    batch.write("The season [PL1].info.json", json.dumps({"_type": "playlist", "id": "PL1", "title": "The season"}))
    found = survey(str(batch.folder))
    assert [one.name for one in found.candidates] == ["match.mp4"]
    assert sum(found.passed_over.values()) == len(names) + 1
    assert found.passed_over["playlist_metadata"] == 1
    assert {kind: found.passed_over[kind] for kind in ("pictures", "chats", "annotations")} == {
        kind: len(KINDS[kind]) for kind in ("pictures", "chats", "annotations")
    }
    store = new_store(tmp_path)
    store.register_batch("films", {"uri": str(batch.folder)})
    task = task_of(store, tmp_path, "yt_cc_source", "films", SCHEMAS["yt_cc_source"], CONFIG)
    read_batch(task)
    made = finished(task, store)
    assert made.manifest.metadata["passed_over"] == found.passed_over
    assert (made.count, made.manifest.rejected, list(made.rejected())) == (1, 0, [])


def test_ingest_says_what_is_passed_over(batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    monkeypatch.setattr("livecc_assets.orchestration.batches.add_batch", lambda *arguments: None)
    batch.video("match.mp4")
    for name in ("match.webp", "match.description", "other.mp4.part", "third.mp4.part"):
        batch.write(name, b"x")
    done = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), "ingest", str(batch.folder), "--batch", "films"])
    assert done.exit_code == 0, done.output
    assert "passed over: descriptions 1, pictures 1, unfinished downloads 2\n" in done.output


def test_a_folder_of_side_files_alone_is_no_batch(batch, tmp_path: Path) -> None:
    batch.write("match.mp4.part", b"x")
    told = r"holds no videos, only files that are passed over \(unfinished downloads 1\); put videos there"
    with pytest.raises(UserError, match=told):
        list(register(load_settings(tmp_path / "home"), str(batch.folder), "films", "optional"))


def test_a_thumbnail_that_comes_later_does_not_keep_a_batch_from_moving(batch) -> None:
    batch.video("match.mp4")
    before = moving.contents_of(survey(str(batch.folder)).candidates)
    batch.write("match.webp", b"x")
    assert moving.contents_of(survey(str(batch.folder)).candidates) == before


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", b'{"_type": ["playlist"]}', b'{"_type": "video"}'])
def test_metadata_without_a_video_that_are_no_playlists_are_told(content: bytes, batch) -> None:
    batch.write("lost.info.json", content)
    found = batch.only_rejected()
    assert (found.kind, found.reason) == ("filtered", "no_video")


def test_metadata_of_a_playlist_are_not_those_of_a_video_of_its_name(batch) -> None:
    batch.video(info={"_type": "playlist", "id": "PL1", "title": "Forty matches"})
    note, row = batch.all()
    assert (row["video_id"], row["title"]) == ("match", "match")
    assert (note.reason, "is about a playlist" in note.detail) == ("no_info", True)


# -- downloads whose picture and sound were not merged -------------------------------------------------------------------


def test_picture_and_sound_that_were_not_merged_are_said_in_words(batch, film) -> None:
    film.make(batch.folder / "match.f137.mp4", seconds=8, sound=False)
    batch.write("match.f140.m4a", b"sound")
    found = batch.only_rejected()
    assert (found.id, found.kind, found.reason) == ("match.f137", "error", "unmerged_download")
    assert "holds only the picture of a download" in found.detail and "see match.f140.m4a" in found.detail
    assert "merge them with ffmpeg" in found.detail
    assert survey(str(batch.folder)).passed_over == {"fragments": 1}


def test_a_sound_half_in_a_videos_container_is_said_in_words_too(batch, film) -> None:
    film.make(batch.folder / "match.f137.mp4", seconds=8, sound=False)
    film.make(batch.folder / "match.f251.mp4", seconds=8, vision=False)
    picture, sound = batch.read()[1]
    assert (picture.kind, sound.kind) == ("error", "filtered")
    assert (picture.reason, sound.reason) == ("unmerged_download", "unmerged_download")
    assert "holds only the sound" in sound.detail


def test_halves_beside_the_merged_video_are_passed_over(batch) -> None:
    batch.video("match.mp4")
    batch.write("match.f137.mp4", b"picture")
    batch.write("match.f140.m4a", b"sound")
    found = survey(str(batch.folder))
    assert ([one.name for one in found.candidates], found.passed_over) == (["match.mp4"], {"fragments": 2})


def test_whole_videos_that_are_called_like_fragments_are_read(batch) -> None:
    for name in ("match.f18.mp4", "match.f22.mp4", "other.f137.mp4"):
        batch.video(name)
    rows, rejected = batch.read()
    assert [row["path"] for row in rows] == ["match.f18.mp4", "match.f22.mp4", "other.f137.mp4"]
    assert rejected == []


def test_a_lone_picture_is_a_video_without_sound(batch, film) -> None:
    film.make(batch.folder / "match.f137.mp4", seconds=8, sound=False)
    assert batch.only_rejected().reason == "no_audio"


# -- the share of errors -------------------------------------------------------------------------------------------------


def _made(batch, tmp_path: Path, **config):
    store = new_store(tmp_path)
    store.register_batch("films", {"uri": str(batch.folder)})
    task = task_of(store, tmp_path, "yt_cc_source", "films", SCHEMAS["yt_cc_source"], CONFIG | config)
    read_batch(task)
    return finished(task, store)


def test_one_broken_of_three_videos_is_a_third_whatever_is_noted_on_the_others(batch, tmp_path: Path, subrip) -> None:
    batch.video("good.mp4", info={})
    broken_cues = "".join(f"\n{n}\n00:00:08,000 --> 00:00:07,000\nends early {n}\n" for n in range(9, 12))
    batch.write("good.srt", subrip() + broken_cues)
    batch.video("mute.mp4", info={"title": "x " * 400})
    batch.write("mute.srt", "nothing here")
    batch.write("broken.mp4", b"no video")
    for name in ("a.txt", "b.docx", "lost.srt", "song.mp3", "c.webp"):
        batch.write(name, "x")
    made = _made(batch, tmp_path, captions="optional")
    manifest = made.manifest
    assert (manifest.rows, manifest.rejected, manifest.errors) == (2, 1, 1)
    assert manifest.error_share == pytest.approx(1 / 3)
    listed = [(row["id"], row["kind"]) for row in made.rejected()]
    assert (
        ("good#cue-5", "filtered") in listed
        and ("mute#captions", "error") in listed
        and ("a.txt", "filtered") in listed
    )
    assert "good#info" not in dict(listed) and "mute#title" not in dict(listed)
    notes = manifest.metadata["notes"]
    assert notes["caption_ends_early"]["count"] == 3
    assert notes["no_info"] == {
        "count": 1,
        "examples": ["good.info.json is missing: the title is taken from the file name, the category is unknown"],
    }
    assert notes["long_metadata"]["count"] == notes["captions_malformed"]["count"] == 1
    assert {"not_a_video", "no_video", "no_picture"} <= notes.keys()


def test_a_video_that_the_rules_leave_out_is_a_row_and_its_cues_are_none(batch, subrip) -> None:
    batch.video()
    batch.write("match.srt", subrip(("[Music]",) * 4) + "\n9\n00:00:08,000 --> 00:00:07,000\nends early\n")
    cue, video = batch.read()[1]
    assert isinstance(cue, Note) and cue.id == "match#cue-5"
    assert isinstance(video, Rejected) and video.reason == "few_words"
