"""What a video, an event or a question may be called by whoever made it: nearly anything, but one short name."""

from livecc_assets.core.text import brief, printable

#: Characters. The longest ids in use are names of files that a download gave its title.
LONGEST = 128
_SHOWN_BYTES = 64


def id_fault(value: object) -> str | None:
    """What is wrong with an id, as the rest of a sentence about it; None for a good one.

    Ids of YouTube begin with ``-`` or ``_``, and those of files hold blanks and letters of every script. An id becomes a part of
    other ids and of file names, so it is no path, and it is printed, so it holds nothing that a terminal acts on.
    """
    if not isinstance(value, str | int | float):
        return "is no text and no number"
    text = str(value)
    if not text.strip():
        return "is empty"
    if len(text) > LONGEST:
        return f"has {len(text):,} characters, more than {LONGEST}"
    if "/" in text or "\\" in text or text in (".", ".."):
        return "is a path"
    return "holds a control character or a mark of direction" if printable(text) != text else None


def shown_id(value: object) -> str:
    """A good id as it is; a bad one shortened and printable, for the row that rejects it."""
    return str(value) if id_fault(value) is None else brief(value, _SHOWN_BYTES)


def first_fault(**ids: object) -> str | None:
    """A sentence on the first of these ids that is bad, each named by its field; None when all are good."""
    for field, value in ids.items():
        if fault := id_fault(value):
            return f"{field} {shown_id(value)!r} {fault}; an id has 1 to {LONGEST} characters and is no path"
    return None
