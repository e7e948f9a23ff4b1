"""What ``livecc comment`` does: one video in, a subtitle file, a JSON Lines file, a page or a video out."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecc_assets.cli.comment_source import check_source, told
from livecc_assets.cli.film import SPEAK, Film, check_film
from livecc_assets.cli.sinks import JsonLines, Page, Sink, WebVtt
from livecc_assets.cli.targets import check_apart, check_target
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.commentary.totals import Totals
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_address import LiveReport, live_address
from livecc_assets.models.reference import resolve
from livecc_assets.store.media_cache import held
from livecc_assets.store.uris import local_path

if TYPE_CHECKING:
    from livecc_assets.commentary.voices import Voice

FORMATS = ("vtt", "jsonl", "html", "mp4")


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
    late: str | None = None,
    notice: Callable[[str], None] = lambda line: None,
    speak: str | None = None,
    voice: str | None = None,
) -> Totals:
    """Comment on ``video`` and write ``fmt`` to ``out`` (standard output for None or "-"); returns what was said, counted.

    ``video`` is a file or a live source; ``notice`` hears in a line each what a live one goes through, and an early end.

    ``model_ref`` is a folder, ``hub:``, ``s3://`` or ``embedded:`` reference; ``model_name`` is what the page calls it.
    ``config`` holds the profile's ``commentary`` and ``video`` sections. ``progress(done, total, message)`` counts
    seconds of video. ``late`` ("catch-up" or "skip") paces the video in real time. ``speak`` ("ducked" or "alone") has an
    ``mp4`` spoken by this machine's speech engine, in its ``voice``, which is tried out before anything else is done. The
    output grows line by line. Where an error or an interrupt ends the work, a page or a video is written from what there is,
    ``notice`` is told how far it came, and the error goes on. Every mistake of the caller is a UserError of one line; so is a
    film in which no phrase could be spoken, after it was written.
    """
    if fmt not in FORMATS:
        raise UserError(f"--format {fmt}: unknown; use one of {', '.join(FORMATS)}")
    settings = CommentaryConfig.from_profile(config or {})
    name, address, (first, last) = check_source(video, start, end, fmt)
    report = LiveReport(notice)
    check_target(out)
    if live_address(video) is None:
        check_apart(out, local_path(video))
    if fmt == "mp4":
        check_film(out)
    home = home or Path(os.environ.get("LIVECC_HOME", ".livecc")).resolve()
    with held(address):  # the model may take minutes to come, and the copy of an s3:// video is read again at the end
        speaker = _speaker(fmt, speak, voice)
        folder = resolve(model_ref, home)
        if progress:
            progress(0, None, f"loading {model_ref}")
        from livecc_assets.commentary.engine import comment_video, load_engine  # torch: only once there is work to do
        from livecc_assets.commentary.pacing import Pace

        run = {key: (config or {}).get("commentary", config or {}).get(key) for key in ("device", "dtype")}
        engine = load_engine(folder, run["device"] or "cpu", run["dtype"])
        asked = DEFAULT_QUERY if query is None else query
        pace = Pace("skip" if late == "skip" else "catch-up") if late else None
        totals = Totals(first, last)
        sink: Sink = JsonLines(out) if fmt == "jsonl" else WebVtt(out)
        film: Film | None = None
        if fmt == "html":
            sink = Page(out, address, model_name or model_ref, query or "", notice)
        elif fmt == "mp4":
            # What a header announces may be too little: without --end the film goes as far as the video does.
            sink = film = Film(out, address, first, last if end else None, speak, speaker, progress, notice)
        length = None if last is None else round(last - first)
        if progress:
            progress(0, length, "")
        began = time.monotonic()
        try:
            for utterance in comment_video(engine, address, start, end, asked, settings, report, pace):
                sink.add(utterance)
                totals.add(utterance, time.monotonic() - began - (pace.waited if pace else 0.0))
                if progress:
                    progress(round(totals.done), length, totals.status(utterance, pace.behind if pace else 0.0))
            sink.finish()
        except BaseException as error:
            notice(f"{out or '-'}: {totals.reached()}")
            try:
                sink.finish(f"It ends early: {totals.reached()}.")
            except (UserError, OSError, MediaError) as second:  # what ended the work is what is told
                why = told(name, second) if isinstance(second, MediaError) else second
                notice(f"{out or '-'}: not complete: {why}")
            if film is not None and film.mute:
                notice(film.mute)
            if isinstance(error, MediaError):
                raise told(name, error) from error
            raise
        finally:
            if report.summary():
                notice(f"{name}: {report.summary()}")
        if film is not None and film.mute:
            raise UserError(film.mute)
        return totals


def _speaker(fmt: str, speak: str | None, voice: str | None) -> "Voice | None":
    """The voice that speaks, where one is asked for."""
    if speak is not None and fmt != "mp4":
        raise UserError(f"--speak: --format {fmt} holds no sound; use --format mp4")
    if speak is not None and speak not in SPEAK:
        raise UserError(f"--speak {speak}: unknown; use one of {', '.join(SPEAK)}")
    if voice is not None and speak is None:
        raise UserError(f"--voice {voice}: nothing is spoken; add --speak {SPEAK[0]}")
    if speak is None:
        return None
    from livecc_assets.commentary.voices import find_voice

    return find_voice(voice)
