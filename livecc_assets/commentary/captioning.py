"""Offline commentary: the event's clip is shown at once and described in one answer, as the paper's opponents do (method 4.2).

Beside live commentary of the same checkpoint it says what streaming is worth.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.conversation import Conversation
from livecc_assets.commentary.group import Loaded
from livecc_assets.commentary.latency import Latencies
from livecc_assets.commentary.prompts import event_context
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.store.rows import Note, Rejected, Row
from livecc_assets.store.videos import AddressOf

#: Frames of the published script, which names no limit and shows the whole video (qwen-vl-utils' own default).
PUBLISHED_FRAMES = 768
#: Tokens of a text, as published.
CAPTION_TOKENS = 512
#: Asked where an event has neither title nor previous words: a base model is then given nothing else.
_NOTHING_KNOWN = "Please comment the video."


def caption_events(
    engine: Loaded,
    events: Sequence[tuple[int, dict[str, Any]]],
    address_of: AddressOf,
    config: CommentaryConfig,
    instruct: bool = True,
    latencies: Latencies | None = None,
) -> Iterator[Row]:
    """A row an event, of one utterance as long as the event; an event whose video cannot be read becomes a Rejected.

    The frames are those between the event's begin and end, at most ``config.max_frames``; as ``released``, those of the
    whole video, at most 768. The text is the likeliest one of at most ``config.max_caption_tokens``. A latency is that of the
    whole answer, the frames being there.
    """
    if config.rule == "released":
        config = config.but(max_frames=PUBLISHED_FRAMES)
    most = config.max_caption_tokens or CAPTION_TOKENS
    for _, event in events:
        name = f"{event['video_id']}_{event['event_id']}"
        begin, end = (event["begin"], event["end"]) if config.rule == "corrected" else (None, None)
        context = event_context(event["event_title"], event["preasr_text"], instruct)
        try:
            conversation = Conversation(engine, address_of(event), begin, end, config)
            reply = conversation.ask(context if context.strip() else _NOTHING_KNOWN, most)
        except MediaError as error:
            yield Rejected(name, "error", error.reason, error.detail, event["video_id"])
            continue
        except UserError as error:  # more than the model has positions for: of this event, and of no other
            yield Rejected(name, "error", "too_long", str(error), event["video_id"])
            continue
        if latencies is not None:
            latencies.add(reply.latency)
        text = reply.text.strip()
        said = [{"start": event["begin"], "end": event["end"], "text": text}] if text else []
        yield {
            **{key: event[key] for key in ("video_id", "event_id", "begin", "end")},
            "utterances": said,
            "pred": text,
        }
        if reply.stopped == "length":
            detail = f"{name}: cut at {most} tokens (max_caption_tokens)"
            yield Note(name, "caption_cut", detail, event["video_id"], 1)
