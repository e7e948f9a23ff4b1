"""``livecc compare`` of an event of the benchmark: what is stored, and the part of the video that it is about."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from livecc_assets.cli.comment_source import told
from livecc_assets.cli.saying import say
from livecc_assets.cli.targets import target
from livecc_assets.commentary.page import MAX_VIDEO_BYTES
from livecc_assets.commentary.side_by_side import Column, render_side_by_side
from livecc_assets.commentary.utterance import shifted
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.store.store import Store

#: Seconds of video behind the last word.
_AFTER = 1.0
#: Quality and size of the part of the video that a page holds: five minutes of sport fit.
_CRF, _PIXELS = 24, 854 * 480


def compare_event(
    settings: Settings,
    name: str,
    experiments: Sequence[str],
    out: Path,
    progress: Callable[[int, int | None, str], None] = lambda done, total, message: None,
) -> list[Column]:
    """Write the page of an event; returns its columns. Raises UserError for what is missing, with the remedy."""
    from livecc_assets.commentary.assets import published_videos
    from livecc_assets.evaluation.comparison import event_columns, event_name, find_event
    from livecc_assets.store.videos import Videos

    store = settings.store()
    event = find_event(store, name)
    columns = _with_staleness(settings, store, event_columns(store, event, experiments))
    address = Videos(store.blobs, published_videos(settings).get("videos", "")).address(event)
    begin = event["begin"]
    end = max([event["end"], *(one.end for column in columns for one in column.said)]) + _AFTER
    about = [event_name(event), f"seconds {begin:.1f} to {event['end']:.1f} of {Path(event['path']).name}"]
    about += [event["class"]] if event["class"] else []
    moved = [replace(column, said=shifted(column.said, -begin)) for column in columns]
    write_cut(
        address, event["path"], (begin, end), moved, event["event_title"] or event_name(event), about, out, progress
    )
    return columns


def write_cut(
    address: str,
    name: str,
    part: tuple[float, float | None],
    columns: Sequence[Column],
    title: str,
    about: Sequence[str],
    out: Path,
    progress: Callable[[int, int | None, str], None],
) -> None:
    """Write the page with a ``part`` of a video, from and to seconds; ``columns`` count from its start."""
    from livecc_assets.commentary.burn import burn

    def cut(done: float, total: float) -> None:
        progress(int(done), round(total), "of the video cut out")

    def tell(line: str) -> None:
        say(f"{name}: {line}", err=True)

    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / f"{Path(name).stem}.mp4"
        try:
            burn(address, (), video, *part, crf=_CRF, most_pixels=_PIXELS, progress=cut, notice=tell)
        except MediaError as error:
            raise told(name, error) from error
        if (size := video.stat().st_size) > MAX_VIDEO_BYTES:
            most = f"a page holds {MAX_VIDEO_BYTES / 2**20:.0f}"
            raise UserError(f"{name}: this part has {size / 2**20:.0f} MiB, and {most}; choose a shorter one")
        page = render_side_by_side(video, columns, title, about)
    with target(out) as file:
        file.write(page)


def _with_staleness(settings: Settings, store: Store, columns: Sequence[Column]) -> list[Column]:
    """Those whose commentary a run would make anew say so: the page shows what is stored."""
    from livecc_assets.graph.status import to_be_made
    from livecc_assets.orchestration.steps import BY_ASSET

    names = [column.name for column in columns]
    stale = to_be_made(BY_ASSET["livesports_commentary"], names, settings, store)
    note = "stale: `livecc status` says why"
    return [replace(column, note=note) if column.name in stale else column for column in columns]
