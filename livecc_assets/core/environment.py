"""Numbers from the environment."""

import os

from livecc_assets.core.errors import UserError


def whole_number(variable: str, default: int, remedy: str, least: int = 0, most: int | None = None) -> int:
    """What a variable says, or the default where it is not set. Raises UserError, which ends in ``remedy``, for what is no whole
    number from ``least`` to ``most``."""
    said = os.environ.get(variable) or str(default)
    if not (said.isascii() and said.isdecimal()) or int(said) < least or (most is not None and int(said) > most):
        raise UserError(f"{variable}={said}: {remedy}")
    return int(said)
