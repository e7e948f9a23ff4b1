"""Commentary over a benchmark's events: rows of ``livesports_commentary`` (spec 4.2)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import Clip, Engine, Utterance, comment_clips
from livecc_assets.commentary.prompts import event_context
from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.store.rows import Rejected
from livecc_assets.store.videos import AddressOf

Report = Callable[[int, int, str], None]


def prediction(texts: Sequence[str], rule: Rule = "corrected") -> str:
    """The judge's text: interval texts joined by a space, "..." at the end.

    As published, silent intervals take part and leave double spaces; ``corrected`` leaves them out.
    """
    said = texts if rule == "released" else [text for text in texts if text]
    return " ".join(said).strip() + "..."


def comment_events(
    engine: Engine,
    events: Iterable[dict[str, Any]],
    address_of: AddressOf,
    config: CommentaryConfig,
    instruct: bool = True,
    batch_size: int = 8,
    report: Report | None = None,
) -> Iterator[dict[str, Any] | Rejected]:
    """One row an event, in the order in which they end; an event whose video cannot be read becomes a Rejected.

    The model is given the event's title and what was said before it, never what was said during it.
    """
    rows = list(events)
    clips = [
        Clip(address_of(row), row["begin"], row["end"], event_context(row["event_title"], row["preasr_text"], instruct))
        for row in rows
    ]
    for done, (index, result) in enumerate(comment_clips(engine, clips, config, batch_size), start=1):
        event = rows[index]
        name = f"{event['video_id']}_{event['event_id']}"
        if isinstance(result, MediaError):
            yield Rejected(name, "error", result.reason, result.detail, event["video_id"])
        else:
            yield _row(event, result, config.rule)
        if report:
            report(done, len(rows), name)


def _row(event: dict[str, Any], said: Sequence[Utterance], rule: Rule) -> dict[str, Any]:
    return {
        "video_id": event["video_id"],
        "event_id": event["event_id"],
        "begin": event["begin"],
        "end": event["end"],
        "utterances": [{"start": u.start, "end": u.end, "text": u.text} for u in said if u.text],
        "pred": prediction([u.text for u in said], rule),
    }
