"""The sink that writes a video with its commentary in it."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from livecc_assets.cli.targets import is_stdout, special
from livecc_assets.cli.whole import Whole
from livecc_assets.core.errors import UserError

if TYPE_CHECKING:
    from livecc_assets.commentary.speech import Spoken
    from livecc_assets.commentary.voices import Voice

#: What the video's own sound does under speech.
SPEAK = ("ducked", "alone")


def check_film(out: str | Path | None) -> Path:
    """The file that is to be written. UserError where a video cannot go there."""
    if out is None or is_stdout(out):
        raise UserError("--format mp4 needs a file; name one with -o")
    path = Path(out)
    if special(path):
        raise UserError(f"{out} is no file, and a video is not written from front to back; name a file with -o")
    return path


class Film(Whole):
    """A video with its words burnt in, a subtitle track, and speech where it is asked for; written at the end.

    ``speak`` is one of ``SPEAK``, by ``voice``. The film has the seconds from ``first`` on, to ``last`` where it is given. A
    phrase that the voice fails to speak does not cost the film; where it spoke none, ``mute`` says so.
    """

    def __init__(
        self,
        out: str | Path | None,
        video: str,
        first: float = 0.0,
        last: float | None = None,
        speak: str | None = None,
        voice: "Voice | None" = None,
        progress: Callable[[int, int | None, str], None] | None = None,
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        super().__init__(out, notice)
        self._out, self._video, self._first, self._last = check_film(out), video, first, last
        self._progress, self._speech = progress, None
        self.mute = ""
        if speak is not None and voice is not None:
            from livecc_assets.commentary.speech import Spoken

            self._speech = Spoken(voice, over_sound=speak == "ducked")

    def _write(self, ended_early: str) -> None:
        from livecc_assets.commentary.burn import burn

        seen = 0

        def told(done: float, total: float) -> None:
            nonlocal seen
            if self._progress and int(done) > seen:
                self._progress(seen := int(done), round(total), "written")

        folder = self._out.resolve().parent
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{self._out.name}.") as hidden:
            draft = Path(hidden) / self._out.name
            last = self._said[-1].end if ended_early else self._last
            burn(
                self._video, self._said, draft, self._first, last, speech=self._speech, progress=told, notice=self._tell
            )
            os.replace(draft, self._out.resolve())
        if self._speech is not None:
            self._tell_of(self._speech)

    def _tell_of(self, speech: "Spoken") -> None:
        if speech.unspoken and speech.unspoken == speech.phrases:
            self.mute = f"{self._out}: the film is written, but nothing is spoken in it: {speech.why}"
        elif speech.unspoken:
            self._tell(f"{speech.unspoken} of {speech.phrases} phrases are not spoken: {speech.why}")
        if speech.late_s >= 1:
            self._tell(f"more is said than can be spoken: speech is up to {speech.late_s:.1f} s late")
        if speech.lost_s >= 0.1:
            self._tell(f"the last {speech.lost_s:.1f} s of speech came after the video's end")

    def _tell(self, line: str) -> None:
        self._notice(f"{self._out}: {line}")
