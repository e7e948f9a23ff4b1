"""A list of web addresses becomes a folder of videos with what belongs to them."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from livecc_assets.errors import UserError
from livecc_assets.source.addresses import parse, shown
from livecc_assets.source.candidates import VIDEO_ENDINGS
from livecc_assets.source.captions import FORMATS
from livecc_assets.source.fetch import Fetcher

#: What is worth fetching: videos, captions, metadata. Everything else in a list is a mistake.
ENDINGS = (*sorted(VIDEO_ENDINGS), *(f".{name}" for name in FORMATS), ".info.json")
_LIST_BYTES = 64 * 1024**2


def file_name(address: str) -> str:
    """The name under which an address is kept: its last part. Raises UserError for a kind of file that is not fetched."""
    url = parse(address)
    name = unquote((url.path or "").rsplit("/", 1)[-1])
    name = re.sub(r"[^\w.() -]", "_", name).lstrip(". ")
    if not name.lower().endswith(ENDINGS):
        raise UserError(f"{shown(url)}: only {', '.join(ENDINGS)} are fetched; take it out of the list")
    return name[-200:]


def read_list(path: Path) -> dict[str, str]:
    """File name to address of a list with one address a line; blank lines and ``#`` lines are skipped. Raises UserError."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; name a text file with one http(s) address a line")
    if path.stat().st_size > _LIST_BYTES:
        raise UserError(f"{path}: larger than {_LIST_BYTES} bytes; split the list into batches of some 2,000 videos")
    found: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text; write one http(s) address a line") from None
    for number, line in enumerate(lines, 1):
        address = line.strip()
        if not address or address.startswith("#"):
            continue
        try:
            name = file_name(address)
        except UserError as error:
            raise UserError(f"{path}, line {number}: {error}") from None
        if found.setdefault(name, address) != address:
            raise UserError(f"{path}, line {number}: two addresses end in {name}; put one of them into another batch")
    if not found:
        raise UserError(f"{path}: holds no address; write one http(s) address a line")
    return found


def fetch_list(path: Path, folder: Path, fetcher: Fetcher | None = None) -> Iterator[str]:
    """Download what ``path`` lists into ``folder``; yields a line a file. What is there already is not fetched again.

    Raises UserError at the end when some could not be fetched, naming the first; the others are kept.
    """
    wanted, fetcher = read_list(path), fetcher or Fetcher()
    folder.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for number, (name, address) in enumerate(wanted.items(), 1):
        target = folder / name
        line = f"[{number}/{len(wanted)}] {name}"
        if target.exists():
            yield f"{line}: already there"
            continue
        try:
            fetcher.fetch(address, target)
        except UserError as error:
            failed.append(str(error))
            yield f"{line}: FAILED: {error}"
            continue
        yield f"{line}: {target.stat().st_size} bytes"
    if failed:
        raise UserError(
            f"{len(failed)} of {len(wanted)} addresses were not fetched, the first: {failed[0]}. Mend {path} and run this again"
        )
