"""The files of a local folder, and where links in it lead."""

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from livecc_assets.core.errors import AbsentFolderError
from livecc_assets.core.shortage import raise_if_short

#: Reasons of ``Entry.trouble`` by which nothing is lost: what the link leads to is read by another name.
HARMLESS = frozenset({"link_back"})


@dataclass(frozen=True)
class Entry:
    """A file: ``name`` relative to the folder with forward slashes, address, size, and a version tag.

    ``trouble`` is (reason, detail) for a file that must not be read.
    """

    name: str
    uri: str
    size: int
    version: str
    trouble: tuple[str, str] | None = None


def local_entries(folder_uri: str, follow_links: bool = False) -> Iterator[Entry]:
    """Every file below a local folder. Links to files in it are files like any other.

    ``follow_links``: links to files and folders elsewhere are followed, too. Each folder is read once, by its own name
    rather than by a link's, so that links in circles end. Raises AbsentFolderError when there is no such folder.
    """
    root = Path(folder_uri.removeprefix("file://")).expanduser().resolve()
    if not root.is_dir():
        raise AbsentFolderError(f"{folder_uri}: no such folder; name a folder of videos or an s3://bucket/prefix")
    yield from _Walk(root, follow_links).entries()


@dataclass
class _Walk:
    root: Path
    follow_links: bool
    read: set[tuple[int, int]] = field(default_factory=set)
    links: deque[Path] = field(default_factory=deque)

    def entries(self) -> Iterator[Entry]:
        yield from self._folder(str(self.root))
        while self.links:  # after all that has a name of its own; those found behind a link come last
            link = self.links.popleft()
            about = os.stat(link)
            if (about.st_dev, about.st_ino) in self.read:
                name = link.relative_to(self.root).as_posix()
                detail = f"{name} leads to a folder that is read already, by another name"
                yield Entry(name, str(link), 0, "", ("link_back", detail))
            else:
                yield from self._folder(str(link))

    def _folder(self, folder: str) -> Iterator[Entry]:
        try:
            if self.follow_links:
                about = os.stat(folder)
                if (about.st_dev, about.st_ino) in self.read:
                    return
                self.read.add((about.st_dev, about.st_ino))
            found = sorted(os.scandir(folder), key=lambda item: item.name)
        except OSError as error:  # it was taken away, or is not ours to read
            raise_if_short(error)
            return
        for item in found:
            if item.is_dir(follow_symlinks=False):
                yield from self._folder(item.path)
            elif item.is_file(follow_symlinks=False):
                # By far the most: one call to the system each, since a corpus has millions of them.
                try:
                    about = item.stat(follow_symlinks=False)
                except OSError:
                    continue
                name = item.path[len(str(self.root)) + 1 :]
                yield Entry(name, item.path, about.st_size, str(about.st_mtime_ns))
            elif self.follow_links and item.is_symlink() and os.path.isdir(item.path):
                self.links.append(Path(item.path))
            else:
                yield self._other(Path(item.path))

    def _other(self, path: Path) -> Entry:
        """A link, or something that is no file."""
        name = path.relative_to(self.root).as_posix()
        try:
            # strict: a dangling link raises
            target = path.resolve(strict=True)
            about = target.stat()
        except (OSError, RuntimeError) as error:
            # Not the error itself, which names the folder: a batch's rows do not change with the place where it lies.
            why = getattr(error, "strerror", None) or "it is a link to itself"
            return Entry(name, str(path), 0, "", ("unreadable", f"{name} cannot be read: {why}"))
        trouble = None
        leads = os.readlink(path) if path.is_symlink() else ""
        if not self.follow_links and not target.is_relative_to(self.root):
            trouble = (
                "outside_folder",
                f"{name} leads out of the folder, to {leads}; copy the file into the folder, or ingest the "
                "folder with --follow-links",
            )
        elif not stat.S_ISREG(about.st_mode):
            trouble = ("not_a_file", f"{name} is a link to a folder, a pipe or a device, not a file")
        if trouble:  # what it leads to is not read, so its changes are none of the batch's
            return Entry(name, str(path), 0, leads, trouble)
        return Entry(name, str(path), about.st_size, str(about.st_mtime_ns))
