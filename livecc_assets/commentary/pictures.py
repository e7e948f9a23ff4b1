"""Pictures for the page of the commentary."""

from typing import Any

from livecc_assets.media.frames_strip import clip_strip
from livecc_assets.store.artifact import Artifact


def commentary(artifact: Artifact, config: dict[str, Any]) -> dict[str, bytes | str]:
    """The first event's commentary under the frames that the model saw, where the row names its video."""
    row = next((row for row in artifact.rows() if row["utterances"]), None)
    if row is None:
        return {"first event": "*the model said nothing*"}
    said = [f"- {one['start']:.1f}-{one['end']:.1f} s: {one['text']}" for one in row["utterances"]]
    drawn = f"{row['video_id']}, event {row['event_id']}\n\n" + "\n".join(said)
    if "uri" in row:
        words = [{"start": one["start"], "end": one["end"], "word": one["text"]} for one in row["utterances"]]
        shown = {"uri": row["uri"], "start": row["begin"], "end": row["end"], "words": words}
        drawn += "\n\n" + clip_strip(shown | {"clip_id": row["video_id"], "title": "what the model said"})
    return {"first event": drawn}
