"""What ``livecc comment`` is pointed at: a file that is looked at first, or a live source that is not."""

import math

from livecc_assets.commentary.page import MAX_VIDEO_BYTES, too_large
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.frames import Video
from livecc_assets.media.live_address import file_address, live_address
from livecc_assets.media.live_source import announced_seconds
from livecc_assets.store.uris import local_path

#: Formats that are made from a whole file, and what they are.
_HOLD_VIDEO = {"html": "page", "mp4": "film"}
_REMEDY = "check the file with a player, or convert it (ffmpeg -i IN -c:v libx264 OUT.mp4)"
#: Reasons whose words say already what to do, or which no conversion mends.
_SAID = {
    "timed_out", "unreachable", "gone", "http", "changed", "not_streamable", "playlist", "too_long", "hdr", "empty_file",
    "too_large", "missing", "no_video", "too_many_pixels", "too_many_frames", "empty_range",
}  # fmt: skip


def check_source(
    video: str, start: float | None, end: float | None, fmt: str
) -> tuple[str, str, tuple[float, float | None]]:
    """(Name for messages, address to read, (first, last second to comment on)) of what the user named.

    The last second is None where only the stream will tell. UserError for a file or range that cannot be used.
    """
    for option, value in (("--start", start), ("--end", end)):
        if value is not None and not math.isfinite(value):
            raise UserError(f"{option} {value}: give seconds of the video")
    address = live_address(video)
    if address is not None:
        if fmt in _HOLD_VIDEO:
            what = f"a {_HOLD_VIDEO[fmt]} holds its video"
            raise UserError(f"{address.name} is a stream, and {what}; use --format vtt or jsonl")
        if end is not None and end <= 0:
            raise UserError(f"nothing lies before {end:g} s; mend --end")
        return address.name, video, (start or 0.0, end or None)
    path = local_path(video)
    if not path.is_file():
        raise UserError(f"{video}: no such file; give the path of a video")
    if fmt == "html" and path.stat().st_size > MAX_VIDEO_BYTES:
        raise too_large(path, MAX_VIDEO_BYTES)
    try:
        if start:
            with Video.open(str(path)) as opened:
                duration: float | None = opened.duration
        else:
            duration = announced_seconds(file_address(path))
    except MediaError as error:
        raise told(str(path), error) from error
    first = start or 0.0
    last = min(end or duration, duration) if duration is not None else end or None
    if first < 0 or (last is not None and last <= first):
        length = f"{path} lasts {duration:.1f} s" if duration is not None else str(path)
        until = "its end" if last is None else f"{last:g} s"
        raise UserError(f"{length}: nothing lies between {first:g} and {until}; mend --start and --end")
    return video, str(path), (first, last)


def told(name: str, error: MediaError) -> UserError:
    """A media fault as one line with a remedy."""
    detail = error.detail if error.reason in _SAID else f"{error.detail}; {_REMEDY}"
    return UserError(detail if detail.startswith(name) else f"{name}: {detail}")
