"""Folders that the project writes to, and the one line for those that cannot be written."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livecc_assets.core.errors import UserError

#: Settings that name folders, with their defaults; the outer ones first, for the others lie in them by default.
_SETTINGS = {"LIVECC_HOME": ".livecc", "LIVECC_ROOT": "", "DAGSTER_HOME": ""}
#: What the system says of a place that cannot be written at all, whatever the file.
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
#: What it says only of places that somebody has to open up, be they the project's or not.
_CLOSED = {errno.EROFS, errno.EACCES}
_RAN_OUT = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


def made(folder: Path) -> Path:
    """The folder, created when missing. Raises UserError where it cannot be, OSError where something ran out."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def writable(folder: Path) -> Path:
    """As ``made``, and something was written there, which tells more than its permissions."""
    with _writing(folder), tempfile.TemporaryFile(dir=made(folder)):
        return folder


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _RAN_OUT:
            raise  # the place is sound; the doors tell it (``core.shortage``)
        raise _told(folder, error) from None


def as_unwritable(error: OSError) -> UserError | None:
    """The line for a file that could not be written: under one of the project's folders, or in any place that is closed to
    this user. None for any other error."""
    if error.errno not in _UNWRITABLE or not isinstance(error.filename, str | os.PathLike):
        return None
    path = Path(error.filename).resolve()
    if setting_of(path):
        return _told(path, error)
    if error.errno in _CLOSED:
        return UserError(f"{path}: {error.strerror}; open it to this user, or name another place")
    return None


def state_folders() -> Iterator[tuple[str, Path]]:
    """The settings that name local folders, each with its folder."""
    for name, default in _SETTINGS.items():
        place = os.environ.get(name) or default
        if place and "://" not in place:
            yield name, Path(place).expanduser().resolve()


def setting_of(path: Path) -> tuple[str, Path] | None:
    """The setting, with its folder, in which ``path`` lies, or that was to be created in ``path``."""
    for name, folder in state_folders():
        if path.is_relative_to(folder) or folder.is_relative_to(path):
            return name, folder
    return None


def _told(path: Path, error: OSError) -> UserError:
    why = error.strerror or str(error)
    found = setting_of(path.expanduser().resolve())
    if found is None:
        return UserError(f"{path} cannot be written ({why}); make it writable, or name another folder")
    name, folder = found
    option = ", or with --home" if name == "LIVECC_HOME" else ""
    return UserError(
        f"{name}={folder} is not writable ({path}: {why}); make it writable for this user, or name another folder in "
        f"{name}{option}"
    )
