"""Tables of the source stage, column by column."""

import pyarrow as pa

from livecc_assets.store.rows import WORD, column
from livecc_assets.store.videos import video_columns

LINE = pa.struct([("start", pa.float64()), ("end", pa.float64()), ("text", pa.string())])

SCHEMAS: dict[str, pa.Schema] = {
    "yt_cc_source": pa.schema(
        [
            column("video_id", pa.string(), "Id from the metadata, else the file name without its ending; unique"),
            *video_columns(),
            column("size_bytes", pa.int64(), "Size of the video file"),
            column("title", pa.string(), "Title from the metadata, else the file name without its ending"),
            column(
                "category", pa.string(), "First YouTube category of the metadata; null where unknown", nullable=True
            ),
            column("language", pa.string(), "Language code of the metadata; null where unknown", nullable=True),
            column("duration", pa.float64(), "Seconds from the start of the first frame to the end of the last"),
            column("width", pa.int32(), "Pixels across, as stored"),
            column("height", pa.int32(), "Pixels down, as stored"),
            column("fps", pa.float64(), "Frames a second on average"),
            column(
                "caption_format", pa.string(), "vtt, srt, json3, srv3, srv2, srv1, ttml, ass, sub, embedded, or none"
            ),
            column("subtitles", pa.list_(LINE), "Caption lines in order, markup removed; seconds on the video's clock"),
            column(
                "caption_words",
                pa.list_(WORD),
                "Caption words with their own times; null where the captions time whole lines only",
                nullable=True,
            ),
            column("truth", pa.string(), "JSON of NAME.truth.json: what happens when, where known", nullable=True),
        ]
    ),
    "evaluation_videos": pa.schema(
        [
            column("video_id", pa.string(), "A video that must never train"),
            column("benchmark", pa.string(), "The benchmark that holds it"),
        ]
    ),
}
