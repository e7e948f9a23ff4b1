"""What stands before Dagster's web server: only the UI's own pages press its buttons (docs/threat-model.md, "The UIs").

Dagster's server asks neither for which name it was called nor which page sent a request, and runs GraphQL that comes in the
address of a GET. So an image in any page could start a run.
"""

import hmac
import os
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Names of a machine for itself; no page of another machine has them.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: More names under which the UI may be called, joined by commas: of an ingress, of a service.
HOSTS = "LIVECC_UI_HOSTS"
#: What a browser has to bring where others reach the port.
TOKEN = "LIVECC_UI_TOKEN"

_COOKIE = "livecc-ui-token"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Door:
    """ASGI middleware. ``hosts`` are the names under which the server may be called; any with a ``token``.

    Refuses with 403 another name and whatever another page sends, with 405 GraphQL in a GET, with 401 who has no token.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = (), token: str = "") -> None:
        self.app, self.token = app, token
        self.hosts = LOOPBACK | {host.strip().lower() for host in hosts if host.strip()}

    @classmethod
    def of_environment(cls, app: ASGIApp) -> "Door":
        """As the variables LIVECC_UI_HOSTS and LIVECC_UI_TOKEN say."""
        return cls(app, os.environ.get(HOSTS, "").split(","), os.environ.get(TOKEN, ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif refused := self._refused(scope):
            await _answer(scope, receive, send, *refused)
        elif self.token and (offered := _offered(scope)) and self._right(offered):
            await self._let_in(scope, receive, send)
        elif self.token and not self._knows(scope):
            await _answer(
                scope, receive, send, 401, "open the address that `livecc ui` printed, which carries the token"
            )
        else:
            await self.app(scope, receive, _unframed(send))

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        called = _values(scope, "host")
        if len(called) != 1:
            return 400, "one Host header is needed"
        if not self.token and _name(called[0]) not in self.hosts:
            return 403, f"this server is not called {_name(called[0])!a}; name it in {HOSTS}, or use http://127.0.0.1"
        if scope["type"] == "http" and scope["method"] in _READING:
            runs_query = scope["path"].rstrip("/").endswith("/graphql") and "text/html" not in "".join(
                _values(scope, "accept")
            )
            return (405, "GraphQL is answered to POST only") if runs_query else None
        own = all(_is_own(origin, called[0]) for origin in _values(scope, "origin"))
        if not own or not set(_values(scope, "sec-fetch-site")) <= {"same-origin", "none"}:
            return 403, "another page sent this; the UI answers its own pages only"
        return None

    def _right(self, offered: str) -> bool:
        return hmac.compare_digest(offered.encode(), self.token.encode())

    def _knows(self, scope: Scope) -> bool:
        """Whether the cookie, or the header that programs send, holds the token."""
        said = [value.removeprefix("Bearer ") for value in _values(scope, "authorization")]
        for value in _values(scope, "cookie"):
            try:
                found = SimpleCookie(value).get(_COOKIE)
            except CookieError:
                continue
            said += [found.value] if found else []
        return any(map(self._right, said))

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the same address without the token, which then is in no history, with a cookie that scripts cannot read."""
        kept = [(key, value) for key, value in parse_qsl(scope["query_string"].decode("latin-1")) if key != "token"]
        # A path that begins with two slashes would name another machine.
        path = "/" + scope["path"].lstrip("/\\") + (f"?{urlencode(kept)}" if kept else "")
        answer = RedirectResponse(path, 303)
        answer.set_cookie(_COOKIE, self.token, httponly=True, samesite="strict", path="/")
        await answer(scope, receive, send)


def _values(scope: Scope, name: str) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name.encode()]


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return host


def _is_own(origin: str, host: str) -> bool:
    """Whether a page of this origin came from the server that is called ``host``, behind a proxy that does TLS or not."""
    parts = origin.lower().partition("://")
    return parts[0] in ("http", "https") and parts[2] == host.lower()


def _offered(scope: Scope) -> str:
    if scope["type"] != "http" or scope["method"] != "GET":
        return ""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", "")


def _unframed(send: Send) -> Send:
    """No other page may lay the UI, unseen, under its own buttons."""

    async def framed(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("X-Frame-Options", "SAMEORIGIN")
        await send(message)

    return framed


async def _answer(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why[:120]})
    else:
        await PlainTextResponse(f"{why}\n", status)(scope, receive, send)
