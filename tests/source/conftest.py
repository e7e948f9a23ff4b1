"""A folder of films with sidecars, and the source stage run on it."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from livecc_assets.source.ingest import named, scan, source_rows
from livecc_assets.store.rows import Note, Rejected, Row

CONFIG: dict[str, Any] = {
    "min_height": 96,
    "min_duration": 5,
    "max_duration": 20,
    "language": "en",
    "caption_language_model": "",  # loading one costs more than all the rest; tests of the language name it
    "min_language_score": 0.9,
    "min_distinct_words": 8,
    "variable_frame_rate": "reject",
}
SPEECH = (
    "the goalkeeper kicks the ball far up the field",
    "and the red team starts to run towards the goal",
    "she passes to the left where nobody is standing",
    "what a wonderful shot that was right into the corner",
)


def srt(lines: tuple[str, ...] = SPEECH, step: float = 2.0) -> str:
    """SubRip text, one line every ``step`` seconds."""

    def stamp(seconds: float) -> str:
        return f"00:00:{int(seconds):02d},{int(seconds * 1000 + 0.5) % 1000:03d}"

    cues = [f"{k + 1}\n{stamp(k * step)} --> {stamp((k + 1) * step)}\n{line}\n" for k, line in enumerate(lines)]
    return "\n".join(cues)


@pytest.fixture(scope="session")
def film() -> ModuleType:
    """Module ``tests/media/film.py``: makes small real media files."""
    path = Path(__file__).parents[1] / "media" / "film.py"
    spec = importlib.util.spec_from_file_location("film", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def template(film: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A film of eight seconds with sound, encoded once."""
    return film.make(tmp_path_factory.mktemp("film") / "film.mp4", seconds=8).read_bytes()


class Batch:
    """A folder to fill and to read."""

    def __init__(self, folder: Path, template: bytes, home: Path) -> None:
        self.folder, self._template, self._home = folder, template, home
        folder.mkdir(exist_ok=True)

    def write(self, name: str, content: bytes | str) -> Path:
        """A file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def video(self, name: str = "match.mp4", captions: bool = True, info: dict[str, Any] | None = None) -> Path:
        """A good film, with captions and metadata beside it unless said otherwise."""
        path = self.write(name, self._template)
        if captions:
            self.write(f"{path.with_suffix('').relative_to(self.folder)}.srt", srt())
        about = {"title": "A match", "categories": ["Sports"], "language": "en"} if info is None else info
        if about:
            self.write(f"{path.with_suffix('').relative_to(self.folder)}.info.json", json.dumps(about))
        return path

    def all(self, follow_links: bool = False, **config: Any) -> list[Row]:
        """All that the folder's files yield, in order."""
        return list(source_rows(named(scan(str(self.folder), follow_links)), CONFIG | config, home=self._home))

    def read(self, follow_links: bool = False, **config: Any) -> tuple[list[dict[str, Any]], list[Rejected | Note]]:
        """(rows, lines of the rejected table) of the folder."""
        found = self.all(follow_links, **config)
        listed = [r for r in found if isinstance(r, Rejected) or (isinstance(r, Note) and r.kind is not None)]
        return [r for r in found if isinstance(r, dict)], listed

    def only_rejected(self, follow_links: bool = False, **config: Any) -> Rejected | Note:
        """The one line of the rejected table of a folder without rows."""
        rows, rejected = self.read(follow_links, **config)
        assert rows == []
        assert len(rejected) == 1, rejected
        return rejected[0]


@pytest.fixture
def batch(tmp_path: Path, template: bytes, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """An empty folder."""
    return Batch(tmp_path / "batch", template, tmp_path_factory.getbasetemp() / "home")


@pytest.fixture(scope="session")
def subrip() -> Callable[..., str]:
    """Makes SubRip text."""
    return srt
