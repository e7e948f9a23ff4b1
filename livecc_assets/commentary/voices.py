"""Speech engines of this machine: espeak-ng, espeak or piper, started as programs of their own."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.text import brief, plain_line
from livecc_assets.media.audio import read_audio
from livecc_assets.media.soundtrack import RATE

#: Words a minute at which an engine speaks where nothing hurries it.
USUAL = 175
#: Names of the engines on PATH, the best one first. piper's is taken only with a voice file, for it has none of its own.
ENGINES = ("espeak-ng", "espeak")
PIPER = "piper"
_SECONDS = 60.0
#: What is spoken to find out whether a voice speaks.
_TRIAL = "one"


class UnspokenError(UserError):
    """A text that an engine did not speak; ``why`` is what the engine says about it."""

    def __init__(self, program: str, line: str, why: str) -> None:
        super().__init__(f"{program} did not speak “{brief(line, 60)}” ({why}); try it by hand, or leave out --speak")
        self.why = why


class Voice(Protocol):
    """Speaks a text."""

    def say(self, text: str, words_per_minute: int = USUAL) -> NDArray[np.float32]:
        """Mono samples at ``soundtrack.RATE``. Raises UnspokenError."""
        ...


class Program(NamedTuple):
    """A voice that is a program: its path, and a voice's name (espeak) or file (piper) where one was chosen."""

    program: str
    voice: str = ""

    def say(self, text: str, words_per_minute: int = USUAL) -> NDArray[np.float32]:
        """Mono samples at ``soundtrack.RATE``. Raises UnspokenError where the program fails; what has no sound is empty."""
        line = plain_line(text)
        with tempfile.TemporaryDirectory() as folder:
            wave = Path(folder) / "speech.wav"
            # The text goes in by standard input: no word of a model's becomes an option.
            try:
                done = subprocess.run(
                    self._command(wave, words_per_minute),
                    input=f"{line}\n".encode(),
                    capture_output=True,
                    timeout=_SECONDS,
                )
            except subprocess.TimeoutExpired as error:
                raise self._failed(f"no end after {_SECONDS:.0f} s", line) from error
            except OSError as error:
                raise self._failed(error.strerror or str(error), line) from error
            if done.returncode or not wave.is_file():
                said = done.stderr.decode("utf-8", "replace").strip().splitlines()
                raise self._failed(said[-1] if said else f"exit code {done.returncode}", line)
            try:
                return read_audio(str(wave), rate=RATE)
            except MediaError as error:
                if error.reason == "no_audio":  # nothing in the text can be spoken
                    return np.zeros(0, dtype=np.float32)
                raise self._failed(error.detail, line) from error

    def _command(self, wave: Path, words_per_minute: int) -> list[str]:
        if Path(self.program).name == PIPER:
            speed = f"{USUAL / words_per_minute:.3f}"
            return [self.program, "--model", self.voice, "--output_file", str(wave), "--length_scale", speed]
        voice = ["-v", self.voice] if self.voice else []
        return [self.program, *voice, "-s", str(words_per_minute), "-w", str(wave), "--stdin"]

    def _failed(self, why: str, line: str) -> "UnspokenError":
        return UnspokenError(self.program, line, brief(why))


def find_voice(name: str | None = None) -> Program:
    """The engine on PATH. ``name`` is a voice that espeak knows, or the ``.onnx`` file of one of piper's.

    It has spoken a word already: what cannot speak is told before the commentary, and not after it. Raises UserError where
    there is no engine, not the one that the voice needs, or none that speaks.
    """
    found = _on_path(name)
    engine = Path(found.program).name
    try:
        why = "" if len(found.say(_TRIAL)) else "it says nothing"
    except UnspokenError as error:
        why = error.why
    if why and name is None:
        raise UserError(f"--speak: {engine} does not speak ({why}); try it by hand, or leave out --speak")
    if why:
        listed = "" if engine == PIPER else f": `{engine} --voices` lists what it has"
        raise UserError(f"--voice {name}: {engine} does not speak with it ({why}); choose another{listed}")
    return found


def _on_path(name: str | None) -> Program:
    if name is not None and name.endswith(".onnx"):
        if not Path(name).is_file():
            raise UserError(f"--voice {name}: no such file; give the .onnx file of a voice of piper's")
        if program := shutil.which(PIPER):
            return Program(program, name)
        raise UserError(f"--voice {name} is one of {PIPER}'s, which is not on PATH; install it, or leave out --voice")
    for engine in ENGINES:
        if program := shutil.which(engine):
            return Program(program, name or "")
    raise UserError(
        f"--speak: no speech engine on PATH ({', '.join(ENGINES)}, {PIPER} with --voice FILE.onnx); "
        "install espeak-ng, or leave out --speak"
    )
