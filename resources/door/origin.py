"""From which page a request comes. A browser says so in ``Origin`` and ``Sec-Fetch-Site``, and no page can forge either."""

from starlette.datastructures import Headers
from starlette.types import Scope

#: Methods that ask and change nothing.
ASKING = frozenset({"GET", "HEAD"})
_OWN = {"same-origin", "none"}  # none: the address bar, a bookmark


def is_foreign(scope: Scope, headers: Headers, host: str) -> bool:
    """Whether another site's page sends this; what is no browser (curl, Dagster's Python client) says nothing, and is not.

    The page's own origin is ``host`` with either scheme: a proxy in front may end TLS, and no other server shares host and port.
    Another port is another origin. A link to a page works from anywhere: a top-level GET changes nothing, and the site with the
    link sees nothing of the answer. An image, a frame or a script of another site has no business here.
    """
    origins = [one.lower() for one in headers.getlist("origin")]
    own = {f"http://{host.lower()}", f"https://{host.lower()}"}
    if not own.issuperset(origins):
        return True
    if scope["type"] == "websocket" and origins:
        return False  # browsers disagree whether ws: and http: are one site, and all send Origin with a handshake
    sites = {one.lower() for one in headers.getlist("sec-fetch-site")}
    return not (sites <= _OWN or _is_link(scope, headers))


def _is_link(scope: Scope, headers: Headers) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] in ASKING
        and headers.getlist("sec-fetch-mode") == ["navigate"]
        and headers.getlist("sec-fetch-dest") == ["document"]
    )
