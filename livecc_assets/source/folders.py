"""A batch's folder as a whole: what tells its versions apart, and the folders of an inbox."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import AbsentFolderError, UserError
from livecc_assets.source.listing import entries_and_marker
from livecc_assets.store.manifest import digest
from livecc_assets.store.registry import FOLLOW_LINKS, LISTING
from livecc_assets.store.s3_client import s3_folders

#: The digest of a folder without files.
EMPTY = digest([])


@dataclass(frozen=True)
class Look:
    """A folder at one moment: the digest of its listing, and whether it holds a completion marker."""

    digest: str
    complete: bool

    @property
    def empty(self) -> bool:
        """Whether the folder has no files, a marker aside."""
        return self.digest == EMPTY


def look(uri: str, follow_links: bool = False) -> Look:
    """What a folder or prefix holds now; reads no content."""
    try:
        found, complete = entries_and_marker(uri, follow_links)
    except AbsentFolderError as error:
        line = f"{uri}: the batch's folder is gone; bring it back, or take the batch out (livecc batch retire)"
        raise AbsentFolderError(line) from error
    return Look(digest([(entry.name, entry.size, entry.version) for entry in found]), complete)


def listing_digest(uri: str, follow_links: bool = False) -> str:
    """Changes when a file of the folder or prefix is added, removed or replaced; a completion marker is no such file."""
    return look(uri, follow_links).digest


def batch_listing(about: dict[str, Any]) -> str:
    """The digest of the listing of a registered batch: after a move, that for which the files now there stand."""
    found = listing_digest(about["uri"], bool(about.get(FOLLOW_LINKS)))
    return about.get(LISTING, {}).get(found, found)


def inbox_folders(uri: str) -> dict[str, str]:
    """Folders directly under an inbox folder or S3 prefix, by name."""
    if uri.startswith("s3://"):
        return {name: f"{uri.rstrip('/')}/{name}" for name in s3_folders(uri)}
    if not Path(uri).is_dir():
        raise UserError(f"LIVECC_INBOX={uri}: no such folder; create it, or name an s3:// prefix")
    return {path.name: str(path.resolve()) for path in sorted(Path(uri).iterdir()) if path.is_dir()}
