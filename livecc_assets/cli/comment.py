"""What ``livecc comment`` does: one video in, a subtitle file, a JSON Lines file or a page out."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.page import MAX_VIDEO_BYTES, render_page, too_large
from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.commentary.subtitles import jsonl_lines, vtt_lines, write_lines
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.shortage import writing
from livecc_assets.media.frames import Video
from livecc_assets.models.reference import resolve
from livecc_assets.store.uris import local_path

FORMATS = ("vtt", "jsonl", "html")
_REMEDY = "check the file with a player, or convert it (ffmpeg -i IN -c:v libx264 OUT.mp4)"


def comment(
    video: str,
    model_ref: str,
    query: str | None = None,
    fmt: str = "vtt",
    out: str | Path | None = None,
    config: dict[str, Any] | None = None,
    progress: Callable[[int, int | None, str], None] | None = None,
    home: Path | None = None,
    start: float | None = None,
    end: float | None = None,
    model_name: str | None = None,
) -> int:
    """Comment on ``video`` and write ``fmt`` to ``out`` (standard output for None or "-"); returns the number of words.

    ``model_ref`` is a folder, ``hub:``, ``s3://`` or ``embedded:`` reference; ``model_name`` is what the page calls it.
    ``config`` holds the profile's ``commentary`` and ``video`` sections. ``progress(done, total, message)`` counts
    seconds of video. Text formats grow while the model speaks on standard output; a file appears when it is complete.
    Every mistake of the caller is a UserError of one line.
    """
    if fmt not in FORMATS:
        raise UserError(f"--format {fmt}: unknown; use one of {', '.join(FORMATS)}")
    settings = CommentaryConfig.from_profile(config or {})
    path = local_path(video)
    if not path.is_file():
        raise UserError(f"{video}: no such file; give the path of a video")
    seconds = _checked(path, start, end, fmt)
    _check_target(out)
    home = home or Path(os.environ.get("LIVECC_HOME", ".livecc")).resolve()
    folder = resolve(model_ref, home)
    if progress:
        progress(0, None, f"loading {model_ref}")
    from livecc_assets.commentary.engine import comment_video, load_engine  # torch: only once there is work to do

    run = {key: (config or {}).get("commentary", config or {}).get(key) for key in ("device", "dtype")}
    engine = load_engine(folder, run["device"] or "cpu", run["dtype"])
    asked = DEFAULT_QUERY if query is None else query
    count = 0

    def spoken() -> Iterator[Utterance]:
        nonlocal count
        for utterance in comment_video(engine, str(path), start, end, asked, settings):
            count += len(utterance.text.split())
            if progress:
                progress(
                    round(min(utterance.end, seconds[1]) - seconds[0]), round(seconds[1] - seconds[0]), utterance.text
                )
            yield utterance

    try:
        with _target(out) as file:
            if fmt == "html":
                said = list(spoken())
                # Asked again: the copy of an s3:// video may have made room for others meanwhile.
                page = render_page(local_path(video), said, Path(video).stem, model_name or model_ref, query or "")
                file.write(page)
            else:
                write_lines((vtt_lines if fmt == "vtt" else jsonl_lines)(spoken()), file)
    except MediaError as error:
        raise UserError(f"{video}: {error.detail}; {_REMEDY}") from error
    return count


def _checked(path: Path, start: float | None, end: float | None, fmt: str) -> tuple[float, float]:
    """(first, last) second to comment on; UserError for a file or range that cannot be used."""
    if fmt == "html" and path.stat().st_size > MAX_VIDEO_BYTES:
        raise too_large(path, MAX_VIDEO_BYTES)
    try:
        with Video.open(str(path)) as video:
            duration = video.duration
    except MediaError as error:
        raise UserError(f"{path}: {error.detail}; {_REMEDY}") from error
    first, last = start or 0.0, min(end or duration, duration)
    if not 0 <= first < last:
        raise UserError(
            f"{path} lasts {duration:.1f} s: nothing lies between {first:g} and {last:g} s; mend --start and --end"
        )
    return first, last


def _check_target(out: str | Path | None) -> None:
    """Refuse an output that could not be written before minutes of work, not after."""
    if out is None or str(out) == "-":
        return
    folder = Path(out).resolve().parent
    if Path(out).is_dir():
        raise UserError(f"{out} is a folder; name a file in it")
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist; create it or choose another -o")
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder} cannot be written; choose another -o")


@contextmanager
def _target(out: str | Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that takes its name only when it is complete."""
    if out is None or str(out) == "-":
        yield sys.stdout
        return
    final = Path(out).resolve()
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 (closing may fail, and then it goes, too)
        "w", encoding="utf-8", dir=final.parent, prefix=f".{final.name}.", delete=False
    )
    try:
        with writing(final), file:
            yield file  # type: ignore[misc]
    except BaseException:
        os.unlink(file.name)
        raise
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(file.name, 0o666 & ~mask)  # temporary files are private; the result is as any other file
    os.replace(file.name, final)
