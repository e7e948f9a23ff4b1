"""Where a web address leads: its host is resolved once, and only machines of the public internet are spoken to.

Whoever writes a list of addresses would otherwise choose what this machine asks for inside its own network: a database, a
cluster's API, the credentials that a cloud hands to its machines.
"""

import ipaddress
import socket
from collections.abc import Callable

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact

#: Host and port to the addresses that a connection may be made to.
Resolver = Callable[[str, int], list[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Global unicast; the rest of IPv6 is local, or wraps an IPv4 address (mapped, NAT64) that would need a look of its own.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
#: Global by their number only: protocol assignments (some clouds' metadata), and what a cloud answers its own machines on.
_NOT_REALLY = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("168.63.129.16/32"))
_PORTS = {"http": 80, "https": 443}


def is_public(address: Address) -> bool:
    """Whether an address is one machine of the public internet, and is not a way to an IPv4 address inside another."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address in _GLOBAL_UNICAST and address.sixtofour is None and address.teredo is None
    return not any(address in network for network in _NOT_REALLY)


def parse(address: str) -> Url:
    """The parts of an http or https address. Raises UserError for anything else."""
    try:
        url = parse_url(address)
    except LocationParseError:
        raise UserError(f"{_quoted(address)} is no web address; write http(s)://host/path/NAME.mp4") from None
    if url.scheme not in _PORTS or not url.host:
        raise UserError(
            f"{_quoted(address)}: only http:// and https:// addresses are fetched; copy other files by hand"
        )
    if url.auth is not None:
        raise UserError(f"{shown(url)}: addresses with a password are not fetched; use a signed link")
    return url


def shown(url: Url) -> str:
    """The address for messages: without a password, and without the query, which is the secret of a signed link."""
    return f"{url.scheme}://{url.netloc}{url.path or ''}"


def _quoted(address: str) -> str:
    """What was given as an address and is none, for messages like :func:`shown`."""
    return repr(redact(address, {}).partition("?")[0][:200])


def port_of(url: Url) -> int:
    """The address's port, or the usual one of its scheme."""
    return url.port or _PORTS[str(url.scheme)]


def look_up(host: str, port: int) -> list[str]:
    """Every address of a host, as the system's resolver gives them. Raises OSError when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def pinned(url: Url, resolve: Resolver = look_up, allowed: Callable[[Address], bool] = is_public) -> list[str]:
    """The addresses of ``url``'s host; connect to these and ask no resolver again, whose second answer may differ.

    Raises UserError when the host has none, and when any of them is not ``allowed``: a name that leads inside as well as
    outside is no mistake of a resolver.
    """
    host = str(url.host).strip("[]")
    try:
        found = resolve(host, port_of(url))
    except (OSError, UnicodeError) as error:
        raise UserError(f"{shown(url)}: the host {host} cannot be resolved ({error}); check the address") from None
    if not found:
        raise UserError(f"{shown(url)}: the host {host} has no address; check the address")
    for one in found:
        if not allowed(ipaddress.ip_address(one.partition("%")[0])):
            raise UserError(
                f"{shown(url)}: {host} leads to {one}, which is not on the public internet, so it is not fetched; copy the "
                "file into a folder and ingest that"
            )
    return found
