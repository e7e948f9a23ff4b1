"""Outputs that are written at the end alone: what was said until then stands beside them, as NAME.part."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from livecc_assets.cli.growing import GrowingFile
from livecc_assets.cli.targets import is_stdout, special
from livecc_assets.commentary.subtitles import jsonl_line
from livecc_assets.commentary.utterance import Utterance


class Part:
    """NAME.part beside the output NAME: JSON lines that an error, an interrupt or a kill leaves.

    Beside standard output, a pipe or a device nothing can stand, and nothing is kept.
    """

    def __init__(self, out: str | Path | None) -> None:
        beside = out is not None and not is_stdout(out) and not special(Path(out))
        self._file = GrowingFile(Path(f"{out}.part")) if beside else None

    def add(self, utterance: Utterance, model: str | None = None) -> None:
        """One line more; with the ``model`` that says it where several do."""
        if self._file is None:
            return
        line = jsonl_line(utterance)
        if model is not None:
            line = json.dumps({"model": model} | json.loads(line), ensure_ascii=False) + "\n"
        self._file.write(line)

    @contextmanager
    def until_whole(self, notice: Callable[[str], None]) -> Iterator[None]:
        """Within it the output is made. Then the part goes; where something fails, ``notice`` hears where the part is."""
        try:
            yield
        except BaseException:
            self.close()
            if self._file is not None and self._file.begun:
                notice(f"{self._file.path}: what was said, as JSON lines")
            raise
        self.close()
        if self._file is not None and self._file.begun and self._file.path is not None:
            self._file.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing more comes, and what came is on the disk."""
        if self._file is not None:
            self._file.close()


class Whole:
    """A sink that writes its output at the end, once; an output that cannot be written is not tried again."""

    def __init__(self, out: str | Path | None, notice: Callable[[str], None] = lambda line: None) -> None:
        self._part, self._notice = Part(out), notice
        self._said: list[Utterance] = []
        self._tried = False

    def add(self, utterance: Utterance) -> None:
        self._said.append(utterance)
        self._part.add(utterance)

    def finish(self, ended_early: str = "") -> None:
        self._part.close()
        if self._tried or (ended_early and not self._said):
            return
        self._tried = True
        with self._part.until_whole(self._notice):
            self._write(ended_early)

    def _write(self, ended_early: str) -> None:
        """Make the output from ``self._said``."""
        raise NotImplementedError
