"""``livecc inspect``: what the pipeline reads in one file, as a document, a picture and a sound."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from livecc_assets.cli.main import main
from tests.media.film import make, number_of

VTT = """WEBVTT

00:00:01.000 --> 00:00:03.000
&gt;&gt; JIM: what a [Music] goal

00:00:04.000 --> 00:00:06.000
♪ la la ♪

00:00:07.000 --> 00:00:09.000
un<i>believ</i>able
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames a second; each shows its number, each second begins with a beep."""
    return make(tmp_path_factory.mktemp("film") / "match.mp4", seconds=10)


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    file = tmp_path / "match.en.vtt"
    file.write_text(VTT, "utf-8")
    return file


def livecc(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "inspect", *map(str, arguments)])


def document(home: Path, *arguments: object) -> dict[str, Any]:
    result = livecc(home, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_video_is_shown_with_its_measures_and_the_frames_of_the_range(film: Path, tmp_path: Path) -> None:
    found = document(tmp_path, film, "--start", 2, "--end", 4)
    assert set(found) == {
        "kind", "duration", "start_time", "width", "height", "rate", "streams", "problems", "frames"
    }  # fmt: skip
    assert (found["kind"], found["duration"], found["start_time"]) == ("video", 10.0, 0.0)
    assert (found["width"], found["height"], found["rate"]) == (128, 96, 10.0)
    assert [one["type"] for one in found["streams"]] == ["video", "audio"]
    assert found["problems"] == []
    times = [one["time"] for one in found["frames"]]
    assert times == pytest.approx([2.0, 2.5, 3.0, 3.5, 4.0])
    for one in found["frames"]:
        assert set(one) == {"index", "time", "shown_from", "shown_until"}
        assert one["shown_from"] < one["time"] <= one["shown_until"]
        assert one["shown_until"] == pytest.approx((one["index"] + 1) / 10)


def test_a_frozen_picture_is_listed_for_as_long_as_it_stands(tmp_path: Path) -> None:
    film = make(tmp_path / "frozen.mkv", stamps=[0, 500, 1000, 6000, 6500], seconds=7)
    frames = document(tmp_path, film, "--start", 2, "--end", 5)["frames"]
    assert {one["index"] for one in frames} == {2} and len(frames) >= 6
    assert (frames[0]["shown_from"], frames[0]["shown_until"]) == (1.0, 6.0)


def test_a_video_that_breaks_off_is_shown_with_its_problem(film: Path, tmp_path: Path) -> None:
    silent = make(tmp_path / "silent.mp4", seconds=3, sound=False)
    assert [one["reason"] for one in document(tmp_path, silent)["problems"]] == ["no_audio"]
    cut = tmp_path / "cut.mkv"
    whole = make(tmp_path / "whole.mkv", seconds=10).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    found = document(tmp_path, cut)
    assert found["problems"][0]["reason"] == "truncated"
    assert "cut.mkv" in found["problems"][0]["detail"] and found["frames"]


def test_captions_are_shown_with_the_words_that_are_spoken(captions: Path, tmp_path: Path) -> None:
    found = document(tmp_path, captions)
    assert set(found) == {"kind", "format", "lines", "words", "dropped", "problems"}
    assert (found["kind"], found["format"]) == ("captions", "vtt")
    assert [word for _, _, word in found["words"]] == ["what", "a", "goal", "unbelievable"]
    assert all(start < end for start, end, _ in found["words"])
    assert sum(found["dropped"].values()) == 7  # >> JIM: [Music] ♪ la la ♪
    assert [line["text"] for line in found["lines"]][2] == "unbelievable"


def test_the_released_rule_drops_the_line_that_holds_a_bracket(captions: Path, tmp_path: Path) -> None:
    found = document(tmp_path, captions, "--rules", "released")
    assert [word for _, _, word in found["words"]] == ["♪", "la", "♪", "unbelievable"]
    assert set(found["dropped"]) == {"bracket"}


def test_a_range_of_captions_holds_the_lines_and_words_that_reach_into_it(captions: Path, tmp_path: Path) -> None:
    found = document(tmp_path, captions, "--start", 6.5)
    assert [word for _, _, word in found["words"]] == ["unbelievable"]
    assert len(found["lines"]) == 1


def test_captions_of_a_section_are_put_on_the_clock_of_its_video(film: Path, tmp_path: Path) -> None:
    file = tmp_path / "whole.vtt"
    cues = (f"00:01:{k:02d}.000 --> 00:01:{k + 2:02d}.000\nword{k}\n" for k in range(0, 50, 2))
    file.write_text("WEBVTT\n\n" + "\n".join(cues), "utf-8")
    section = tmp_path / film.name
    section.write_bytes(film.read_bytes())
    (tmp_path / "match.info.json").write_text(json.dumps({"section_start": 70.0, "section_end": 80.0}))
    found = document(tmp_path, file, "--video", section)
    assert [(start, word) for start, _, word in found["words"]] == [(2 * k, f"word{10 + 2 * k}") for k in range(5)]
    assert [one["reason"] for one in found["problems"]] == ["caption_outside_section"]


def test_captions_that_do_not_fit_the_video_keep_their_clock_and_say_so(film: Path, tmp_path: Path) -> None:
    file = tmp_path / "late.vtt"
    file.write_text("WEBVTT\n\n10:00:00.000 --> 10:00:02.000\nhello there\n", "utf-8")
    found = document(tmp_path, file, "--video", film)
    assert found["problems"][0]["reason"] == "captions_mismatch"
    assert found["words"][0][0] == 36000.0


def test_the_strip_draws_the_sampled_frames_and_the_wav_starts_at_the_range(film: Path, tmp_path: Path) -> None:
    png, wav = tmp_path / "out.png", tmp_path / "out.wav"
    assert livecc(tmp_path, film, "--start", 2.5, "--end", 5.5, "--strip", png, "--wav", wav).exit_code == 0
    with Image.open(png) as picture:
        sheet = np.asarray(picture.convert("RGB"))
    assert sheet.shape[1] == 720
    first = np.asarray(Image.fromarray(sheet[8 : 8 + 129, 8 : 8 + 172]).resize((128, 96)))
    assert number_of(first) == 24, "the frame that is seen by 2.5 s"
    with wave.open(str(wav)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 16000)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert len(samples) == 3 * 16000
    loud = np.flatnonzero(np.abs(samples) > 4000)
    assert loud[0] / 16000 == pytest.approx(0.5, abs=0.03), "the beep of second 3"


def test_a_strip_of_captions_has_their_words_under_the_frames_of_their_video(
    film: Path, captions: Path, tmp_path: Path
) -> None:
    with_words, without = tmp_path / "with.png", tmp_path / "without.png"
    assert livecc(tmp_path, captions, "--video", film, "--end", 4, "--strip", with_words).exit_code == 0
    assert livecc(tmp_path, film, "--end", 4, "--strip", without).exit_code == 0
    with Image.open(with_words) as one, Image.open(without) as other:
        assert one.size[1] > other.size[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.vtt"], "nothing.vtt: no such file"),
        (["junk.bin"], "junk.bin"),
        (["junk.mp4"], "not_media"),
        (["empty.mkv"], "empty_file"),
        (["match.mp4", "--start", "5", "--end", "3"], "--end 3 is not after --start 5"),
        (["match.mp4", "--start", "nan"], "--start nan"),
        (["match.mp4", "--start", "-1"], "--start -1"),
        (["match.mp4", "--video", "match.mp4"], "--video names the video that a caption file belongs to"),
        (["a.srt", "--strip", "x.png"], "name the video that --strip and --wav are of with --video"),
        (["match.mp4", "--strip", "nowhere/x.png"], "nowhere does not exist"),
        (["match.mp4", "--wav", "."], "is a folder"),
        (["match.mp4", "--start", "100", "--strip", "x.png"], "--strip x.png"),
        (["a.srt", "--video", "b.srt"], "b.srt"),
    ],
)
def test_what_cannot_be_read_or_written_is_one_line(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("match.mp4").write_bytes(film.read_bytes())
    for name in ("junk.bin", "junk.mp4"):
        Path(name).write_bytes(bytes(range(256)) * 10)
    Path("empty.mkv").touch()
    for name in ("a.srt", "b.srt"):
        Path(name).write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    result = livecc(tmp_path / "home", *arguments)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1 and said in result.stderr
    assert not Path("x.png").exists()
