"""Whom the model's commentary is compared with: a captions file, or a caption written from the title alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.files import read_records, require_columns, require_ids
from livecc_assets.store.uris import local_path

Key = tuple[str, int]

#: Caption-style sentences: fluent, true of any video of that title, blind to what happens in it.
_CAPTION = (
    'The video, titled "{title}", shows a scene{subject} in which people are active.',
    "The camera follows them as the action unfolds, and the setting stays the same throughout.",
    "The participants move around the area and react to one another, clearly engaged in what they do.",
    "The atmosphere is lively, and the video ends with the activity still going on.",
)


def opponent_texts(config: dict[str, Any], events: Sequence[dict[str, Any]]) -> tuple[str, dict[Key, str]]:
    """(name, commentary per event) of the profile's section `opponent`.

    `{kind: title-caption}` writes a caption from each event's title; `{kind: file, path: X.jsonl}` reads rows
    {video_id, event_id, pred} as the published captions have them. Raises UserError when the file lacks an event.
    """
    kind = config["kind"]
    if kind == "title-caption":
        return kind, {(e["video_id"], e["event_id"]): title_caption(e["event_title"], e["class"]) for e in events}
    if not config.get("path"):
        raise UserError(
            "opponent.path is empty: name a captions file (jsonl with video_id, event_id, pred) in the profile"
        )
    return config.get("name") or name_of(config["path"]), captions_file(local_path(config["path"]), events)


def name_of(path: str) -> str:
    """What an opponent is called whose captions file has no other name."""
    return Path(path).name.split(".")[0]


def title_caption(title: str, subject: str | None = None) -> str:
    """A caption-style commentary from nothing but the title and the class of the video."""
    about = f" of {subject.lower()}" if subject else ""
    return " ".join(_CAPTION).format(title=title.strip() or "untitled", subject=about)


def captions_file(path: Path, events: Iterable[dict[str, Any]]) -> dict[Key, str]:
    """`pred` of every event, joined by key: published files differ in row order. UserError when the file lacks an event."""
    texts = predictions_file(path)
    keys = [(event["video_id"], event["event_id"]) for event in events]
    missing = [key for key in keys if key not in texts]
    if missing:
        first = ", ".join(f"{video}_{event}" for video, event in missing[:3])
        lack = f"{len(missing)} of {len(keys)} events ({first})"
        raise UserError(f"{path}: no commentary for {lack}; add them or use another opponent")
    return {key: texts[key] for key in keys}


def predictions_file(path: Path) -> dict[Key, str]:
    """`pred` of every row {video_id, event_id, pred} by key; a row without one (null) says nothing.

    Raises UserError for a file of another format, and for an event that stands in it twice.
    """
    records = read_records(path)
    require_columns(path, records, ("video_id", "event_id", "pred"), "expected the format of the published captions")
    require_ids(path, records, ("video_id", "event_id"))
    texts, seen = dict[Key, str](), set[Key]()
    for number, record in enumerate(records, start=1):
        try:
            key = str(record["video_id"]), int(record["event_id"])
        except (ValueError, OverflowError):
            raise UserError(
                f"{path} record {number}: event_id {record['event_id']!r} is no whole number; mend it"
            ) from None
        if key in seen:
            raise UserError(f"{path} record {number}: {key[0]}_{key[1]} stands here twice; remove one of the two")
        seen.add(key)
        if record["pred"] is not None:
            texts[key] = str(record["pred"])
    return texts
