"""The sample's media where workers find them: in the state folder, or beside the artifacts when these are on S3."""

from pathlib import Path

from livecc_assets.sample.world import VERSION
from livecc_assets.store.blobs import Blobs, LocalBlobs

#: Folder under the artifact root; no asset's name begins so, and the sweep leaves such folders alone.
FOLDER = f"_sample/{VERSION}"


def publish(path: Path, blobs: Blobs) -> str:
    """The address of a sample file or folder for every worker: its own path under a local root, else that of a copy.

    What stands with the same size is not sent again: within one version of the world, files of equal names differ in
    nothing. What the folder no longer holds is removed.
    """
    if isinstance(blobs, LocalBlobs):
        return place_of(path, blobs)
    key = f"{FOLDER}/{path.name}"
    if path.is_file():
        blobs.put(key, path.read_bytes())
        return place_of(path, blobs)
    standing = {item.key: item.size for item in blobs.listed(f"{key}/")}
    files = {f"{key}/{file.relative_to(path).as_posix()}": file for file in path.rglob("*") if file.is_file()}
    for target, file in sorted(files.items()):
        if standing.get(target) != file.stat().st_size:
            blobs.upload(file, target)
    for target in standing.keys() - files.keys():
        blobs.delete(target)
    return place_of(path, blobs)


def place_of(path: Path, blobs: Blobs) -> str:
    """The address that `publish` gives a sample file or folder."""
    return str(path) if isinstance(blobs, LocalBlobs) else f"{blobs.root}/{FOLDER}/{path.name}"


def published(file: Path, blobs: Blobs) -> str | None:
    """Where `publish` put a file, if it did."""
    if isinstance(blobs, LocalBlobs):
        return str(file) if file.is_file() else None
    key = f"{FOLDER}/{file.name}"
    return f"{blobs.root}/{key}" if blobs.get(key) else None
