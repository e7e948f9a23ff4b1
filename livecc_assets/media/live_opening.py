"""Opening live sources that their user named: sniffed, format forced, no other address reached, within limits (method 3.8)."""

import os
import ssl
import stat
import sys

import av
from av.container import InputContainer

from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_address import Address, LiveReport, Waits
from livecc_assets.media.live_bytes import BrokenOffError, ByteSource, FileBytes, PipeBytes
from livecc_assets.media.live_http import HttpBytes
from livecc_assets.media.live_stop import Stop
from livecc_assets.media.opening import MediaLimits, bound_allocations, check_opened, decoding, refusal, sniff

#: Bytes that are looked at before FFmpeg is told what they are; of a known kind fewer will do.
_HEAD, _ENOUGH = 4096, 1024
#: What FFmpeg reads before it says which streams there are, of a source that goes on in real time: microseconds, bytes.
_SHORT_LOOK = {"analyzeduration": "1000000", "probesize": "2000000"}
#: Seconds after which FFmpeg, where it speaks to the source itself, lets us look whether the source is still wanted. It waits on
#: where nothing came; a packet of which a part came, and the rest not within these seconds, is lost.
_LOOK_UP = 0.5
#: No protocol has this name: FFmpeg reads from the bytes that it is given and opens nothing.
_NO_PROTOCOL = {"protocol_whitelist": "none"}


class Opened:
    """A container, and the bytes under it (None where FFmpeg itself speaks to the source).

    ``head``: its first bytes.
    """

    def __init__(
        self, container: InputContainer, data: ByteSource | None, head: bytes, file: "_Guarded | None" = None
    ) -> None:
        self.container, self.data, self.head, self._file = container, data, head, file

    def pictured(self) -> None:
        """The bytes so far brought a picture."""
        if isinstance(self.data, HttpBytes):
            self.data.pictured()

    def raise_fault(self) -> None:
        """Raises what ended the bytes, if it was no end: MediaError, BrokenOffError."""
        if self._file is not None and self._file.fault is not None:
            raise self._file.fault

    @property
    def ended(self) -> bool:
        """Whether a source from which nothing more comes has come to its end, by its own account."""
        return self.data.ended if isinstance(self.data, HttpBytes) else self.data is not None

    def close(self) -> None:
        """Closes both."""
        self.container.close()
        if self.data is not None:
            self.data.close()


def open_live(address: Address, limits: MediaLimits, waits: Waits, stop: Stop, report: LiveReport) -> Opened:
    """Opens a source; the caller closes it.

    Raises MediaError: what open_media raises, timed_out, unreachable, http, not_streamable; BrokenOffError and StoppedError;
    av.error.FFmpegError of a network source that cannot be opened.
    """
    bound_allocations()
    if address.kind in {"rtsp", "camera"}:
        return Opened(_by_ffmpeg(address, limits, waits), None, b"")
    data = _bytes_of(address, limits, waits, stop, report)
    try:
        return _by_bytes(address, limits, data)
    except BaseException:
        data.close()
        raise


def _by_ffmpeg(address: Address, limits: MediaLimits, waits: Waits) -> InputContainer:
    """RTSP over its one TCP connection, or a camera."""
    if address.kind == "camera":
        source, form, options = address.uri, "v4l2", {"protocol_whitelist": "file"}
    else:
        secure = address.uri.lower().startswith("rtsps:")
        options = {"protocol_whitelist": "rtsp,rtsps,tls,tcp" if secure else "rtsp,tcp", "rtsp_transport": "tcp"}
        if secure:
            paths = ssl.get_default_verify_paths()
            options |= {"tls_verify": "1"} | ({"ca_file": paths.cafile} if paths.cafile else {})
        source, form, options = address.uri, "rtsp", options | _SHORT_LOOK
    patience = (waits.opening, min(_LOOK_UP, waits.reading))
    container = av.open(source, format=form, options=options, metadata_errors="replace", timeout=patience)
    return _checked(address, container, limits)


def _bytes_of(
    address: Address, limits: MediaLimits, waits: Waits, stop: Stop, report: LiveReport
) -> FileBytes | PipeBytes | HttpBytes:
    if address.kind == "http":
        data = HttpBytes(address, waits, stop, report)
        size = data.length or 0
    else:
        try:
            mode = os.fstat(sys.stdin.fileno()) if address.uri == "-" else os.stat(address.uri)
            if not stat.S_ISREG(mode.st_mode):
                return PipeBytes(address, waits, stop)
            data, size = FileBytes(address, waits, stop, report), mode.st_size
        except OSError as error:
            raise MediaError("missing", f"{address.name} cannot be opened: {error.strerror or error}") from error
    if size > limits.size_bytes:
        data.close()
        raise MediaError("too_large", f"{address.name} has {size} bytes, above the limit of {limits.size_bytes}")
    return data


def _by_bytes(address: Address, limits: MediaLimits, data: FileBytes | PipeBytes | HttpBytes) -> Opened:
    head = b""
    while len(head) < (_ENOUGH if sniff(head) else _HEAD) and (piece := data.read(_HEAD - len(head))):
        head += piece
    if not head:
        raise MediaError("empty_file", f"{address.name} delivered no bytes")
    name = sniff(head)
    if name is None:
        raise refusal(address.name, head)
    if name == "mov" and not data.seekable() and _index_is_last(head):
        raise MediaError(
            "not_streamable",
            f"the index of {address.name} comes after its pictures, so it cannot be read as it comes; write it as "
            "Matroska, MPEG-TS or fragmented mp4 (-movflags frag_keyframe+empty_moov), or give the complete file",
        )
    if isinstance(data, PipeBytes) or not data.seekable():
        file = _Guarded(head, data)
    else:
        data.seek(0)
        file = _Seekable(data)
    try:
        with decoding(address.name):
            container = av.open(file, "r", format=name, options=dict(_NO_PROTOCOL), metadata_errors="replace")
    except MediaError as error:
        raise file.fault or error from error
    assert isinstance(container, InputContainer)
    return Opened(_checked(address, container, limits), data, head, file)


def _checked(address: Address, container: InputContainer, limits: MediaLimits) -> InputContainer:
    try:
        check_opened(address.name, container, limits)
    except (MediaError, UserError):
        container.close()
        raise
    return container


def _index_is_last(head: bytes) -> bool:
    """Whether the samples of an mp4 come before its index, as far as its first boxes tell."""
    at = 0
    while at + 8 <= len(head):
        size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if kind in {b"moov", b"moof"}:
            return False
        if kind == b"mdat":
            return True
        if size == 1:
            size = int.from_bytes(head[at + 8 : at + 16], "big")
        if size < 8:
            return False
        at += size
    return False


class _Guarded:
    """What FFmpeg reads: the bytes that were looked at already, then the others. A fault is an end to it, so that it hands out
    all that came before, and is told afterwards."""

    def __init__(self, head: bytes, data: ByteSource) -> None:
        self._head, self._data = head, data
        self.fault: MediaError | BrokenOffError | None = None

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes."""
        if self._head:
            piece, self._head = self._head[:count], self._head[count:]
            return piece
        if self.fault is not None:
            return b""
        try:
            return self._data.read(count)
        except (MediaError, BrokenOffError) as fault:
            self.fault = fault
            return b""

    def seekable(self) -> bool:
        """Never: a pipe."""
        return False


class _Seekable(_Guarded):
    """The same of a source that can be read from another place."""

    def __init__(self, data: FileBytes | HttpBytes) -> None:
        super().__init__(b"", data)
        self._places = data

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to a place."""
        return self._places.seek(offset, whence)

    def tell(self) -> int:
        """The place in bytes."""
        return self._places.tell()
