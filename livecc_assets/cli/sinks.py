"""Where ``livecc comment`` puts what is said: a text file that grows, or a page that is written from what there is."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from livecc_assets.cli.growing import GrowingFile
from livecc_assets.cli.targets import target
from livecc_assets.cli.whole import Whole
from livecc_assets.commentary.page import render_page
from livecc_assets.commentary.subtitles import VTT_HEADER, jsonl_line, vtt_cue
from livecc_assets.commentary.utterance import Utterance


class Sink(Protocol):
    """Takes utterances as they come."""

    def add(self, utterance: Utterance) -> None:
        """One more."""
        ...

    def finish(self, ended_early: str = "") -> None:
        """No more come; ``ended_early`` says why it ended before the video did."""
        ...


class JsonLines:
    """A line an interval."""

    def __init__(self, out: str | Path | None) -> None:
        self._file = GrowingFile(out)

    def add(self, utterance: Utterance) -> None:
        self._file.write(jsonl_line(utterance))

    def finish(self, ended_early: str = "") -> None:
        if not self._file.begun and not ended_early:
            self._file.write("")
        self._file.close()


class WebVtt:
    """A cue an interval with words. The header comes with the first one: until then an older file of that name stands."""

    def __init__(self, out: str | Path | None) -> None:
        self._file = GrowingFile(out)

    def add(self, utterance: Utterance) -> None:
        if cue := vtt_cue(utterance):
            self._file.write(cue if self._file.begun else VTT_HEADER + cue)

    def finish(self, ended_early: str = "") -> None:
        if not self._file.begun and not ended_early:
            self._file.write(VTT_HEADER)
        self._file.close()


class Page(Whole):
    """One HTML page with a file, ``video``, in it; written at the end."""

    def __init__(
        self,
        out: str | Path | None,
        video: str,
        model_name: str,
        query: str,
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        super().__init__(out, notice)
        self._out, self._about = out, (video, model_name, query)

    def _write(self, ended_early: str) -> None:
        video, model_name, query = self._about
        page = render_page(Path(video), self._said, Path(video).stem, model_name, query, note=ended_early)
        with target(self._out) as file:
            file.write(page)
