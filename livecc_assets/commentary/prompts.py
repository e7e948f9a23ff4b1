"""The text that goes with a benchmark event's frames (method 4.2)."""

_ROLE = (
    "You are an expert video commentator providing real-time, insightful, and engaging commentary on visual content.\n"
)

DEFAULT_QUERY = "Please describe the video."


def instruct_context(title: str | None, previous: str | None) -> str:
    """Context for an instruction-tuned model: role, event title if known, then what was said before the event."""
    text = _ROLE
    if title:
        text += f'This is a video titled "{title}".\n'
    if previous:
        text += f"Here is previous commentary of the video:\n\n{previous}\n\n"
        text += "Please continue to comment the video."
    return text


def base_context(title: str | None, previous: str | None) -> str:
    """Context in the form of pre-training: the previous words alone, else the title alone, else nothing."""
    return previous or title or ""


def event_context(title: str | None, previous: str | None, instruct: bool = True) -> str:
    """The query of one event; ``instruct`` tells the two checkpoints apart."""
    return (instruct_context if instruct else base_context)(title, previous)
