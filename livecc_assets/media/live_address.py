"""Live sources by address: which addresses the live reader opens, and how long it waits for them (method 3.8)."""

import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from livecc_assets.core.errors import UserError

Kind = Literal["pipe", "file", "http", "rtsp", "camera"]

_KINDS: dict[str, Kind] = {"http": "http", "https": "http", "rtsp": "rtsp", "rtsps": "rtsp"}


@dataclass(frozen=True)
class Address:
    """A source that its user named. ``name`` is for messages: no password, no query."""

    uri: str
    kind: Kind
    name: str

    @property
    def real_time(self) -> bool:
        """Whether the source goes on by itself: it neither waits for a slow reader nor ends."""
        return self.kind in {"rtsp", "camera"}


@dataclass(frozen=True)
class Waits:
    """Seconds that are waited for a source: for its first byte, for the next one, and for it to come back.

    ``quiet``: a file that grew and that nobody holds open is complete after so long. Pauses between tries double from
    ``first_pause`` to ``longest_pause``; after ``outage`` seconds without a picture the source is given up.
    """

    opening: float = 30.0
    reading: float = 30.0
    quiet: float = 5.0
    first_pause: float = 0.5
    longest_pause: float = 15.0
    outage: float = 120.0


@dataclass
class LiveReport:
    """What a live source went through, counted; ``tell`` hears each event in a line as it happens.

    ``gap_s``: seconds of all ``gaps``. ``undecodable``: packets that gave no picture. ``disordered``: frames whose stamps
    stood still or ran back a little. ``skipped``: blocks left out because the model was late.
    """

    tell: Callable[[str], None] = field(default=lambda text: None, repr=False)
    reopened: int = 0
    gaps: int = 0
    gap_s: float = 0.0
    undecodable: int = 0
    disordered: int = 0
    skipped: int = 0

    def summary(self) -> str:
        """One line of what is not zero; empty when all went well."""
        parts = [
            f"opened again {self.reopened} times" if self.reopened else "",
            f"{self.gaps} gaps of {self.gap_s:.1f} s together" if self.gaps else "",
            f"{self.undecodable} packets could not be decoded" if self.undecodable else "",
            f"{self.disordered} frames out of order were left out" if self.disordered else "",
            f"{self.skipped} blocks were skipped because the model was late" if self.skipped else "",
        ]
        return "; ".join(part for part in parts if part)


def live_address(uri: str) -> Address | None:
    """A live source by its address; None for a path or store address that names no stream (a regular file included).

    "-" is standard input. Raises UserError for an address that nothing here opens.
    """
    if uri == "-":
        return Address(uri, "pipe", "standard input")
    scheme, mark, _ = uri.partition("://")
    if not mark or scheme.lower() in {"file", "s3"}:
        return _special_file(uri.removeprefix("file://"))
    kind = _KINDS.get(scheme.lower())
    if kind is None:
        raise UserError(
            f"{scheme}:// addresses are not opened; give a file, a FIFO, - for standard input, http(s)://, rtsp(s)://, "
            "s3:// or a camera such as /dev/video0"
        )
    # A backslash ends the host for urllib3 and not for urllib: who checks one must not open the other.
    shown = "" if re.search(r"[\x00-\x20\x7f\\]", uri) else _without_secrets(uri)
    if not shown:
        raise UserError(f"{scheme}://…: this address names no host; check how it is written")
    return Address(uri, kind, shown)


def _without_secrets(uri: str) -> str:
    """An address for messages; empty where it names no host."""
    try:
        parts = urlsplit(uri)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}" if parts.hostname else ""
    except ValueError:
        return ""


def file_address(path: Path) -> Address:
    """A regular file, which may still be written to."""
    return Address(str(path), "file", path.name)


def _special_file(uri: str) -> Address | None:
    path = Path(uri)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISFIFO(mode):
        return Address(uri, "pipe", path.name)
    if stat.S_ISCHR(mode):
        if not re.fullmatch(r"/dev/video\d+", str(path.resolve())):
            raise UserError(f"{uri} is a device but no camera; cameras are /dev/video0 and so on")
        return Address(str(path.resolve()), "camera", path.name)
    return None
