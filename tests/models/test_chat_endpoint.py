"""A chat endpoint is asked with bounded patience."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models.chat_endpoint import ChatEndpoint, ChatError


@pytest.fixture
def server():
    """An HTTP server that answers from ``replies`` (status, body) and remembers requests; (url, replies, seen)."""
    replies, seen = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, self.headers.get("Authorization"), body))
            status, content = replies.pop(0)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", content)
            if content.startswith("come back in "):
                self.send_header("Retry-After", content.removeprefix("come back in "))
            if content == "cut off":
                self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(content.encode())

        def do_GET(self):
            seen.append((self.path, self.headers.get("Authorization"), None))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(_text("from elsewhere").encode())

        def log_message(self, format, *args):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/v1/", replies, seen
    http.shutdown()
    http.server_close()


def _text(content):
    return json.dumps({"choices": [{"message": {"content": content}}]})


def test_the_reply_to_one_user_message_is_returned(server, monkeypatch: pytest.MonkeyPatch):
    url, replies, seen = server
    monkeypatch.setenv("SOME_KEY", "secret")
    replies.append((200, _text("hello")))
    assert ChatEndpoint("m", url, "SOME_KEY").ask("hi") == "hello"
    assert seen == [
        ("/v1/chat/completions", "Bearer secret", {"model": "m", "messages": [{"role": "user", "content": "hi"}]})
    ]


def test_busy_servers_and_broken_replies_are_retried_with_doubling_pauses(server, pauses: list[float]):
    url, replies, seen = server
    replies.extend(
        [(429, ""), (503, ""), (200, "cut off"), (200, "no json"), (200, _text(None)), (200, _text("at last"))]
    )
    assert ChatEndpoint("m", url, "NO_SUCH_KEY", attempts=6).ask("hi") == "at last"
    assert [round(pause - 0.125) for pause in pauses] == [1, 2, 4, 8, 16]
    assert seen[0][1] is None


@pytest.mark.parametrize(
    ("said", "waited"),
    [("30", 30.0), ("100000", 60.0), ("0", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", None)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_no_try_comes_before_the_time_that_a_busy_server_names(
    server, pauses: list[float], status: int, said: str, waited: float | None
) -> None:
    url, replies, _ = server
    replies.extend([(status, f"come back in {said}"), (200, _text("hello"))])
    assert ChatEndpoint("m", url, "NO_SUCH_KEY").ask("hi") == "hello"
    (pause,) = pauses
    assert pause == waited if waited else 1 <= pause <= 1.25


def test_the_proxy_of_the_environment_is_asked(server, monkeypatch: pytest.MonkeyPatch) -> None:
    url, replies, seen = server
    monkeypatch.setenv("http_proxy", url.removesuffix("/v1/"))
    monkeypatch.setenv("no_proxy", "")
    replies.append((200, _text("hello")))
    assert ChatEndpoint("m", "http://model.example/v1", "NO_SUCH_KEY").ask("hi") == "hello"
    assert seen[0][0] == "http://model.example/v1/chat/completions"


@pytest.mark.usefixtures("pauses")
def test_patience_ends(server):
    url, replies, seen = server
    replies.extend([(500, "")] * 9)
    with pytest.raises(ChatError, match="no answer from m in 3 attempts; the last problem was HTTP 500"):
        ChatEndpoint("m", url, "NO_SUCH_KEY", attempts=3).ask("hi")
    assert len(seen) == 3


def test_a_refused_key_ends_at_once(server):
    url, replies, seen = server
    replies.append((401, ""))
    with pytest.raises(UserError, match="HTTP 401"):
        ChatEndpoint("m", url, "NO_SUCH_KEY").ask("hi")
    assert len(seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_its_remedy_is_told_in_one_line(server, status: int, monkeypatch) -> None:
    url, replies, seen = server
    monkeypatch.setenv("SOME_KEY", "swordfish")
    replies.append((status, url.replace("127.0.0.1", "localhost") + "inside"))
    with pytest.raises(UserError) as refused:
        ChatEndpoint("m", url, "SOME_KEY").ask("hi")
    told = f"{url}chat/completions redirects (HTTP {status}), and a key goes to no other address; set base_url"
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)
    assert [path for path, *_ in seen] == ["/v1/chat/completions"], "asked once, and nobody else"


def test_a_reply_that_was_cut_inside_a_character_can_be_kept(server) -> None:
    url, replies, _ = server
    replies.append((200, '{"choices": [{"message": {"content": "goal \\ud83d"}}]}'))
    assert ChatEndpoint("m", url, "NO_SUCH_KEY").ask("hi") == "goal \ufffd"


def test_what_is_no_http_address_or_lacks_a_key_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(UserError, match="must start with http"):
        ChatEndpoint("m", "file:///etc")
    with pytest.raises(UserError, match="set NO_SUCH_KEY"):
        ChatEndpoint("m", "", "NO_SUCH_KEY")


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(UserError, match="base_url holds a user or a password") as refused:
        ChatEndpoint("model", base_url="https://me:swordfish@judge.example/v1")
    assert "swordfish" not in str(refused.value)
