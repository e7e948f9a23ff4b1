"""Which files belong to which video."""

from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.source.candidates import Candidate, scan


def candidates(folder: Path, *names: str) -> dict[str, Candidate]:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return {candidate.name: candidate for candidate in scan(str(folder))}


@pytest.mark.parametrize(
    ("name", "tag", "automatic"),
    [
        ("clip.vtt", None, False),
        ("clip.en.vtt", "en", False),
        ("clip_en.srt", "en", False),
        ("clip-en.srt", "en", False),
        ("clip.json3", None, False),
        ("clip.en.json3", "en", False),
        ("clip.ttml", None, False),
        ("clip.en-US.vtt", "en-us", False),
        ("clip.en-orig.vtt", "en", True),
        ("clip.en.auto.srt", "en", True),
        ("clip.PT-br.srt", "pt-br", False),
        ("clip.zh-Hans.vtt", "zh-hans", False),
    ],
)
def test_captions_match_by_name_and_carry_their_language(name, tag, automatic, tmp_path):
    found = candidates(tmp_path, "clip.mp4", name)
    (caption,) = found["clip.mp4"].captions
    assert (caption.name, caption.tag, caption.automatic) == (name, tag, automatic)
    assert len(found) == 1


@pytest.mark.parametrize(
    "name", ["clip2.srt", "clip_dog.srt", "clip.final.srt", "cli.srt", "sub/clip.srt", "clip_01.vtt"]
)
def test_other_names_belong_to_no_video(name, tmp_path):
    found = candidates(tmp_path, "clip.mp4", name)
    assert found["clip.mp4"].captions == ()
    problem = found[name].problem
    assert problem is not None
    assert problem.reason == "no_video"


def test_the_longer_of_two_fitting_names_wins(tmp_path):
    found = candidates(tmp_path, "a.mp4", "a.en.mp4", "a.en.srt", "a.srt")
    assert [c.name for c in found["a.en.mp4"].captions] == ["a.en.srt"]
    assert [c.name for c in found["a.mp4"].captions] == ["a.srt"]


def test_names_of_yt_dlp_are_matched(tmp_path):
    stem = "Great v1.5 goal! [dQw4w9WgXcQ]"
    found = candidates(tmp_path, f"{stem}.mp4", f"{stem}.en.vtt", f"{stem}.info.json", f"{stem}.truth.json")
    (candidate,) = found.values()
    assert candidate.stem == stem
    assert len(candidate.captions) == 1
    assert candidate.info is not None
    assert candidate.truth is not None


def test_sub_folders_are_read_and_names_do_not_cross_them(tmp_path):
    found = candidates(tmp_path, "one/clip.mp4", "one/clip.srt", "two/clip.webm")
    assert [c.name for c in found["one/clip.mp4"].captions] == ["one/clip.srt"]
    assert found["two/clip.webm"].captions == ()


def test_candidates_come_by_name(tmp_path):
    assert list(candidates(tmp_path, "c.mp4", "a.mp4", "b.txt")) == ["a.mp4", "b.txt", "c.mp4"]


def test_link_inside_the_folder_is_a_file_like_any_other(tmp_path):
    (tmp_path / "real.mp4").write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to("real.mp4")
    assert [c.problem for c in scan(str(tmp_path))] == [None, None]


def test_missing_folder_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        scan(str(tmp_path / "gone"))


def test_empty_folder_has_no_candidates(tmp_path):
    assert scan(str(tmp_path)) == []
