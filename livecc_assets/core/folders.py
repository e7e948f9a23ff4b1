"""Folders that the project writes to, and the one line for those that cannot be written."""

import errno
import os
import tempfile
from pathlib import Path

from livecc_assets.core.errors import UserError

#: Settings that name folders, with their defaults; the outer ones first, for the others lie in them by default.
_SETTINGS = {"LIVECC_HOME": ".livecc", "LIVECC_ROOT": "", "DAGSTER_HOME": ""}
#: What the system says of a place that cannot be written at all, whatever the file.
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOSPC, errno.EDQUOT}


def made(folder: Path) -> Path:
    """The folder, created when missing. Raises UserError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _told(folder, error) from None
    return folder


def writable(folder: Path) -> Path:
    """As ``made``, and something was written there, which tells more than its permissions. Raises UserError."""
    try:
        with tempfile.TemporaryFile(dir=made(folder)):
            return folder
    except OSError as error:
        raise _told(folder, error) from None


def as_unwritable(error: OSError) -> UserError | None:
    """The line for a file under one of the project's folders that could not be written; None for any other error."""
    if error.errno not in _UNWRITABLE or not isinstance(error.filename, str | os.PathLike):
        return None
    path = Path(error.filename).resolve()
    return _told(path, error) if _setting(path) else None


def _setting(path: Path) -> tuple[str, Path] | None:
    """The setting that names the folder in which ``path`` lies, or that was to be created in ``path``."""
    for name, default in _SETTINGS.items():
        place = os.environ.get(name) or default
        if place and "://" not in place:
            folder = Path(place).expanduser().resolve()
            if path.is_relative_to(folder) or folder.is_relative_to(path):
                return name, folder
    return None


def _told(path: Path, error: OSError) -> UserError:
    why = error.strerror or str(error)
    found = _setting(path.expanduser().resolve())
    if found is None:
        return UserError(f"{path} cannot be written ({why}); make it writable, or name another folder")
    name, folder = found
    option = ", or with --home" if name == "LIVECC_HOME" else ""
    return UserError(
        f"{name}={folder} is not writable ({path}: {why}); make it writable for this user, or name another folder in "
        f"{name}{option}"
    )
