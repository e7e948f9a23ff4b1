"""The models of a site, each with room for every viewer."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import load_engine
from livecc_assets.commentary.streams import Streams
from livecc_assets.models.reference import resolve
from livecc_assets.web.site import Model

#: Seconds that a model may take for the words of a second before nobody else is let in: those who are served come first.
SLOWEST = 1.5


def load_models(
    names: Sequence[str],
    references: Sequence[str],
    section: Mapping[str, Any],
    config: CommentaryConfig,
    home: Path,
    viewers: int,
    say: Callable[[str], None],
) -> list[Model]:
    """Load what ``references`` lead to, shown as ``names``.

    ``section`` is the profile's ``commentary``, which says on what device. ``say`` hears what is loaded. Raises UserError
    for a model that cannot be used.
    """
    folders = [resolve(reference, home) for reference in references]  # a wrong one is refused before any is loaded
    found: list[Model] = []
    for name, folder in zip(names, folders, strict=True):
        say(f"loading {name}")
        if any(name == other.name for other in found):
            name = f"{name} (2)"
        engine = load_engine(folder, section.get("device") or "cpu", section.get("dtype"))
        found.append(Model(name, Streams(engine, config, viewers, SLOWEST), engine))
    return found
