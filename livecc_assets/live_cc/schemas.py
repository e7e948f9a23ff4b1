"""Tables of the Live-CC stage (paper A1-A3), documented column by column. Times are seconds of the source video."""

import pyarrow as pa

from livecc_assets.curation import schemas as shared
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

CAPTION_CLIPS = shared.clips("previous", "the clip's words")
CAPTION_CLIP_LOSSES = shared.clip_losses("title and previous words")

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
        shared.LOSS,
        column("talking_head_score", _F64, "talking-head score of its video; null when not asked for", nullable=True),
        shared.RANK,
    ]
)

SCHEMAS: dict[str, pa.Schema] = {
    "caption_words": CAPTION_WORDS,
    "caption_clips": CAPTION_CLIPS,
    "caption_clip_losses": CAPTION_CLIP_LOSSES,
    "talking_head_scores": TALKING_HEAD_SCORES,
    "live_cc": LIVE_CC,
}
