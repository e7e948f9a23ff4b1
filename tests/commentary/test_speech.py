"""Speech over a video: what is spoken when, how fast, and over what."""

import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from livecc_assets.commentary import voices
from livecc_assets.commentary.burn import BLOCK, burn
from livecc_assets.commentary.speech import DUCKED, Spoken, phrases
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.commentary.voices import USUAL, Program, UnspokenError, find_voice
from livecc_assets.core.errors import UserError
from livecc_assets.media.audio import read_audio
from livecc_assets.media.soundtrack import RATE, Stereo
from tests.media.film import make


class Drone:
    """A voice that takes so many seconds a word, and notes what it is asked."""

    def __init__(self, seconds_a_word: float = 0.25) -> None:
        self.asked: list[tuple[str, int]] = []
        self._seconds = seconds_a_word

    def say(self, text: str, words_per_minute: int = USUAL) -> np.ndarray:
        self.asked.append((text, words_per_minute))
        length = len(text.split()) * self._seconds * USUAL / words_per_minute
        return np.full(round(length * RATE), 0.5, dtype=np.float32)


class Hoarse(Drone):
    """A drone that fails at some of its words, or when it is hurried."""

    def __init__(self, *words: str, seconds_a_word: float = 0.25, hurried: bool = True) -> None:
        super().__init__(seconds_a_word)
        self._words, self._hurried = words, hurried

    def say(self, text: str, words_per_minute: int = USUAL) -> np.ndarray:
        samples = super().say(text, words_per_minute)
        if text in self._words or (words_per_minute > USUAL and not self._hurried):
            raise UnspokenError("hoarse", text, "cough")
        return samples


def hum(seconds: float, loud: float = 0.25) -> Iterator[Stereo]:
    for _ in range(round(seconds * RATE / BLOCK)):
        yield np.full((BLOCK, 2), loud, dtype=np.float32)


def mixed(spoken: Spoken, said: list[Utterance], seconds: float) -> np.ndarray:
    out = np.concatenate(list(spoken.mixed(hum(seconds), said, seconds)))
    assert out.shape == (round(seconds * RATE), 2)
    return out[:, 0]


def at(sound: np.ndarray, seconds: float) -> float:
    return float(sound[round(seconds * RATE)])


def test_phrases_end_at_sentences_and_pauses() -> None:
    said = [Utterance(0.0, 1.0, "Red passes. Blue"), Utterance(1.0, 2.0, "shoots"), Utterance(4.0, 5.0, "goal")]
    assert [(one.text, round(one.start, 2)) for one in phrases(said)] == [
        ("Red passes.", 0.0), ("Blue shoots", 0.67), ("goal", 4.0),
    ]  # fmt: skip
    long = phrases([Utterance(0.0, 30.0, "word " * 30)])
    assert [len(one.text.split()) for one in long] == [12, 12, 6]


def test_speech_begins_at_its_time_over_sound_that_is_down_by_then() -> None:
    sound = mixed(Spoken(Drone()), [Utterance(2.0, 3.0, "Red passes")], 5.0)
    assert at(sound, 1.0) == pytest.approx(0.25), "nobody speaks"
    assert at(sound, 2.1) == pytest.approx(0.5 + 0.25 * DUCKED)
    assert at(sound, 1.999) < 0.1, "down when the first word comes"
    assert at(sound, 2.75) == pytest.approx(0.25, abs=0.01), "up again behind the last one"


def test_speech_that_has_no_time_is_faster_and_then_late() -> None:
    voice = Drone(0.5)
    spoken = Spoken(voice)
    mixed(spoken, [Utterance(0.0, 1.0, "one two three."), Utterance(1.0, 2.0, "four five six.")], 6.0)
    assert [speed for _, speed in voice.asked[:2]] == [USUAL, pytest.approx(USUAL * 1.5, abs=1)]
    spoken = Spoken(Drone(3.0))
    mixed(spoken, [Utterance(0.0, 1.0, "one two three."), Utterance(1.0, 2.0, "four.")], 20.0)
    assert spoken.late_s == pytest.approx(9 * USUAL / 330 - 1, abs=0.05) and spoken.lost_s == 0


def test_speech_behind_the_end_is_counted() -> None:
    spoken = Spoken(Drone(1.0))
    mixed(spoken, [Utterance(1.0, 1.5, "one two"), Utterance(1.6, 2.0, "three")], 2.0)
    assert spoken.lost_s == pytest.approx((1 + 2 * USUAL / 330 + USUAL / 330) - 2, abs=0.1)


def test_a_phrase_that_fails_is_left_out_and_counted() -> None:
    spoken = Spoken(Hoarse("two."))
    said = [Utterance(1.0, 2.0, "one."), Utterance(2.0, 3.0, "two."), Utterance(3.0, 4.0, "three.")]
    sound = mixed(spoken, said, 5.0)
    assert [at(sound, second) > 0.5 for second in (1.1, 2.1, 3.1)] == [True, False, True]
    assert at(sound, 2.5) == pytest.approx(0.25), "nobody speaks, so the sound is up"
    assert (spoken.phrases, spoken.unspoken) == (3, 1) and "hoarse did not speak “two.” (cough)" in spoken.why


def test_a_phrase_that_cannot_be_hurried_is_spoken_as_usual() -> None:
    spoken = Spoken(Hoarse(seconds_a_word=1.0, hurried=False))
    sound = mixed(spoken, [Utterance(0.0, 1.0, "one two."), Utterance(1.0, 2.0, "three.")], 5.0)
    assert at(sound, 1.9) > 0.5 and spoken.unspoken == 0


def test_an_engine_that_fails_again_and_again_is_asked_no_more() -> None:
    voice = Hoarse(*(f"{number}." for number in range(9)))
    spoken = Spoken(voice)
    mixed(spoken, [Utterance(number, number + 1.0, f"{number}.") for number in range(20)], 21.0)
    assert len(voice.asked) == 3 and (spoken.phrases, spoken.unspoken) == (20, 20)


def test_a_film_is_spoken_over_silence_or_over_its_own_sound(tmp_path: Path) -> None:
    source = str(make(tmp_path / "film.mp4", 6))
    for over_sound, beep in ((True, 0.5), (False, 0.0)):
        spoken = Spoken(Drone(), over_sound)
        burn(source, [Utterance(2.3, 3.0, "Red passes")], tmp_path / "out.mp4", speech=spoken)
        heard = read_audio(str(tmp_path / "out.mp4"), rate=16000)
        assert np.abs(heard[16000 : 16000 + 1600]).max() == pytest.approx(beep, abs=0.12)
        assert np.abs(heard[round(2.4 * 16000) : round(2.7 * 16000)]).mean() == pytest.approx(0.5, abs=0.15)


def test_a_silent_film_gets_a_soundtrack(tmp_path: Path) -> None:
    source = str(make(tmp_path / "film.mp4", 4, sound=False))
    burn(source, [Utterance(1.0, 2.0, "goal")], tmp_path / "out.mp4", speech=Spoken(Drone()))
    assert np.abs(read_audio(str(tmp_path / "out.mp4"))).max() > 0.3


ENGINE = """#!{python}
import sys, wave
words = sys.argv[1:]
open({log!r}, "a").write(repr((words, sys.stdin.read())) + "\\n")
{act}
with wave.open(words[words.index("-w" if "-w" in words else "--output_file") + 1], "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(22050)
    out.writeframes(b"\\x00\\x40" * 2205)
"""


_SILENT = """with wave.open(words[words.index("-w" if "-w" in words else "--output_file") + 1], "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(22050)
sys.exit()"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def engine(folder: Path, name: str, act: str = "") -> Path:
    """An engine that speaks a tenth of a second, whatever it is given, and logs that."""
    file, log = folder / name, folder.parent / f"{name}.log"
    file.write_text(ENGINE.format(python=sys.executable, log=str(log), act=act))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return log


def test_without_an_engine_it_is_one_line_with_the_remedy(path: Path) -> None:
    with pytest.raises(
        UserError, match=r"^--speak: no speech engine on PATH .*install espeak-ng, or leave out --speak$"
    ):
        find_voice()


def test_the_best_engine_is_taken_and_hears_the_text_on_its_input(path: Path) -> None:
    old, log = engine(path, "espeak"), engine(path, "espeak-ng")
    samples = find_voice().say("--help; $(reboot)\nRed passes", 200)
    assert len(samples) == pytest.approx(RATE / 10, abs=20) and samples.dtype == np.float32
    (tried, line) = map(eval, log.read_text().splitlines())
    assert tried[1] == "one\n", "a voice is tried out before the work"
    words, text = line
    assert text == "--help; $(reboot) Red passes\n" and "--help; $(reboot)" not in words
    assert words[:2] == ["-s", "200"] and "--stdin" in words
    assert not old.exists()


def test_a_voice_that_the_engine_does_not_know_is_told_before_the_work(path: Path) -> None:
    engine(path, "espeak", "sys.exit('no such voice')")
    with pytest.raises(
        UserError, match=r"^--voice nobody: espeak does not speak with it \(no such voice\); .*`espeak --voices` lists"
    ):
        find_voice("nobody")


def test_pipers_voices_are_files(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "amy.onnx"
    with pytest.raises(UserError, match=r"amy\.onnx: no such file"):
        find_voice(str(file))
    file.write_bytes(b"0")
    with pytest.raises(UserError, match=r"piper's, which is not on PATH"):
        find_voice(str(file))
    log = engine(path, "piper")
    find_voice(str(file)).say("goal", 350)
    words, text = eval(log.read_text().splitlines()[1])
    assert words[:2] == ["--model", str(file)] and words[-2:] == ["--length_scale", "0.500"] and text == "goal\n"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("sys.stderr.write('x\\nno \\x1b[1m sound card\\n'); sys.exit(3)", r"no \\x1b\[1m sound card"),
        ("sys.exit(7)", "exit code 7"),
        ("sys.exit(0)", "exit code 0"),
        ("import time; time.sleep(9)", "no end after"),
        ("open(words[words.index('-w') + 1], 'w').write('noise' * 99); sys.exit(0)", "not a video"),
    ],
)
def test_an_engine_that_fails_is_one_line(path: Path, act: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(path, "espeak", act)
    monkeypatch.setattr(voices, "_SECONDS", 1.0)
    with pytest.raises(UserError, match=rf"espeak did not speak “goal” .*{why}.*leave out --speak") as caught:
        Program(str(path / "espeak")).say("goal")
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=rf"^--speak: espeak does not speak \(.*{why}.*leave out --speak$"):
        find_voice()


@pytest.mark.parametrize("name", [None, "nobody", "amy.onnx"])
def test_a_voice_without_a_sound_is_told_before_the_work(
    name: str | None, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "amy.onnx").write_bytes(b"0")
    for program in ("espeak", "piper"):
        engine(path, program, _SILENT)
    with pytest.raises(UserError, match=r"does not speak.*\(it says nothing\)"):
        find_voice(name)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng on this machine")
def test_a_real_engine_speaks_faster_when_asked() -> None:
    voice = Program(str(shutil.which("espeak-ng")))
    usual, fast = (len(voice.say("the red player passes the ball to blue", speed)) for speed in (USUAL, 330))
    assert RATE < usual < 6 * RATE and fast < 0.8 * usual
