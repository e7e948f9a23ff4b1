"""Where the pages of ``livecc ui`` are, and what opens them: the names they answer to, and the token away from loopback."""

import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import quote

from resources.door.hosts import HOSTS, host_names
from resources.door.token import TOKEN

#: Bytes of a token that `livecc ui` makes.
STRENGTH = 24


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``. A name other than localhost may mean anything, and is not taken for it."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def address(host: str, port: int) -> str:
    """The address of a page; an IPv6 address gets its brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def door_keys(host: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What the pages' environment says to their doors: the names in force, and a token where more than loopback is served.

    A token in ``environment`` is kept: links stay good when the servers start again.
    """
    names = ",".join(sorted(host_names([*environment.get(HOSTS, "").split(","), host])))
    token = environment.get(TOKEN) or ("" if is_loopback(host) else secrets.token_urlsafe(STRENGTH))
    return {HOSTS: names, TOKEN: token}


def greeting(host: str, port: int, mlflow_port: int, token: str | None) -> str:
    """The lines that `livecc ui` prints: the two addresses, with the token where there is one."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    key = f"/?token={quote(token, safe='')}" if token else ""
    pages = (f"{name} {address(shown, where)}{key}" for name, where in (("Dagster", port), ("MLflow", mlflow_port)))
    lines = "   ".join(pages) + "   (Ctrl-C ends both)"
    if shown != host:
        lines += f"\nFrom other machines: the same with this machine's address, or with a name that {HOSTS} lists"
    return lines
