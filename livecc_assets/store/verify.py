"""Whether the store still holds what was written: every manifest, every file's size and sha256."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from livecc_assets.store.manifest import DamagedError, Manifest, StoredFile, cut_short
from livecc_assets.store.store import Store

#: Bytes that are read at once.
BLOCK = 2**20


@dataclass(frozen=True)
class Verdict:
    """What was found at a place (``asset/partition/key``): its files and bytes, and what is wrong; "" where nothing is."""

    place: str
    files: int
    size: int
    wrong: str = ""


def verify(store: Store, repair: bool = False) -> Iterator[Verdict]:
    """A verdict on every artifact of the store, the current ones and those of before.

    ``repair`` takes the manifest of a damaged artifact away. It is then missing or stale, and the next job makes it again.
    """
    for asset in store.assets():
        for item in store.blobs.listed(f"{asset}/"):
            if not item.key.endswith("/manifest.json"):
                continue
            found = _verdict(store, item.key)
            if found is None:
                continue
            if found.wrong and repair:
                store.blobs.delete(item.key)
            yield found


def _verdict(store: Store, key: str) -> Verdict | None:
    place, found = key.removesuffix("/manifest.json"), store.blobs.get(key)
    if found is None:  # it was collected meanwhile
        return None
    try:
        files = Manifest.from_json(found[0]).files
    except DamagedError as error:
        return Verdict(place, 0, 0, str(error))
    wrong = next((fault for file in files if (fault := _fault(store, file))), "")
    return Verdict(place, len(files), sum(file.size for file in files), wrong)


def _fault(store: Store, file: StoredFile) -> str:
    size = store.blobs.size(file.key)
    if size != file.size:
        return cut_short(file, size)
    digest = hashlib.sha256()
    try:
        with store.blobs.explained(), store.blobs.fs.open_input_stream(store.blobs.arrow_path(file.key)) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    except FileNotFoundError:
        return cut_short(file, None)
    return "" if digest.hexdigest() == file.sha256 else f"{file.key} has other bytes than were written"
