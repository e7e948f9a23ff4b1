"""Bytes from a web address that the user named: certificates checked, redirects followed by hand, gone on with after a break."""

import ipaddress
import os
import re
import socket
import time
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from livecc_assets.core.errors import MediaError
from livecc_assets.core.http import is_passing, reason
from livecc_assets.media.live_address import Address, LiveReport, Waits
from livecc_assets.media.live_backoff import Backoff
from livecc_assets.media.live_bytes import BrokenOffError, StoppedError
from livecc_assets.media.live_connection import Cut, manager
from livecc_assets.media.live_stop import Stop

_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}


class HttpBytes:
    """The body of an answer. A server that takes ranges is asked for the rest when it breaks off, and can be sought in.

    ``length`` is the body's in bytes, None where the server does not say: a live stream. ``ended``: whether the end was reached
    that the server told. No proxy is used. A read ends at once when ``stop`` is set. Reads that waited ``waits.outage`` seconds
    together since the last picture (:meth:`pictured`) are the last, however many bytes dripped meanwhile. Raises MediaError:
    http (its status, a redirect that is not followed), unreachable, changed, gone, timed_out; StoppedError.
    """

    def __init__(self, address: Address, waits: Waits, stop: Stop, report: LiveReport) -> None:
        self._address, self._waits, self._stop, self._report = address, waits, stop, report
        self._cut, self._waited = Cut(stop), 0.0
        self._manager = manager(self._cut)
        self._at, self.length, self._ranges, self._mark = 0, None, False, ""
        self.ended = False
        self._answer: HTTPResponse | None = None
        try:
            self._ask()
        except BaseException as error:
            self.close()
            if stop.is_set():
                raise StoppedError from error
            if isinstance(error, BrokenOffError):
                raise MediaError("unreachable", f"{address.name} cannot be reached: {error}") from error
            raise

    def read(self, count: int) -> bytes:
        """See ByteSource."""
        backoff = Backoff(self._waits, self._stop)
        while True:
            began = time.monotonic()
            try:
                data = self._read(count)
                self._stay(time.monotonic() - began)
                return data
            except (HTTPError, OSError) as error:
                self._answer = None
                problem = reason(error)
            except BrokenOffError as error:
                problem = str(error)
            self._stay(time.monotonic() - began)
            if not self._ranges:
                raise BrokenOffError(problem)
            pause = backoff.pause()
            if pause is None:
                raise MediaError("gone", f"{self._address.name} broke off ({problem}) and did not come back")
            self._report.reopened += 1
            self._report.tell(f"{self._address.name} broke off at byte {self._at} ({problem}); asked for the rest")

    def pictured(self) -> None:
        """What was read so far brought a picture."""
        self._waited = 0.0

    def _stay(self, waited: float) -> None:
        """Raises StoppedError when nobody wants more, and MediaError("timed_out") when the waiting is in vain."""
        if self._stop.is_set():
            raise StoppedError
        self._waited += waited
        if self._waited > self._waits.outage:
            detail = (
                f"{self._address.name} delivered no picture in {self._waits.outage:g} s; check that it sends a video"
            )
            raise MediaError("timed_out", detail)

    def _read(self, count: int) -> bytes:
        if self.length is not None and self._at >= self.length:
            self.ended = True
            return b""
        if self._answer is None:
            self._ask()
        assert self._answer is not None
        data = self._answer.read1(count)
        self._at += len(data)
        self.ended = not data and self._is_whole()
        if not data and not self.ended:
            self._answer = None
            raise BrokenOffError("the connection was closed")
        return data

    def _is_whole(self) -> bool:
        """Whether an answer that ended says itself that it was all."""
        assert self._answer is not None
        return self._at == self.length if self.length is not None else bool(self._answer.chunked)

    def _ask(self) -> None:
        """Asks for the body from ``_at`` on. Raises BrokenOffError where another try may help."""
        self._cut.let_go()
        headers = {"User-Agent": "livecc-assets", "Accept-Encoding": "identity", "Range": f"bytes={self._at}-"}
        if self._at and self._mark:
            headers["If-Range"] = self._mark
        answer = self._follow(headers)
        if answer.status == 416 and self._at:
            raise MediaError("changed", f"{self._address.name} was cut short by its server")
        if answer.status not in {200, 206}:
            if is_passing(answer.status):
                raise BrokenOffError(f"it answers {answer.status}")
            raise MediaError("http", f"{self._address.name} answers {answer.status} {answer.reason or ''}".rstrip())
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
        ranges = answer.status == 206 and size.isdecimal()
        if self._at and not ranges:
            raise MediaError("changed", f"{self._address.name} was exchanged by its server while it was read")
        length = answer.headers.get("Content-Length", "")
        self.length = int(size) if ranges else int(length) if length.isdecimal() else None
        self._ranges, self._answer = ranges, answer
        self._mark = answer.headers.get("ETag", "") or answer.headers.get("Last-Modified", "")
        if self._mark.startswith("W/"):
            self._mark = ""

    def _follow(self, headers: dict[str, str]) -> HTTPResponse:
        """The answer behind at most five redirects, all of which stay in http and https."""
        url = self._address.uri
        timeout = urllib3.Timeout(connect=self._waits.opening, read=self._waits.reading)
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                with self._cut.after(self._waits.opening + self._waits.reading):
                    answer = self._manager.request(
                        "GET", url, headers=headers, timeout=timeout, preload_content=False, redirect=False
                    )
            except (HTTPError, OSError, ValueError) as error:
                raise BrokenOffError(reason(error)) from error
            assert isinstance(answer, HTTPResponse)
            target = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not target:
                return answer
            answer.close()
            url = self._checked(url, urljoin(url, target))
        raise MediaError("http", f"{self._address.name} redirects more than {_MOST_REDIRECTS} times")

    def _checked(self, url: str, target: str) -> str:
        """The target of a redirect; MediaError where it leads out of the web, out of TLS or into a private network."""
        old, new = urlsplit(url), urlsplit(target)
        strange = re.search(r"[\x00-\x20\x7f\\]", target)  # read otherwise by who opens it than here
        if (
            strange
            or new.scheme not in {"http", "https"}
            or not new.hostname
            or (old.scheme, new.scheme) == ("https", "http")
        ):
            kind = "strange" if strange else new.scheme or "strange"
            raise MediaError("http", f"{self._address.name} redirects to a {kind} address; not followed")
        if new.hostname != old.hostname and not _is_public(new.hostname):
            raise MediaError(
                "http",
                f"{self._address.name} redirects to {new.hostname} in a private network; name that address yourself",
            )
        return target

    def seekable(self) -> bool:
        """Whether the server gives parts of a body whose length is known."""
        return self._ranges

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to a place; it is asked for with the next read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.length or 0}[whence]
        if max(0, base + offset) != self._at:
            self._at = max(0, base + offset)
            self._hang_up()
        return self._at

    def tell(self) -> int:
        """The place in bytes."""
        return self._at

    def close(self) -> None:
        """Ends the connection, for good."""
        self._stop.forget(self._cut.now)
        self._hang_up()

    def _hang_up(self) -> None:
        if self._answer is not None:
            self._answer.close()
            self._answer = None
        self._cut.let_go()


def _is_public(host: str) -> bool:
    """Whether every address of a host is on the public internet."""
    try:
        found = {str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(address).is_global for address in found)
