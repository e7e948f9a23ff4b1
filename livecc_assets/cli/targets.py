"""Files that a command writes: refused before the work where they cannot be written, and named only when complete."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.core.shortage import writing

#: The number of standard output.
_STDOUT = 1
#: Links that a name may lead over.
_MOST_LINKS = 40


def check_target(out: str | Path | None) -> None:
    """Refuse an output that could not be written before minutes of work, not after."""
    if out is None or is_stdout(out):
        return
    folder = Path(out).resolve().parent
    if Path(out).is_dir():
        raise UserError(f"{out} is a folder; name a file in it")
    if special(Path(out)):
        if not os.access(out, os.W_OK):
            raise UserError(f"{out} cannot be written; choose another -o")
        return
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist; create it or choose another -o")
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder} cannot be written; choose another -o")


def check_apart(out: str | Path | None, video: Path) -> None:
    """Refuse an output, or the part beside it, that would take the place of the video it is made from."""
    if out is None or is_stdout(out):
        return
    for path in (Path(out), Path(f"{out}.part")):
        if path.is_file() and path.samefile(video):
            raise UserError(f"{path} is the video that is commented; choose another -o")


def is_stdout(out: str | Path | None) -> bool:
    """Whether standard output is meant: by no name, by ``-``, or by a name of the system's such as /dev/stdout."""
    return out is None or str(out) == "-" or _descriptor(Path(out)) == _STDOUT


def special(path: Path) -> bool:
    """Whether this is a pipe, a device or an open file of this process (/dev/fd/3), which is written to as it is.

    An ordinary file is replaced by a new one.
    """
    return path.exists() and (not path.is_file() or _descriptor(path) is not None)


def _descriptor(path: Path) -> int | None:
    """The number of the open file that a name in /proc/self/fd stands for, or a link to one such as /dev/stdout."""
    path = path.absolute()
    for _ in range(_MOST_LINKS):
        folder = path.parent.resolve()
        if folder == Path(f"/proc/{os.getpid()}/fd") and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = folder / path.readlink()
    return None


@contextmanager
def target(out: str | Path | None, binary: bool = False) -> Iterator[Any]:
    """Standard output, or an open file that takes its name only when it is complete."""
    if out is None or is_stdout(out):
        yield sys.stdout.buffer if binary else sys.stdout
        return
    if special(Path(out)):  # by its own name: what a link in /proc/self/fd leads to may have none
        with writing(Path(out)), open(out, "wb" if binary else "w", encoding=None if binary else "utf-8") as file:
            yield file
        return
    final = Path(out).resolve()
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 (closing may fail, and then it goes, too)
        "wb" if binary else "w",
        encoding=None if binary else "utf-8",
        dir=final.parent,
        prefix=f".{final.name}.",
        delete=False,
    )
    try:
        with writing(final), file:
            yield file
    except BaseException:
        os.unlink(file.name)
        raise
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(file.name, 0o666 & ~mask)  # temporary files are private; the result is as any other file
    os.replace(file.name, final)
