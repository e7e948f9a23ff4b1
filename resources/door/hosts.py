"""Under which names a page answers.

A page that answers to any ``Host`` can be read and used by a stranger's page whose name resolves to this machine (DNS
rebinding): for the browser the two are one origin.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

from livecc_assets.core.errors import UserError

#: Further names, separated by commas: of an ingress, a proxy, this machine in its network.
HOSTS = "LIVECC_UI_HOSTS"

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)(?::[0-9]+)?")


def host_names(listed: Iterable[str]) -> frozenset[str]:
    """The loopback names and the ``listed`` ones, as :func:`name_of` gives them; an IPv6 address may lack its brackets."""
    found = set(LOOPBACK)
    for one in filter(None, map(str.strip, listed)):
        name = name_of(f"[{one}]" if one.count(":") > 1 and not one.startswith("[") else one)
        if name is None:
            raise UserError(f"{HOSTS} holds {one!r}; write names without scheme or *: ui.example,192.168.1.5")
        found.add(name)
    return frozenset(found)


def name_of(host: str) -> str | None:
    """The name in a ``Host`` header, in small letters and without the port; None if that is no host."""
    match = _HOST.fullmatch(host.lower())
    return match["name"] if match else None


def is_known(host: str, names: frozenset[str], scope: Scope) -> bool:
    """Whether this ``Host`` is one of ``names``, or the very address at which the connection came in.

    That address needs no setting, for no resolver can give it another meaning: it is what Kubernetes's probes ask, and what
    the address bar holds when a machine is opened by its number.
    """
    name = name_of(host)
    return name is not None and (name in names or name == _reached(scope))


def _reached(scope: Scope) -> str | None:
    try:
        address = ip_address((scope.get("server") or ("",))[0])
    except ValueError:  # a socket file, a test's client
        return None
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped) if address.ipv4_mapped else f"[{address}]"
    return str(address)
