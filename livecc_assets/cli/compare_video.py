"""``livecc compare`` of a video: every model comments it, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from livecc_assets.cli.comment_source import check_source, told
from livecc_assets.cli.compare_event import write_cut
from livecc_assets.cli.saying import say
from livecc_assets.cli.targets import target
from livecc_assets.cli.whole import Part
from livecc_assets.commentary.side_by_side import Column, render_side_by_side
from livecc_assets.commentary.utterance import Utterance, shifted
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.models.reference import resolve
from livecc_assets.store.media_cache import held

Progress = Callable[[int, int | None, str], None]


def compare_video(
    settings: Settings,
    video: str,
    models: Sequence[str],
    out: Path,
    progress: Progress = lambda done, total, message: None,
    query: str | None = None,
    start: float | None = None,
    end: float | None = None,
    device: str | None = None,
) -> list[Column]:
    """Write the page of a video; returns its columns.

    Until it stands, NAME.part holds what was said as JSON lines with their ``model``; an error or an interrupt leaves it.
    Raises UserError of one line.
    """
    from livecc_assets.cli.comment_options import with_options
    from livecc_assets.cli.commenting import model_reference

    if len(models) < 2:
        raise UserError(f"--model {models[0]}: name two or more; `livecc comment` writes a page of one")
    is_part = start is not None or end is not None
    # A part is cut out, and so only a whole video has to fit into the page as it is.
    _, address, (first, last) = check_source(video, start, end, "mp4" if is_part else "html")
    columns, about = [], [f"asked: “{query}”"] if query else []
    part = Part(out)
    # The copy of an s3:// video is read by each model, and once more for the page.
    with held(address), part.until_whole(lambda line: say(line, err=True)):
        folders = {name: resolve(model_reference(settings, name), settings.home) for name in models}
        run = with_options(settings.profile.commentary.as_config(), device=device)
        for name, folder in folders.items():
            said = _comment(folder, address, (start, end), query, run | {"video": settings.profile.video.as_config()})
            columns.append(_column(name, said, (first, last), part, progress, video))
        _write(video, address, (first, last) if is_part else None, columns, about, out, progress)
    return columns


def _write(
    video: str,
    address: str,
    part: tuple[float, float | None] | None,
    columns: Sequence[Column],
    about: list[str],
    out: Path,
    progress: Progress,
) -> None:
    name, title = Path(video).name, Path(video).stem
    if part is None:
        page = render_side_by_side(Path(address), columns, title, about)
        with target(out) as file:
            file.write(page)
        return
    first, last = part
    about = [*about, f"seconds {first:.1f} to {'the end' if last is None else f'{last:.1f}'} of {name}"]
    moved = [replace(column, said=shifted(column.said, -first)) for column in columns]
    write_cut(address, name, part, moved, title, about, out, progress)


def _comment(
    folder: Path, address: str, part: tuple[float | None, float | None], query: str | None, run: dict[str, Any]
) -> Iterator[Utterance]:
    """What one model says, as it says it. It is loaded with the first word and gone after the last."""
    from livecc_assets.commentary.config import CommentaryConfig
    from livecc_assets.commentary.engine import comment_video, load_engine
    from livecc_assets.commentary.prompts import DEFAULT_QUERY

    config = CommentaryConfig.from_profile(run)
    engine = load_engine(folder, run.get("device") or "cpu", run.get("dtype"))
    yield from comment_video(engine, address, *part, query or DEFAULT_QUERY, config)


def _column(
    name: str,
    said: Iterator[Utterance],
    part_s: tuple[float, float | None],
    part: Part,
    progress: Progress,
    video: str,
) -> Column:
    first, last = part_s
    length = None if last is None else round(last - first)
    progress(0, length, f"loading {name}")
    found: list[Utterance] = []
    try:
        for one in said:
            found.append(one)
            part.add(one, name)
            progress(round(one.end - first), length, f"{name}: {one.text}")
    except MediaError as error:
        raise told(video, error) from error
    return Column(name, found)
