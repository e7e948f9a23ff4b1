"""What a viewer may watch, checked before any work is done, and the blocks of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import torch

from livecc_assets.commentary.blocks import FIRST_FRAMES, Clip
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.live_blocks import blocks_as_they_come, live_blocks
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_address import Address, LiveReport, Waits, file_address, live_address
from livecc_assets.media.live_source import announced_seconds
from livecc_assets.media.live_stop import Stop
from livecc_assets.web.telling import under_name, words

#: A viewer is not left before a dead address for as long as the command line waits, and no thread after the viewer has gone.
_WAITS = Waits(opening=10.0, reading=10.0, outage=30.0)
_REMEDY = "check it with a player, or convert it (ffmpeg -i IN -c:v libx264 OUT.mp4)"


@dataclass(frozen=True)
class Source:
    """A file or an address, watched from second ``at`` on. ``live``: it goes on by itself, whoever watches.

    ``lasts``: seconds of a file, None where it does not say.
    """

    name: str
    at: float
    path: Path | None = None
    address: Address | None = None
    lasts: float | None = None

    @property
    def live(self) -> bool:
        """Whether its blocks come when they happen, and cannot be waited with."""
        return self.address is not None and self.address.real_time

    def until(self, last: float | None) -> float | None:
        """The last second of what is asked about, of a file that is looked at from ``at`` to ``last``; None: its end.

        Raises UserError where nothing lies between, as ``livecc chat`` does.
        """
        end = min(last or self.lasts, self.lasts) if self.lasts is not None else last or None
        if end is not None and end <= self.at:
            raise UserError(
                f"{self.name}: nothing lies between {self.at:g} and {end:g} s; choose other seconds, or leave them out."
            )
        return end if last else None

    def words(self, error: BaseException) -> str:
        """What its viewer is told of an error."""
        return words(error, self.path, self.name)

    def told(self, line: str) -> str:
        """What its viewer is told of what happens to it."""
        return under_name(line, self.path, self.name)

    def blocks(self, config: CommentaryConfig, report: LiveReport, stop: Stop | None = None) -> Iterator[Block]:
        """The blocks that begin at ``at`` or later; of an address, until ``stop`` is set. Raises what ``blocks_as_they_come``
        raises."""
        if self.address is None:
            return blocks_as_they_come(Clip(str(self.path), self.at or None), config, report)
        blocks = live_blocks(self.address, config, None, report, waits=_WAITS, stop=stop)
        return starting_at(blocks, self.at) if self.at else blocks


def seconds_of(path: Path, name: str, most: float) -> float | None:
    """Seconds that an uploaded video lasts; None where it does not say. ``name`` is what the viewer calls it.

    Raises UserError for a file that is no video, and for one above ``most`` seconds.
    """
    try:
        found = announced_seconds(file_address(path))
    except MediaError as error:
        raise UserError(f"{words(error, path, name)}; {_REMEDY}") from error
    if found is not None and found > most:
        raise UserError(f"{name} lasts {found / 60:.1f} minutes, and at most {most / 60:g} are taken; cut it first.")
    return found


def address_source(text: str, at: float, hosts: frozenset[str] | None) -> Source:
    """A web or RTSP address that a viewer typed; ``hosts`` are those that may be named, None: any.

    Raises UserError for everything else: no file, pipe or device of this machine is a viewer's to name.
    """
    given = text.strip()
    if given.partition("://")[0].lower() not in ("http", "https", "rtsp", "rtsps") or "://" not in given:
        raise UserError("Give an address that begins with http://, https://, rtsp:// or rtsps://.")
    address = live_address(given)
    assert address is not None
    host = (urlsplit(given).hostname or "").lower()
    if hosts is not None and host not in hosts:
        listed = ", ".join(sorted(hosts)) or "none"
        raise UserError(f"Addresses of {host} are not opened here (allowed: {listed}). Upload the file instead.")
    return Source(address.name, 0.0 if address.real_time else at, address=address)


def starting_at(blocks: Iterator[Block], at: float) -> Iterator[Block]:
    """Leaves out what begins before second ``at``; the first block that is left is as long as a stream's first
    (method 3.2)."""
    held: list[Block] = []
    for block in blocks:
        if held or block.origin_s + block.start_s >= at - 1e-6:
            held.append(block)
        if sum(len(one.frames) for one in held) >= FIRST_FRAMES:
            break
    if not held:
        return
    origin, base = held[0].origin_s, held[0].start_s
    first = Block(0.0, held[-1].end_s - base, torch.cat([one.frames for one in held]), origin + base)
    later = (replace(one, start_s=one.start_s - base, end_s=one.end_s - base, origin_s=origin + base) for one in blocks)
    yield from chain([first], later)
