"""Pictures for the page of the commentary."""

from typing import Any

from livecc_assets.store.artifact import Artifact


def commentary(artifact: Artifact, config: dict[str, Any]) -> dict[str, bytes | str]:
    """What the model said of the first event."""
    row = next((row for row in artifact.rows() if row["utterances"]), None)
    if row is None:
        return {"first event": "*the model said nothing*"}
    said = [f"- {one['start']:.1f}-{one['end']:.1f} s: {one['text']}" for one in row["utterances"]]
    return {"first event": f"{row['video_id']}, event {row['event_id']}\n\n" + "\n".join(said)}
