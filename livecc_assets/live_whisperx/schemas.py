"""Tables of the Live-WhisperX stage (paper B1-B6), documented column by column. Times are seconds of the video."""

import pyarrow as pa

from livecc_assets.curation import schemas as shared
from livecc_assets.store.rows import WORD, column
from livecc_assets.store.videos import video_columns

_STR, _F64, _I32, _BOOL = pa.string(), pa.float64(), pa.int32(), pa.bool_()

SPOKEN_WORDS = pa.schema(
    [
        column("video_id", _STR, "the video's id"),
        *video_columns(),
        column("title", _STR, "title of the video"),
        column("category", _STR, "category, one of the wanted ones", nullable=True),
        column("language", _STR, "language that was recognised"),
        column("words", pa.list_(WORD), "every recognised word with its start and end, in written form"),
    ]
)

SENTENCE_CLIPS = shared.clips("preasr", "the clip's words; the first one starts a sentence")
SENTENCE_CLIP_LOSSES = shared.clip_losses("the title alone")

ACTIVE_SPEAKER_RATIOS = pa.schema(
    [
        column("clip_id", _STR, "clip that was scored"),
        column("video_id", _STR, "its video"),
        column("ratio", _F64, "share of the clip's time in which somebody in view speaks, 0 to 1"),
    ]
)

COMMENTARY_QUERIES = pa.schema(
    [
        column("clip_id", _STR, "clip that was judged"),
        column("video_id", _STR, "its video"),
        column("accepted", _BOOL, "whether the speech comments on what is seen, impersonally and cleanly"),
        column("query", _STR, "a request that would elicit commentary in this style", nullable=True),
        column("reason", _STR, "why: the writer's name, or its refusal"),
    ]
)

LANGUAGE_SCORES = pa.schema(
    [
        column("clip_id", _STR, "clip that was scored"),
        column("video_id", _STR, "its video"),
        column("language", _STR, "most likely language of the words (ISO 639-1)"),
        column("score", _F64, "how sure the detector is, 0 to 1"),
    ]
)

LIVE_WHISPERX = pa.schema(
    [
        *SENTENCE_CLIPS,
        shared.LOSS,
        column("active_speaker_ratio", _F64, "active-speaker ratio; null when not asked for", nullable=True),
        column("query", _STR, "the request that opens the conversation", nullable=True),
        column("language_score", _F64, "certainty that the words are in the wanted language", nullable=True),
        shared.RANK,
    ]
)

SCHEMAS: dict[str, pa.Schema] = {
    "spoken_words": SPOKEN_WORDS,
    "sentence_clips": SENTENCE_CLIPS,
    "sentence_clip_losses": SENTENCE_CLIP_LOSSES,
    "active_speaker_ratios": ACTIVE_SPEAKER_RATIOS,
    "commentary_queries": COMMENTARY_QUERIES,
    "language_scores": LANGUAGE_SCORES,
    "live_whisperx": LIVE_WHISPERX,
}
