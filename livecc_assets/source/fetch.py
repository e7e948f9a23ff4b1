"""Downloads of single files from the web; ``source.fetch_list`` says which, and only ``livecc ingest --fetch`` asks for it.

Connections go to the addresses that were checked (``source.addresses``), redirects are followed by hand and checked alike, no
proxy is used, and size and time are bounded by what arrives, not by what a header promises.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Url

from livecc_assets.core.errors import UserError
from livecc_assets.core.http import TryAgainError, is_passing, patient, reason, retry_after
from livecc_assets.source.addresses import Address, Resolver, is_public, look_up, parse, pinned, port_of, shown
from livecc_assets.source.deadline import Deadline

_REDIRECTS = {301, 302, 303, 307, 308}
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Bounds:
    """Of one download: bytes, seconds to connect, seconds of silence, seconds in all, redirects, tries where the server is
    busy, and about how many seconds lie between the first two of them."""

    size_bytes: int = 16 * 1024**3
    connect_sec: float = 10.0
    silent_sec: float = 30.0
    total_sec: float = 2 * 3600.0
    redirects: int = 5
    tries: int = 3
    pause_sec: float = 2.0


@dataclass(frozen=True)
class Fetcher:
    """Fetches files one by one. ``resolve`` and ``allowed`` are replaced in tests only, to reach a server of the test's own."""

    bounds: Bounds = Bounds()
    resolve: Resolver = look_up
    allowed: Callable[[Address], bool] = is_public

    def fetch(self, address: str, target: Path) -> None:
        """Download to ``target``, which appears when it is whole. Raises UserError naming the address and the remedy.

        A server that says that it is busy is asked again, not before the time that its ``Retry-After`` names.
        """
        url, bounds = parse(address), self.bounds
        with Deadline(bounds.total_sec) as deadline:
            try:
                patient(lambda: self._follow(url, target, deadline), bounds.tries, bounds.pause_sec, bounds.total_sec)
            except TryAgainError as busy:
                raise UserError(f"{shown(url)}: {busy}; try again later") from None

    def _follow(self, url: Url, target: Path, deadline: Deadline) -> None:
        for _ in range(self.bounds.redirects + 1):
            with self._asked(url, deadline) as answer:
                if answer.status not in _REDIRECTS:
                    self._keep(url, answer, target, deadline)
                    return
                onward = _onward(url, answer.headers.get("Location", ""))
            if url.scheme == "https" and onward.scheme != "https":
                raise UserError(f"{shown(url)}: redirects from https to {shown(onward)}; name an https address")
            url = onward
        raise UserError(f"{shown(url)}: redirects more than {self.bounds.redirects} times; name the file's own address")

    def _asked(self, url: Url, deadline: Deadline) -> "_Answer":
        """The answer's head, from the first of the host's checked addresses that takes a connection."""
        why = ""
        for place in pinned(url, self.resolve, self.allowed):
            pool = _pool(url, place)
            pool.ConnectionCls = deadline.connections(pool.ConnectionCls)
            timeout = urllib3.Timeout(connect=self.bounds.connect_sec, read=self.bounds.silent_sec)
            try:
                answer = pool.urlopen(
                    "GET",
                    url.request_uri,
                    headers={"Host": url.netloc or "", "Accept-Encoding": "identity", "User-Agent": "livecc-assets"},
                    redirect=False,
                    retries=False,
                    timeout=timeout,
                    preload_content=False,
                    decode_content=False,
                )
                if not deadline.passed:
                    return _Answer(pool, answer)
                answer.close()
            except (HTTPError, ValueError) as error:  # TLS refuses some names of hosts with the latter
                why = reason(error)
            pool.close()
            if deadline.passed:
                raise self._late(url)
        raise UserError(f"{shown(url)}: no answer ({why}); check the address, or try again later")

    def _keep(self, url: Url, answer: "_Answer", target: Path, deadline: Deadline) -> None:
        most = self.bounds.size_bytes
        if is_passing(answer.status):
            raise TryAgainError(f"the server answered {answer.status}", answer.retry_after)
        if answer.status != 200:
            raise UserError(f"{shown(url)}: the server answered {answer.status}; check the address")
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UserError(
                f"{shown(url)}: the server sends it compressed, which was not asked for; download it by hand"
            )
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > most:
            raise UserError(f"{shown(url)}: has {length} bytes, above the limit of {most}; download it by hand")
        staged = target.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.part")
        size = 0
        try:
            with staged.open("wb") as file:
                for block in answer.blocks():
                    size += len(block)
                    if size > most:
                        raise UserError(f"{shown(url)}: sends more than the limit of {most} bytes; download it by hand")
                    file.write(block)
            if deadline.passed:
                raise self._late(url)
            if not size:
                raise UserError(f"{shown(url)}: is empty; check the address")
            staged.replace(target)
        except (HTTPError, OSError) as error:
            if deadline.passed:
                raise self._late(url) from None
            raise UserError(f"{shown(url)}: broke off after {size} bytes ({reason(error)}); try again") from None
        finally:
            staged.unlink(missing_ok=True)

    def _late(self, url: Url) -> UserError:
        return UserError(f"{shown(url)}: takes longer than {self.bounds.total_sec:g} s; download it by hand")


@dataclass(frozen=True)
class _Answer:
    """An answer whose body has not been read, with the connection that it comes over."""

    pool: urllib3.HTTPConnectionPool
    answer: urllib3.BaseHTTPResponse

    def __enter__(self) -> "_Answer":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self.pool.close()

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def retry_after(self) -> float:
        return retry_after(self.answer)

    @property
    def headers(self) -> urllib3.HTTPHeaderDict:
        return self.answer.headers

    def blocks(self) -> Iterator[bytes]:
        """What arrives, as it arrives: a block is never waited for whole, so that a trickle is seen."""
        while block := self.answer.read1(_BLOCK, decode_content=False):
            yield block


def _onward(url: Url, location: str) -> Url:
    """Where a redirect leads."""
    try:
        return parse(urljoin(str(url), location))
    except ValueError:  # half of an IPv6 address, for one
        raise UserError(f"{shown(url)}: redirects to what is no web address; name the file's own address") from None


def _pool(url: Url, place: str) -> urllib3.HTTPConnectionPool:
    """A way to ``place`` alone, on which the certificate must be that of the address's own host."""
    host, port = str(url.host).strip("[]"), port_of(url)
    if url.scheme == "http":
        return urllib3.HTTPConnectionPool(place, port, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        place, port, maxsize=1, server_hostname=host, assert_hostname=host, cert_reqs="CERT_REQUIRED"
    )
