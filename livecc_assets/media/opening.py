"""Opening media files that nobody vouches for: sniffed, format forced, local files only, within limits."""

import ctypes
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import av.container
import av.error

from livecc_assets.core.errors import MediaError
from livecc_assets.core.shortage import has_room, raise_if_short
from livecc_assets.store.uris import local_path

__all__ = ["DEFAULT_LIMITS", "MediaError", "MediaLimits", "decoding", "open_media", "sniff"]

#: Bytes of the largest single block that FFmpeg may ask for; a plane of the largest frame has a third of that.
LARGEST_BLOCK = 256 * 1024**2
#: Bytes of a packet of an MPEG transport stream.
TS_PACKET = 188
_ASF_GUID = bytes.fromhex("3026b2758e66cf11")
_MP4_ATOMS = {b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip", b"pnot", b"moof", b"styp"}
_PLAYLISTS = (b"#extm3u", b"[playlist]", b"ffconcat", b"<smil", b"<asx", b"<mpd", b"[reference]")


@dataclass(frozen=True)
class MediaLimits:
    """Bounds beyond which a file is refused: by its headers before anything is decoded, and by what it then holds."""

    size_bytes: int = 16 * 1024**3
    duration_sec: float = 12 * 3600.0
    frame_pixels: int = 8192 * 4608
    frames: int = 3_000_000
    streams: int = 64


DEFAULT_LIMITS = MediaLimits()


def sniff(head: bytes) -> str | None:
    """FFmpeg's demuxer name for a file that starts with ``head``; None when the bytes are no known media.

    Only containers that carry their own data are known here. Playlists, concat scripts and manifests are not, so they
    can never make the reader follow a path or an address inside a file.
    """
    if head[4:8] in _MP4_ATOMS:
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF":
        return {b"AVI ": "avi", b"WAVE": "wav"}.get(head[8:12])
    prefixes = {
        b"FLV\x01": "flv", b"OggS": "ogg", b"fLaC": "flac", b"ID3": "mp3", b"\x00\x00\x01\xba": "mpeg", _ASF_GUID: "asf"
    }  # fmt: skip
    for prefix, name in prefixes.items():
        if head.startswith(prefix):
            return name
    if len(head) > 2 * TS_PACKET and all(head[k * TS_PACKET] == 0x47 for k in range(3)):
        return "mpegts"
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0:
        return "aac" if head[1] & 0x06 == 0 else "mp3"
    return None


def refusal(name: str, head: bytes) -> MediaError:
    """Why a file whose bytes are no known container cannot be used, in words for the person who put it there."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PLAYLISTS) or b"<smil" in text or b"<mpd" in text:
        return MediaError("playlist", f"{name} is a playlist, not a video; give the video files themselves")
    if not head.strip(b"\x00"):
        return MediaError("not_media", f"{name} starts with nothing but zero bytes; copy or download it again")
    is_text = all(byte >= 32 or byte in b"\t\r\n" for byte in head[:256])
    content = "plain text" if is_text else "no known video or audio container"
    return MediaError("not_media", f"{name} is not a video: its content is {content}")


@cache
def bound_allocations() -> None:
    """Let FFmpeg refuse blocks of memory that no file within the limits needs, for the whole process.

    It reads an index at opening, before any limit here can be looked at, and a file of 2 KB can announce one of gigabytes.
    PyAV has no call for this; its own copy of the library has, and another build of PyAV goes without.
    """
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.is_file() else []
    for library in {line.split(maxsplit=5)[-1] for line in lines if "/libavutil" in line}:
        limit = ctypes.CDLL(library).av_max_alloc
        limit.argtypes, limit.restype = [ctypes.c_size_t], None
        limit(LARGEST_BLOCK)


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turns what FFmpeg raises while the named file is read into MediaError("undecodable", ...), and a lack of memory or of
    open files into ShortageError: it is no fault of the file."""
    try:
        yield
    except (av.error.FFmpegError, EOFError) as error:
        # FFmpeg gives the same numbers to a file that asks for more than it may, or holds less than it says.
        if not isinstance(error, MemoryError | BlockingIOError) or not has_room(LARGEST_BLOCK):
            raise_if_short(error)
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MediaError("undecodable", f"{name} cannot be decoded: {text}") from error
    except IndexError as error:
        # Damaged FLV grows streams while it is read, and PyAV does not know of them.
        if not traceback.extract_tb(error.__traceback__)[-1].filename.startswith("av/"):
            raise
        raise MediaError(
            "undecodable", f"{name} cannot be decoded: it holds more streams than it began with"
        ) from error


def open_media(uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> av.container.InputContainer:
    """Opens a media file for reading; the caller closes the container (it is a context manager).

    Raises MediaError: missing, empty_file, too_large, playlist, not_media, undecodable, too_many_streams, too_long,
    too_many_frames, too_many_pixels.
    """
    bound_allocations()
    path = local_path(uri)
    if not path.is_file():
        raise MediaError("missing", f"{path.name} does not exist or is no regular file")
    size = path.stat().st_size
    if size == 0:
        raise MediaError("empty_file", f"{path.name} is empty (0 bytes); copy or download it again")
    if size > limits.size_bytes:
        raise MediaError("too_large", f"{path.name} has {size} bytes, above the limit of {limits.size_bytes}")
    with path.open("rb") as file:
        head = file.read(4096)
    name = sniff(head)
    if name is None:
        raise refusal(path.name, head)
    with decoding(path.name):
        # The explicit file: prefix keeps names such as "concat:a|b" from being read as a protocol.
        # Titles in another encoding than UTF-8 are common, and nobody reads them here.
        options = {"protocol_whitelist": "file"}
        container = av.open(f"file:{path.resolve()}", format=name, options=options, metadata_errors="replace")
    try:
        check_opened(path.name, container, limits)
    except MediaError:
        container.close()
        raise
    return container


def check_opened(name: str, container: av.container.InputContainer, limits: MediaLimits) -> None:
    """Holds an opened container to its limits: MediaError where its headers pass them, and a bound on later pictures."""
    _check_limits(name, container, limits)
    for stream in _decodable(container):  # a stream may grow beyond its header's size midway
        stream.codec_context.options = {"max_pixels": str(limits.frame_pixels)}


def _decodable(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The video streams in a codec that is known; PyAV gives the others neither size nor codec."""
    return [stream for stream in container.streams.video if bool(stream.codec_context)]


def _check_limits(name: str, container: av.container.InputContainer, limits: MediaLimits) -> None:
    """Raises MediaError when the opened file passes a bound that can be read from its headers."""
    if len(container.streams) > limits.streams:
        count = len(container.streams)
        raise MediaError("too_many_streams", f"{name} holds {count} streams, above the limit of {limits.streams}")
    seconds = (container.duration or 0) / av.time_base
    if seconds > limits.duration_sec:
        raise MediaError("too_long", f"{name} lasts {seconds:.0f} s, above the limit of {limits.duration_sec:.0f} s")
    for stream in _decodable(container):
        if stream.frames > limits.frames:
            raise MediaError("too_many_frames", f"{name} announces {stream.frames} frames, above {limits.frames}")
        if stream.width * stream.height > limits.frame_pixels:
            size = f"{stream.width}x{stream.height}"
            raise MediaError("too_many_pixels", f"{name} has {size} frames, above {limits.frame_pixels} pixels")
