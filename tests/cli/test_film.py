"""``livecc comment --format mp4``: the film stands only when it is whole, and what was said is never lost."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livecc_assets.cli.comment import comment
from livecc_assets.commentary import burn as burning
from livecc_assets.commentary import engine, voices
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.commentary.voices import USUAL, Program, UnspokenError
from livecc_assets.core.errors import UserError
from livecc_assets.media.audio import read_audio
from livecc_assets.media.frames import Video
from livecc_assets.media.soundtrack import RATE
from livecc_assets.source.embedded import read_embedded
from tests.media.film import make

MODEL = "embedded:tiny-qwen2-vl"
SAID = [Utterance(float(second), second + 1.0, f"second {second}") for second in range(6)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("film") / "match.mp4", 6)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Utterance | BaseException]:
    """What the engine says; an error in it is raised."""
    script: list[Utterance | BaseException] = list(SAID)

    def speak(*_: Any, **__: Any):
        for one in script:
            if isinstance(one, BaseException):
                raise one
            yield one

    monkeypatch.setattr(engine, "comment_video", speak)
    monkeypatch.setattr(engine, "load_engine", lambda *_: None)
    return script


def duration(path: Path) -> float:
    with Video.open(str(path)) as found:
        return found.duration


def film(video: Path, out: Path, **options: Any) -> list[str]:
    noticed: list[str] = []
    comment(str(video), MODEL, fmt="mp4", out=out, notice=noticed.append, home=out.parent, **options)
    return noticed


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix not in (".db", "") or path.is_file())


def test_the_film_holds_the_words_and_nothing_else_stays(video: Path, tmp_path: Path, said: list) -> None:
    assert film(video, tmp_path / "out.mp4") == []
    assert "second 5" in repr(read_embedded(str(tmp_path / "out.mp4"), "en"))
    assert duration(tmp_path / "out.mp4") == pytest.approx(6.0, abs=0.05)
    assert left(tmp_path) == ["out.mp4"]
    assert (tmp_path / "out.mp4").stat().st_mode & 0o044, "readable by others as any new file"


def test_a_part_of_the_video_makes_a_film_of_that_length(video: Path, tmp_path: Path, said: list) -> None:
    said[:] = SAID[2:4]
    film(video, tmp_path / "out.mp4", start=2.0, end=4.0)
    assert duration(tmp_path / "out.mp4") == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(143)])
def test_an_interrupt_makes_the_film_of_what_was_said(
    ending: BaseException, video: Path, tmp_path: Path, said: list
) -> None:
    said[3:] = [ending]
    with pytest.raises(type(ending)):
        film(video, tmp_path / "out.mp4")
    assert duration(tmp_path / "out.mp4") == pytest.approx(3.0, abs=0.05)
    assert left(tmp_path) == ["out.mp4"]


@pytest.mark.parametrize(
    "trouble", [KeyboardInterrupt(), OSError(28, "No space left on device"), UserError("no voice")]
)
def test_a_film_that_cannot_be_finished_leaves_the_lines_and_the_old_file(
    trouble: BaseException, video: Path, tmp_path: Path, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fails(source: str, words: Any, path: Path, *_: Any, **__: Any) -> None:
        path.write_bytes(b"half of a film")
        tries.append(path)
        raise trouble

    monkeypatch.setattr(burning, "burn", fails)
    (tmp_path / "out.mp4").write_bytes(b"an older film")
    noticed: list[str] = []
    with pytest.raises(type(trouble)):
        comment(str(video), MODEL, fmt="mp4", out=tmp_path / "out.mp4", notice=noticed.append, home=tmp_path)
    assert (tmp_path / "out.mp4").read_bytes() == b"an older film"
    assert left(tmp_path) == ["out.mp4", "out.mp4.part"], "nothing is left by halves"
    rows = [json.loads(line) for line in (tmp_path / "out.mp4.part").read_text("utf-8").splitlines()]
    assert [row["text"] for row in rows] == [one.text for one in SAID]
    assert any("out.mp4.part: what was said, as JSON lines" in line for line in noticed)
    assert len(tries) == 1, "what failed is not tried again"


def test_lines_are_there_while_the_model_speaks(video: Path, tmp_path: Path, said: list) -> None:
    seen: list[int] = []

    def progress(done: int, total: int | None, message: str) -> None:
        if "second" in message:
            seen.append(len((tmp_path / "out.mp4.part").read_text().splitlines()))

    film(video, tmp_path / "out.mp4", progress=progress)
    assert seen == [1, 2, 3, 4, 5, 6]


def test_an_old_film_stands_while_nothing_was_said(video: Path, tmp_path: Path, said: list) -> None:
    said[:] = [KeyboardInterrupt()]
    (tmp_path / "out.mp4").write_bytes(b"an older film")
    with pytest.raises(KeyboardInterrupt):
        film(video, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"an older film"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"out": None}, "--format mp4 needs a file; name one with -o"),
        ({"out": "-"}, "--format mp4 needs a file"),
        ({"out": "/dev/null"}, "/dev/null is no file"),
        ({"fmt": "vtt", "speak": "ducked"}, "--speak: --format vtt holds no sound; use --format mp4"),
        ({"voice": "en"}, "--voice en: nothing is spoken; add --speak ducked"),
        ({"speak": "loudly"}, "--speak loudly: unknown; use one of ducked, alone"),
    ],
)
def test_bad_requests_are_one_line_before_any_work(
    options: dict[str, Any], match: str, video: Path, tmp_path: Path, said: list
) -> None:
    given = {"fmt": "mp4", "out": tmp_path / "out.mp4"} | options
    with pytest.raises(UserError, match=match) as caught:
        comment(str(video), MODEL, home=tmp_path, **given)
    assert "\n" not in str(caught.value) and left(tmp_path) == []


def test_the_video_that_is_commented_is_never_replaced(video: Path, tmp_path: Path, said: list) -> None:
    before = video.read_bytes()
    os.link(video, tmp_path / "same.mp4")
    for out in (video, tmp_path / "same.mp4"):
        with pytest.raises(UserError, match="is the video that is commented; choose another -o"):
            comment(str(video), MODEL, fmt="mp4", out=out, home=tmp_path)
    assert video.read_bytes() == before


@pytest.mark.parametrize("fmt", ["vtt", "jsonl", "html"])
def test_no_format_takes_the_place_of_its_video(video: Path, tmp_path: Path, said: list, fmt: str) -> None:
    before, part = video.read_bytes(), tmp_path / "match.mp4.part"
    part.write_bytes(before)
    for source, out in ((video, video), (part, tmp_path / "match.mp4")):
        with pytest.raises(UserError, match="is the video that is commented"):
            comment(str(source), MODEL, fmt=fmt, out=out, home=tmp_path)
    assert video.read_bytes() == part.read_bytes() == before


def test_a_stream_makes_no_film(tmp_path: Path, said: list) -> None:
    with pytest.raises(UserError, match="is a stream, and a film holds its video; use --format vtt or jsonl"):
        comment("rtsp://127.0.0.1/x", MODEL, fmt="mp4", out=tmp_path / "out.mp4", home=tmp_path)


def test_without_an_engine_nothing_is_begun(
    video: Path, tmp_path: Path, said: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="--speak: no speech engine on PATH"):
        film(video, tmp_path / "out.mp4", speak="alone")
    assert left(tmp_path) == []


@pytest.fixture
def unspeakable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Phrases at which the engine on PATH fails; all others are a tenth of a second."""
    failing: set[str] = set()
    monkeypatch.setattr(voices.shutil, "which", lambda name: name if name == "espeak" else None)

    def say(self: Program, text: str, words_per_minute: int = USUAL) -> np.ndarray:
        if text in failing:
            raise UnspokenError(self.program, text, "no sound card")
        return np.full(RATE // 10, 0.5, np.float32)

    monkeypatch.setattr(Program, "say", say)
    return failing


def loud(path: Path) -> list[bool]:
    """Whether something is heard at the start of each second."""
    sound = read_audio(str(path), rate=1000)
    return [bool(np.abs(sound[second * 1000 : second * 1000 + 100]).max() > 0.2) for second in range(6)]


def test_a_voice_that_does_not_speak_is_told_before_a_model_is_loaded(
    video: Path, tmp_path: Path, said: list, unspeakable: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unspeakable.add("one")
    monkeypatch.setattr(engine, "load_engine", lambda *_: pytest.fail("a model is loaded"))
    with pytest.raises(UserError, match=r"^--speak: espeak does not speak \(no sound card\); .* leave out --speak$"):
        film(video, tmp_path / "out.mp4", speak="alone")
    assert left(tmp_path) == []


def test_a_phrase_that_cannot_be_spoken_does_not_cost_the_film(
    video: Path, tmp_path: Path, said: list, unspeakable: set[str]
) -> None:
    said[:] = [Utterance(float(second), second + 1.0, f"goal {second}.") for second in range(6)]
    unspeakable.add("goal 3.")
    (line,) = film(video, tmp_path / "out.mp4", speak="alone")
    assert line.endswith("out.mp4: 1 of 6 phrases are not spoken: espeak did not speak “goal 3.” (no sound card); "
                         "try it by hand, or leave out --speak")  # fmt: skip
    assert loud(tmp_path / "out.mp4") == [True, True, True, False, True, True]
    assert "goal 3" in repr(read_embedded(str(tmp_path / "out.mp4"), "en"))
    assert left(tmp_path) == ["out.mp4"]


def test_a_film_in_which_nothing_can_be_spoken_stands_and_is_an_error(
    video: Path, tmp_path: Path, said: list, unspeakable: set[str]
) -> None:
    said[:] = [Utterance(0.0, 1.0, "goal.")]
    unspeakable.add("goal.")
    with pytest.raises(UserError, match=r"out\.mp4: the film is written, but nothing is spoken in it: espeak did not"):
        film(video, tmp_path / "out.mp4", speak="ducked")
    assert loud(tmp_path / "out.mp4") == [True] * 6, "its own sound is as it was"
    assert left(tmp_path) == ["out.mp4"]


def test_a_film_without_words_has_nothing_to_speak(
    video: Path, tmp_path: Path, said: list, unspeakable: set[str]
) -> None:
    said[:] = [Utterance(0.0, 6.0, "")]
    assert film(video, tmp_path / "out.mp4", speak="alone") == []


def test_an_interrupted_film_in_which_nothing_can_be_spoken_says_so(
    video: Path, tmp_path: Path, said: list, unspeakable: set[str]
) -> None:
    said[:] = [Utterance(0.0, 1.0, "goal."), KeyboardInterrupt()]
    unspeakable.add("goal.")
    noticed: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        comment(str(video), MODEL, fmt="mp4", out=tmp_path / "out.mp4", home=tmp_path, notice=noticed.append,
                speak="alone")  # fmt: skip
    assert "nothing is spoken in it" in noticed[-1]
