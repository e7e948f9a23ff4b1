"""Arrow schema of the commentary table, column by column."""

import pyarrow as pa

from livecc_assets.store.rows import column

UTTERANCE = pa.struct([("start", pa.float64()), ("end", pa.float64()), ("text", pa.string())])

SCHEMAS: dict[str, pa.Schema] = {
    "livesports_commentary": pa.schema(
        [
            column("video_id", pa.string(), "video of the event"),
            column("event_id", pa.int32(), "number of the event within its benchmark"),
            column("begin", pa.float64(), "start of the event in the source video, seconds"),
            column("end", pa.float64(), "end of the event in the source video, seconds"),
            column(
                "utterances",
                pa.list_(UTTERANCE),
                "what was said in each interval, silent ones left out; source seconds, ellipsis removed",
            ),
            column("pred", pa.string(), "all intervals joined by spaces with '...' at the end: the judge's text"),
        ]
    )
}
