"""Names that become partitions, folders of the store and parts of addresses."""

import re

#: What :func:`is_name` asks for, in words.
NAME_RULE = "letters, digits, dots, dashes and underscores, no dots in a row, and a letter or digit at first"

_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


def is_name(text: str) -> bool:
    """Whether a text can name a batch, a selection or an experiment."""
    return _NAME.fullmatch(text) is not None and ".." not in text
