"""The strip of a clip for an asset's page: its frames from the source video, its words from the row."""

from typing import Any

from livecc_assets.core.errors import MediaError
from livecc_assets.media.charts import markdown_image
from livecc_assets.media.strip import strip, words_under
from livecc_assets.store.videos import AddressOf

#: Frames on one strip.
SHOWN = 8


def clip_strip(row: dict[str, Any], address_of: AddressOf) -> str:
    """Markdown: evenly spaced frames of the clip in ``row`` (start, end, words) under the words then spoken.

    A video that cannot be read any more gives a sentence instead of a picture: the page must still come.
    """
    from livecc_assets.media.frames import Video  # FFmpeg, which the pages' charts can do without
    from livecc_assets.media.sampling import spread

    try:
        with Video.open(address_of(row)) as video:
            start, end = max(row["start"], float(video.start_pts[0])), min(row["end"], video.duration)
            if end <= start:
                return f"*{row['clip_id']}: no frame inside the clip*"
            chosen = sorted(set(spread(video.end_pts, SHOWN, start, end)))
            frames, times = video.frames(chosen), [max(start, float(video.start_pts[index])) for index in chosen]
    except (MediaError, OSError) as error:
        return f"*{row['clip_id']}: the video cannot be shown ({error})*"
    picture = strip(frames, words_under(times, row["words"]), times)
    return f"{row['clip_id']} · {row['title']}\n\n{markdown_image(picture, row['clip_id'])}"
