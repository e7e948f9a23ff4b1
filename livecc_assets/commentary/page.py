"""One self-contained HTML page: the video, and the commentary's words appearing with it."""

import base64
import html
import json
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path

from livecc_assets.commentary.subtitles import clock, words_in_time
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError

#: Largest video that is embedded; a browser holds the whole page in memory, a third larger as base64.
MAX_VIDEO_BYTES = 64 * 1024 * 1024
_TYPES = {b"\x1a\x45\xdf\xa3": "video/webm", b"OggS": "video/ogg"}


def video_type(head: bytes) -> str:
    """Media type by the file's first bytes (its name may lie); MP4 where nothing else is recognised."""
    return next((kind for magic, kind in _TYPES.items() if head.startswith(magic)), "video/mp4")


def too_large(video: Path, max_bytes: int) -> UserError:
    """The error for a video that does not fit into a page, with what to do about it."""
    return UserError(
        f"{video} is {video.stat().st_size / 2**20:.0f} MiB, too large for one page (limit {max_bytes / 2**20:.0f} MiB): "
        "make a smaller copy (ffmpeg -i IN -vf scale=-2:360 -crf 30 OUT.mp4) or choose the format vtt"
    )


def render_page(
    video: Path,
    utterances: Iterable[Utterance],
    title: str,
    model_name: str,
    query: str = "",
    max_bytes: int = MAX_VIDEO_BYTES,
    note: str = "",
) -> str:
    """The page as text: no external resources, no network, readable without a mouse.

    Words are shown from their time on; a click or Enter on one jumps there. ``note`` is a sentence under the title.
    Raises UserError when the video is larger than ``max_bytes``.
    """
    said = spoken(utterances)
    about = [f"Commentary by {model_name}, {sum(one.words for one in said)} words"]
    about += [f"asked: “{query}”"] if query else []
    about += [note] if note else []
    words = words_box(said, "Commentary", "The model said nothing about this video.")
    return whole_page(video, title, about, words, said, max_bytes=max_bytes)


def spoken(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Those with words."""
    return [one for one in utterances if one.text.strip()]


def words_box(said: Sequence[Utterance], label: str, silent: str) -> str:
    """The box that shows the words of one commentary in time; ``silent`` is its text where there are none."""
    lines = "\n".join(map(_paragraph, said)) or f'<p class="none">{html.escape(silent)}</p>'
    return f'<section class="words hiding" aria-label="{html.escape(label)}" tabindex="-1">\n{lines}\n</section>'


def whole_page(
    video: Path,
    title: str,
    about: Sequence[str],
    words: str,
    said: Sequence[Utterance],
    *,
    under: bool = False,
    max_bytes: int = MAX_VIDEO_BYTES,
) -> str:
    """The video with ``words``, the HTML of one or more ``words_box``, beside it or ``under`` it.

    ``said`` are the utterances of all boxes in their order, ``about`` the parts of the line under the title.
    Raises UserError when the video is larger than ``max_bytes``.
    """
    if video.stat().st_size > max_bytes:
        raise too_large(video, max_bytes)
    data = video.read_bytes()
    fields = {
        "title": html.escape(title),
        "about": " · ".join(map(html.escape, about)),
        "layout": "under" if under else "both",
        "now_hidden": " hidden" if under else "",  # each box has its own last words
        "words": words,
        "type": video_type(data[:16]),
        "video": base64.b64encode(data).decode("ascii"),
        "times": json.dumps([[word["start"], word["end"]] for word in words_in_time(said)]),
    }
    page = resources.files("livecc_assets.commentary").joinpath("page.html").read_text("utf-8")
    # One pass over the template: a title that itself holds a placeholder stays as it is.
    pieces = page.split("{{")
    return pieces[0] + "".join(fields[name] + rest for name, rest in (piece.split("}}", 1) for piece in pieces[1:]))


def _paragraph(utterance: Utterance) -> str:
    words = " ".join(
        f'<button type="button" class="w" title="{word["start"]:.1f} s">{html.escape(word["word"])}</button>'
        for word in words_in_time([utterance])
    )
    minutes = clock(utterance.start)[3:8] if utterance.start < 3600 else clock(utterance.start)[:8]
    return f'<p><span class="t">{minutes}</span> <span class="s">{words}</span></p>'
