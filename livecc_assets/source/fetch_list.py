"""A list of web addresses becomes a folder of videos with what belongs to them."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from livecc_assets.core.errors import UserError
from livecc_assets.core.ids import LONGEST
from livecc_assets.core.text import shortened
from livecc_assets.source.addresses import parse, shown
from livecc_assets.source.candidates import VIDEO_ENDINGS
from livecc_assets.source.captions import ENDINGS as CAPTION_ENDINGS
from livecc_assets.source.fetch import Fetcher

#: What is worth fetching: videos, captions, metadata. Everything else in a list is a mistake.
ENDINGS = (*sorted(VIDEO_ENDINGS), *(f".{name}" for name in sorted(CAPTION_ENDINGS)), ".info.json")
_LIST_BYTES = 64 * 1024**2
#: Of a name, which file systems allow 255 bytes: those of its stem, and those of its ending with a language's tag. The stem is
#: also the video's id where no metadata name one, so it has no more characters than an id.
_STEM_BYTES, _ENDING_BYTES = 200, 40


def file_name(address: str) -> str:
    """What an address calls its file: its last part, of any length. Raises UserError for a kind of file that is not fetched."""
    url = parse(address)
    name = unquote((url.path or "").rsplit("/", 1)[-1])
    name = re.sub(r"[^\w.() -]", "_", name).lstrip(". ")
    if not name.lower().endswith(ENDINGS):
        raise UserError(f"{shown(url)}: only {', '.join(ENDINGS)} are fetched; take it out of the list")
    return name


def kept_names(names: Iterable[str]) -> dict[str, str]:
    """Name to the name under which a file is kept: long ones are cut, those of a video and its sidecars alike."""
    names = list(names)
    stems = {name[: -len(_ending(name))] for name in names if _ending(name) in VIDEO_ENDINGS}
    return {name: _kept(name, stems) for name in names}


def _ending(name: str) -> str:
    return next(ending for ending in ENDINGS if name.lower().endswith(ending))


def _kept(name: str, stems: set[str]) -> str:
    """A name whose stem, the longest among ``stems`` that it begins with or else its own, is cut."""
    own = len(name) - len(_ending(name))
    ends = range(len(name) - 1, max(0, len(name) - _ENDING_BYTES), -1)
    end = next((end for end in ends if name[:end] in stems and len(name[end:].encode()) <= _ENDING_BYTES), own)
    stem = name[:end]
    if len(stem.encode()) <= _STEM_BYTES and len(stem) <= LONGEST:
        return name
    # The digest tells two films of one series apart, whose titles differ at their ends.
    start = shortened(stem[: LONGEST - 9], _STEM_BYTES - 9)
    return f"{start}-{hashlib.sha256(stem.encode()).hexdigest()[:8]}{name[end:]}"


def read_list(path: Path) -> dict[str, str]:
    """Name to be kept to address, of a list with one address a line. Raises UserError.

    Blank lines and ``#`` lines are skipped.
    """
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
            raise UserError(
                f"{path}, line {number}: two addresses end in {name[:200]}; put one of them into another batch"
            )
    if not found:
        raise UserError(f"{path}: holds no address; write one http(s) address a line")
    kept = kept_names(found)
    return {kept[name]: address for name, address in found.items()}


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
