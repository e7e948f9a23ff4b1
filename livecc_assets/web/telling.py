"""What viewers are told of errors: words under the names that they gave, and no path of this machine."""

import re
from collections.abc import Iterator
from pathlib import Path

from livecc_assets.core.errors import MediaError, UserError

#: In a path's place.
_SOMEWHERE = "a file of the server"
_UNSAID = "The source could not be read; the server's output says why."
#: An absolute path, in quotes or up to the next space. What stands in an address (http://host/path) is the viewer's own.
_QUOTED = re.compile(r"""(['"])(?:file:/)?/[^'"]+\1""")
_PATH = re.compile(r"(?:file:/+|(?<![\w:/.\])%~&?=#-])~?/)[^\s'\":;,()<>]*[^\s'\":;,()<>.]")


def words(error: BaseException, path: Path | None = None, name: str = "") -> str:
    """An error as its viewer reads it. ``name`` is what the viewer calls the file that is kept at ``path``.

    Of an error that was not written for people nothing is told but that there was one.
    """
    if isinstance(error, MediaError):
        line = error.detail
    elif isinstance(error, UserError):
        line = str(error)
    else:
        return _UNSAID
    for mentioned in sorted(_files_of(error), key=len, reverse=True):
        if path is None or mentioned != str(path):
            line = line.replace(mentioned, _SOMEWHERE)
    return under_name(line, path, name)


def under_name(line: str, path: Path | None = None, name: str = "") -> str:
    """A line in which the file at ``path`` is called ``name``, and no other path is left."""
    # The viewer's name is put in last: it may itself look like a path, and is the viewer's to read.
    held = "\0"
    if path is not None:
        for own in (f"file://{path}", str(path), path.name):
            line = line.replace(own, held)
    line = _PATH.sub(_SOMEWHERE, _QUOTED.sub(_SOMEWHERE, line))
    return line.replace(held, name)


def _files_of(error: BaseException | None) -> Iterator[str]:
    """The absolute paths that an error and its causes were about, as the system tells them apart from the words."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError):
            for given in (error.filename, error.filename2):
                text = given.decode(errors="replace") if isinstance(given, bytes) else str(given or "")
                if text.startswith("/") and len(text) > 1:
                    yield text
        error = error.__cause__ or error.__context__
