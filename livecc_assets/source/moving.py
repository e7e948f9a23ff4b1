"""A batch's folder moves: is everything there that its rows were made from, and for which listing does the new one stand?

Rows say path, size and sha256 of each video. Of what else lies in the folder (captions, metadata, files that became no row)
the manifest of ``yt_cc_source`` keeps one digest, and the digest of the listing that its key was made from.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from livecc_assets.core.errors import UserError
from livecc_assets.source.candidates import Candidate, scan
from livecc_assets.source.folders import listing_digest
from livecc_assets.source.listing import file_sha256
from livecc_assets.store import registry
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.manifest import digest
from livecc_assets.store.store import Store

#: Told how many of how many files were compared.
Report = Callable[[int, int], None]


@dataclass
class Comparison:
    """What lies under a new root, held against the rows of the batch: paths ``missing`` and ``different``.

    ``beside``: whether the other files are those that the rows were made with. ``made`` is false where there are no rows.
    """

    videos: int = 0
    missing: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    beside: bool = True
    made: bool = True

    @property
    def same(self) -> bool:
        """Whether rows made there would be the rows that there are."""
        return self.made and self.beside and not self.missing and not self.different


def contents_of(candidates: Iterable[Candidate]) -> str:
    """Digest of what rows do not say of a folder: names and sizes of all its files, and the bytes of the sidecars."""
    found: list[Any] = []
    for one in candidates:
        captions = sorted((file.name, file_sha256(file.uri)[0]) for file in one.captions)
        beside = [file_sha256(uri)[0] if uri else "" for uri in (one.info, one.truth)]
        found.append([one.name, one.size, captions, beside, one.problem.reason if one.problem else ""])
    return digest(sorted(found))


def compare(
    artifact: Artifact | None, root: str, report: Report | None = None, follow_links: bool = False
) -> Comparison:
    """Hold a folder or s3:// prefix against the rows of ``yt_cc_source``: sizes first, then the bytes of local files."""
    candidates = {one.name: one for one in scan(root, follow_links)}
    if artifact is None:
        return Comparison(made=False)
    rows = list(artifact.rows(["path", "sha256", "size_bytes"]))
    result = Comparison(len(rows), beside=artifact.manifest.metadata.get("beside") == contents_of(candidates.values()))
    there = []
    for row in rows:
        found = candidates.get(row["path"])
        if found is None or found.problem is not None:
            result.missing.append(row["path"])
        elif found.size != row["size_bytes"]:
            result.different.append(row["path"])
        else:
            there.append((found.uri, row))
    if result.missing or result.different or root.startswith("s3://"):
        return result
    for done, (uri, row) in enumerate(there):
        if report:
            report(done, len(there))
        if file_sha256(uri)[0] != row["sha256"]:
            result.different.append(row["path"])
    return result


def move(store: Store, name: str, root: str, found: Comparison) -> None:
    """Let the batch stand for ``root``. Where all is the same, nothing that was made from it becomes stale by that.

    Raises UserError for an empty or absent folder.
    """
    now = listing_digest(root, bool(store.batch(name).get(registry.FOLLOW_LINKS)))
    if now == digest([]):
        raise UserError(f"{root}: holds no files; copy the videos of batch {name} there first")
    artifact = store.current("yt_cc_source", name)
    before = artifact.manifest.metadata.get("listing") if artifact and found.same else None
    registry.relocate(store.blobs, name, root, {now: before} if before and before != now else {})
