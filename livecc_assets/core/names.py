"""What a batch, a selection or an experiment may be called: its name is a partition in Dagster, a folder and an object key."""

import re
import unicodedata

from livecc_assets.core.errors import UserError

#: A file system takes 255 bytes; a name gets an ending and may stand in a longer one.
LONGEST, LONGEST_BYTES = 100, 200
#: Partitions of the store that are no batch's: of assets without partitions, and of stages that experiments share.
RESERVED = frozenset({"all", "shared"})

_CHARACTERS = re.compile(r"[\w.-]+")


def fault(name: str) -> str | None:
    """What is wrong with a name, as the rest of a sentence about it; None for a good one."""
    if not name:
        return "is empty"
    if unicodedata.normalize("NFC", name) != name:
        return "has letters in a decomposed form (Unicode NFD)"
    if not _CHARACTERS.fullmatch(name):
        wrong = next(letter for letter in name if not _CHARACTERS.fullmatch(letter))
        return f"holds {wrong!r}"
    if name[0] in "._-":  # a file that is hidden, a record of the store, an option on the command line
        return f"begins with {name[0]!r}"
    if ".." in name:
        return "holds '..'"
    if len(name) > LONGEST or len(name.encode()) > LONGEST_BYTES:
        return f"is longer than {LONGEST} letters" if len(name) > LONGEST else f"has more than {LONGEST_BYTES} bytes"
    return "is reserved" if name in RESERVED else None


def checked_name(name: str, what: str = "batch") -> str:
    """``name`` itself. Raises UserError in one line, whatever the name holds, when it cannot name a partition."""
    if found := fault(name):
        shown = ascii(name if len(ascii(name)) <= LONGEST else f"{name[:12]}...")
        raise UserError(
            f"{what} {shown}: the name {found}; use up to {LONGEST} letters, digits, '-', '_' and '.', and begin with a letter "
            "or a digit"
        )
    return name
