"""One self-contained page with a video and the commentary of several under it, in columns (paper, Figure 7)."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from livecc_assets.commentary.page import MAX_VIDEO_BYTES, spoken, whole_page, words_box
from livecc_assets.commentary.utterance import Utterance


@dataclass(frozen=True)
class Column:
    """One commentary: who speaks, and what is said in seconds of the page's video.

    ``verdict`` is what a judge found of it, and ``outcome`` whether that is for or against it. ``note`` says more about the
    column.
    """

    name: str
    said: Sequence[Utterance]
    verdict: str = ""
    outcome: Literal["won", "lost", ""] = ""
    note: str = ""

    @property
    def words(self) -> int:
        """How many words were said."""
        return sum(one.words for one in self.said)


def render_side_by_side(
    video: Path,
    columns: Sequence[Column],
    title: str,
    about: Sequence[str] = (),
    max_bytes: int = MAX_VIDEO_BYTES,
) -> str:
    """The page as text, safe and complete as ``page.render_page`` makes it; one column for each commentary.

    ``about`` are the parts of the line under the title. Raises UserError when the video is larger than ``max_bytes``.
    """
    boxes = "\n".join(map(_column, columns))
    words = f'  <div class="columns">\n{boxes}\n  </div>'
    said = [one for column in columns for one in spoken(column.said)]
    return whole_page(video, title, about, words, said, under=True, max_bytes=max_bytes)


def _column(column: Column) -> str:
    about = " · ".join([f"{column.words} words", *([html.escape(column.note)] if column.note else [])])
    if column.verdict:
        about += f' <span class="verdict {column.outcome}">{html.escape(column.verdict)}</span>'
    box = words_box(spoken(column.said), f"Commentary: {column.name}", "Nothing was said.")
    return f'<section>\n<h2>{html.escape(column.name)}</h2>\n<p class="about">{about}</p>\n{box}\n</section>'
