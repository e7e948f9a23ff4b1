"""A page of somebody else, in a real browser, reaches for the buttons of the UI; nothing changes, and the UI works."""

import html
import http.client
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.ui_server import WHERE, ask, running_ui

_CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [pytest.mark.live, pytest.mark.skipif(_CHROMIUM is None, reason="no chromium on this machine")]

_SELECTOR = ", ".join(f'{key}: "{value}"' for key, value in (WHERE | {"scheduleName": "recurate"}).items())
START = f"mutation {{ startSchedule(scheduleSelector: {{{_SELECTOR}}}) {{ __typename }} }}"
STATE = (
    f"{{ scheduleOrError(scheduleSelector: {{{_SELECTOR}}}) {{ ... on Schedule {{ scheduleState {{ status }} }} }} }}"
)

#: In every way that needs nobody's consent: by image, form, fetch and socket.
PAGE = """<!doctype html><title>cats</title><img src="{at}/graphql?query={query}">
<iframe name="f1"></iframe><iframe name="f2"></iframe><iframe name="f3"></iframe><iframe src="{at}/"></iframe>
<form target="f1" method="post" action="{at}/graphql?query={query}"><input name="x" value="1"></form>
<form target="f2" method="post" enctype="multipart/form-data" action="{at}/graphql?query={query}"><input name="x"></form>
<form target="f3" method="post" enctype="text/plain" action="{at}/graphql?query={query}"><input name="x"></form>
<script>
for (const form of document.forms) form.submit();
const body = JSON.stringify({{query: decodeURIComponent("{query}")}}), done = [];
const send = (type, mode) => fetch("{at}/graphql", {{method: "POST", mode, body, headers: {{"Content-Type": type}}}});
done.push(send("text/plain", "no-cors"), send("application/graphql", "cors"), send("application/json", "cors"));
done.push(fetch("{at}/graphql?query={query}", {{mode: "no-cors"}}));
done.push(new Promise(end => {{
  const socket = new WebSocket("{ws}/graphql", "graphql-ws");
  socket.onopen = () => {{ document.title = "in"; end(); }};
  socket.onclose = socket.onerror = end;
}}));
Promise.allSettled(done).then(() => document.body.append("all sent"));
</script>"""


@contextmanager
def web_server(page: str = "") -> Iterator[tuple[str, list[str]]]:
    """A server of another port: gives the page, and notes what it is asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.headers.get('Upgrade') or self.headers.get('Content-Type')}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        do_POST = do_OPTIONS = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()


def browse(address: str, profile: Path) -> str:
    """The page as the browser shows it in the end."""
    assert _CHROMIUM
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --timeout=30000 --virtual-time-budget=20000 --dump-dom"
    )
    command = [_CHROMIUM, *flags.split(), f"--user-data-dir={profile}", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout


def attack(target: str, profile: Path) -> str:
    page = PAGE.format(at=f"http://{target}", ws=f"ws://{target}", query=quote(START))
    with web_server(page) as (address, _):
        return browse(f"http://{address}/", profile)


def test_the_attack_reaches_a_server_without_a_door(tmp_path: Path) -> None:
    with web_server() as (target, asked):
        assert "all sent" in attack(target, tmp_path / "profile")
    assert {
        *("GET None", "GET websocket", "OPTIONS None", "POST text/plain", "POST application/x-www-form-urlencoded"),
    } <= set(asked)
    assert any(one.startswith("POST multipart/form-data") for one in asked)


def test_another_page_changes_nothing_a_foreign_name_is_refused_and_the_ui_works(tmp_path: Path) -> None:
    with running_ui(tmp_path, tmp_path) as (port, mlflow):
        shown = attack(f"127.0.0.1:{port}", tmp_path / "attacker")
        assert "all sent" in shown and "<title>cats</title>" in shown, "the socket was not opened"
        assert ask(port, STATE)["scheduleOrError"]["scheduleState"]["status"] == "STOPPED"
        for one in (port, mlflow):
            connection = http.client.HTTPConnection("127.0.0.1", one, timeout=30)
            connection.request("GET", "/graphql", headers={"Host": "evil.example", "Accept": "text/html"})
            assert connection.getresponse().status == 403
        page = html.unescape(browse(f"http://127.0.0.1:{port}/locations", tmp_path / "user"))
        assert "livecc_assets.definitions" in page and "Loaded" in page
        ask(port, START)
        assert ask(port, STATE)["scheduleOrError"]["scheduleState"]["status"] == "RUNNING", "the button works"
