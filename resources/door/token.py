"""The token that a page asks for away from loopback: in the link printed at the start, then in a cookie."""

import secrets
from html import escape
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

#: The token; while it is unset, the pages ask for none.
TOKEN = "LIVECC_UI_TOKEN"
#: One for both pages: a cookie knows no port.
COOKIE = "livecc-ui"
#: What probes ask, and what tells nothing but versions.
OPEN = frozenset({"/server_info", "/health"})
_REMEDY = f"open the link that `livecc ui` or `livecc serve` printed, or send `Authorization: Bearer` with the value of {TOKEN}"


def is_admitted(scope: Scope, token: str, cookie: str = COOKIE) -> bool:
    """Whether the request carries the token, in the ``cookie`` or as a bearer's, or asks only what is open."""
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"] in OPEN:
        return True
    asked = HTTPConnection(scope)
    kind, _, given = asked.headers.get("authorization", "").partition(" ")
    by_header = kind.lower() == "bearer" and _same(given.strip(), token)
    return by_header or _same(asked.cookies.get(cookie, ""), token)


def admission(scope: Scope, token: str, cookie: str = COOKIE) -> Response | None:
    """The answer to the link with the token: the cookie, and on to the address without it. None if this is no such link."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if not any(name == "token" and _same(value, token) for name, value in asked):
        return None
    rest = urlencode([(name, value) for name, value in asked if name != "token"])
    # "//name" would lead to another server.
    path = "/" + quote(scope["path"].lstrip("/")) + (f"?{rest}" if rest else "")
    # No redirect: after a click in a mail the browser would follow it as that site's, and without a strict cookie.
    answer = HTMLResponse(f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(path)}">')
    answer.set_cookie(cookie, token, httponly=True, samesite="strict", secure=scope.get("scheme") == "https")
    answer.headers["referrer-policy"] = "no-referrer"
    answer.headers["cache-control"] = "no-store"
    return answer


def refusal() -> str:
    """What a request without the token is told."""
    return f"This page asks for a token: {_REMEDY}."


def _same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())
