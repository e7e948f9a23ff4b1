"""Tables of the Live-CC stage (paper A1-A3), documented column by column. Times are seconds of the source video."""

import pyarrow as pa

from livecc_assets.store.rows import WORD, column
from livecc_assets.store.videos import video_columns

_STR, _F64, _I32 = pa.string(), pa.float64(), pa.int32()

CAPTION_WORDS = pa.schema(
    [
        column("video_id", _STR, "the video's id"),
        *video_columns(),
        column("title", _STR, "title of the video"),
        column("category", _STR, "category, as the site names it", nullable=True),
        column("words", pa.list_(WORD), "every spoken word with its start and end, from the captions"),
    ]
)

CAPTION_CLIPS = pa.schema(
    [
        column("clip_id", _STR, "video_id:index of the clip's first word in the video"),
        column("video_id", _STR, "the video's id"),
        *video_columns(),
        column("title", _STR, "title of the video"),
        column("category", _STR, "category, as the site names it", nullable=True),
        column("start", _F64, "start of the first word"),
        column("end", _F64, "end of the last word"),
        column("words", pa.list_(WORD), "the clip's words"),
        column("previous", _STR, "all words of the video before the clip, joined by spaces"),
        column("words_per_second", _F64, "words / (end of last word - end of first word)"),
        column("distinct_words", _I32, "number of different words, the ranking key"),
    ]
)

CAPTION_CLIP_LOSSES = pa.schema(
    [
        column("clip_id", _STR, "clip that was scored"),
        column("video_id", _STR, "its video"),
        column("loss", _F64, "mean next-token loss (nats) of the words given title and previous words; no pixels"),
        column("tokens", _I32, "tokens of the words"),
    ]
)

TALKING_HEAD_SCORES = pa.schema(
    [
        column("video_id", _STR, "video that was scored"),
        column("score", _F64, "how surely somebody's face fills the video while talking, 0 to 1"),
        column("frames", _I32, "frames that were looked at"),
    ]
)

LIVE_CC = pa.schema(
    [
        *CAPTION_CLIPS,
        column("loss", _F64, "text-only loss of the clip; null when the selection does not ask for it", nullable=True),
        column("talking_head_score", _F64, "talking-head score of its video; null when not asked for", nullable=True),
        column("rank", _I32, "place by distinct words, 1 = most; equal counts are ordered by a digest of clip_id"),
    ]
)

SCHEMAS: dict[str, pa.Schema] = {
    "caption_words": CAPTION_WORDS,
    "caption_clips": CAPTION_CLIPS,
    "caption_clip_losses": CAPTION_CLIP_LOSSES,
    "talking_head_scores": TALKING_HEAD_SCORES,
    "live_cc": LIVE_CC,
}
