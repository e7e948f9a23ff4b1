"""ASGI middleware that stands before Dagster's webserver and before MLflow's, and before the pages of ``livecc serve``.

Neither knows users. Dagster's server answers any ``Host``, and runs a mutation that stands in a GET's address, so without a door
any web page that the operator has open can press its buttons. MLflow's own checks admit ``10.any.name`` as a host and every
port of this machine as an origin. What is let in, and why: docs/threat-model.md, "The UIs".
"""

import os
from collections.abc import Mapping
from typing import TypedDict

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resources.door.hosts import HOSTS, host_names, is_known
from resources.door.origin import ASKING, is_foreign
from resources.door.token import COOKIE, TOKEN, admission, is_admitted, refusal

#: Added to every answer that has none: no other site may frame the page, and have its buttons clicked through the frame.
_ADDED = {"x-frame-options": "SAMEORIGIN", "x-content-type-options": "nosniff"}


class Keys(TypedDict):
    """What a door knows: the names under which its page answers, and the token that it asks for, if any."""

    names: frozenset[str]
    token: str | None


def door_from_environment(environment: Mapping[str, str] = os.environ) -> Keys:
    """The arguments of a :class:`Door`, from :data:`HOSTS` and :data:`TOKEN`."""
    return Keys(names=host_names(environment.get(HOSTS, "").split(",")), token=environment.get(TOKEN) or None)


class Door:
    """Lets in what comes under a known name, from the page itself or from no page, and with the token where there is one."""

    def __init__(self, app: ASGIApp, names: frozenset[str], token: str | None = None, cookie: str = COOKIE) -> None:
        self._app, self._names, self._token, self._cookie = app, names, token, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        answer = self._answer(scope)
        if answer is not None:
            return await answer(scope, receive, send)
        if scope["type"] == "http" and _is_graphql(scope):
            scope = {**scope, "query_string": b""}  # the playground reads its query in the browser

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ADDED.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _answer(self, scope: Scope) -> Response | None:
        """The answer to what is not let in; None lets it in."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not is_known(hosts[0], self._names, scope):
            return _refuse(f"This page does not answer to that Host; if it is yours, add its name to {HOSTS}.")
        if is_foreign(scope, headers, hosts[0]):
            return _refuse(
                "This comes from another site's page. Use this page itself; a proxy in front has to pass the Host header on."
            )
        if self._token is not None:
            admitting = admission(scope, self._token, self._cookie)
            if admitting is not None:
                return admitting
            if not is_admitted(scope, self._token, self._cookie):
                return _refuse(refusal(), 401)
        if scope["type"] == "http" and _is_graphql(scope) and "text/html" not in headers.get("accept", ""):
            return PlainTextResponse("Send GraphQL by POST; a GET executes nothing.", 405, {"allow": "POST"})
        return None


def _is_graphql(scope: Scope) -> bool:
    """A GET of the GraphQL endpoint, at whatever prefix; as a page it is Dagster's playground."""
    return scope["method"] in ASKING and scope["path"].rstrip("/").endswith("/graphql")


def _refuse(text: str, status: int = 403) -> Response:
    return PlainTextResponse(text, status, {"cache-control": "no-store"})
