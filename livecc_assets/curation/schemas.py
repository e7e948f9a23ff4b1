"""Tables that both training sets share in shape: clips, their text losses, and what the join adds."""

import pyarrow as pa

from livecc_assets.store.rows import WORD, column
from livecc_assets.store.videos import video_columns

_STR, _F64, _I32 = pa.string(), pa.float64(), pa.int32()

#: What a set's rows end with.
LOSS = column("loss", _F64, "text-only loss of the clip; null when the selection does not ask for it", nullable=True)
RANK = column("rank", _I32, "place by distinct words, 1 = most; equal counts are ordered by a digest of clip_id")


def clips(before: str, words: str) -> pa.Schema:
    """A table of clips. ``before`` names the column of the words before the clip, ``words`` says what a clip's words are."""
    return pa.schema(
        [
            column("clip_id", _STR, "video_id:index of the clip's first word in the video"),
            column("video_id", _STR, "the video's id"),
            *video_columns(),
            column("title", _STR, "title of the video"),
            column("category", _STR, "category, as the site names it", nullable=True),
            column("start", _F64, "start of the first word"),
            column("end", _F64, "end of the last word"),
            column("words", pa.list_(WORD), words),
            column(before, _STR, "all words of the video before the clip, joined by spaces"),
            column("words_per_second", _F64, "words / (end of last word - end of first word)"),
            column("distinct_words", _I32, "number of different words, the ranking key"),
        ]
    )


def clip_losses(given: str) -> pa.Schema:
    """A table of text losses of clips; ``given`` says what stands before the words."""
    return pa.schema(
        [
            column("clip_id", _STR, "clip that was scored"),
            column("video_id", _STR, "its video"),
            column("loss", _F64, f"mean next-token loss (nats) of the words given {given}; no pixels"),
            column("tokens", _I32, "tokens of the words"),
        ]
    )
