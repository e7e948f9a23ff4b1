"""Arrow schemas of this stage. Checkpoints are files, not rows."""

import pyarrow as pa

from livecc_assets.store.rows import column

SCHEMAS: dict[str, pa.Schema] = {
    "general_instructions": pa.schema(
        [
            column("sample_id", pa.string(), "Unique within the source"),
            column("source", pa.string(), "Name of the instruction set"),
            column(
                "conversation", pa.string(), "JSON list of turns: role and content (image, video, text); method 1.11"
            ),
        ]
    )
}
