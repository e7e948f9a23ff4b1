"""The text that goes with frames: a benchmark event's query (method 4.2), and what a question has to be."""

from livecc_assets.core.errors import UserError

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


def check_question(question: str) -> None:
    """UserError for a question that is empty or no text."""
    if not question.strip():
        raise UserError("the question is empty; write what you want to know")
    try:
        question.encode()
    except UnicodeEncodeError as error:
        raise UserError("the question holds bytes that are no text; write it as UTF-8") from error
