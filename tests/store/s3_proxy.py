"""A proxy between a client and an S3 server that does what networks and busy servers do."""

import http.client
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'


class Fault:
    """What happens to the first ``times`` requests whose method and path match, after ``after`` that pass.

    ``act`` is a status with a code (an answer in the server's place), or one of: ``cut_request`` (the connection ends
    in the middle of the request's body), ``lose_answer`` (the server does it, the client never hears), ``cut_answer``
    (the connection ends in the middle of the answer's body), ``spoil_request`` and ``spoil_answer``
    (a byte of the body is another).
    """

    def __init__(self, method: str, path: str, act: str | tuple[int, str], times: int = 1, after: int = 0) -> None:
        self.method, self.path, self.act = method, re.compile(path), act
        self.times, self.after, self.met, self.done = times, after, 0, 0

    def takes(self, method: str, path: str) -> bool:
        """Whether this request suffers; counts it."""
        if method != self.method or not self.path.search(path):
            return False
        self.met += 1
        if self.met <= self.after or self.done >= self.times:
            return False
        self.done += 1
        return True


class Proxy:
    """``faults`` may be set at any time; ``seen`` lists method and path of every request."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.faults: list[Fault] = []
        self.seen: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def fault(self, method: str, path: str, act: str | tuple[int, str], times: int = 1, after: int = 0) -> Fault:
        """Add a fault."""
        one = Fault(method, path, act, times, after)
        self.faults.append(one)
        return one

    def act(self, method: str, path: str) -> str | tuple[int, str] | None:
        """What is to happen to a request."""
        with self.lock:
            self.seen.append((method, path))
            return next((fault.act for fault in self.faults if fault.takes(method, path)), None)

    def count(self, method: str, path: str = "") -> int:
        """Requests so far whose method is this and whose path contains this expression."""
        with self.lock:
            return sum(one == method and re.search(path, where) is not None for one, where in self.seen)


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """A running proxy to the server at ``target``."""
    one = Proxy(target)
    thread = threading.Thread(target=one.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()


def _handler(owner: Proxy) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def cut(self) -> None:
            self.close_connection = True
            self.connection.close()

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            blocks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                blocks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(blocks)

        def answer(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int | None = None) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "keep-alive"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def serve(self) -> None:
            act = owner.act(self.command, self.path)
            if act == "cut_request":
                self.rfile.read(int(self.headers.get("Content-Length") or 0) // 2)
                return self.cut()
            body = self.body()
            if act == "spoil_request":
                body = body[:-1] + bytes([body[-1] ^ 1])
            if isinstance(act, tuple):
                text = b"" if self.command == "HEAD" else ERROR.format(code=act[1]).encode()
                return self.answer(act[0], [("Content-Type", "application/xml")], text)
            server = http.client.HTTPConnection(owner.target.hostname or "", owner.target.port or 80, timeout=60)
            # Host stays what the client signed.
            dropped = ("connection", "expect", "transfer-encoding", "content-length")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            server.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
            reply = server.getresponse()
            data = reply.read()
            server.close()
            if act == "lose_answer":
                return self.cut()
            length = int(reply.headers.get("Content-Length") or 0) if self.command == "HEAD" else None
            if act == "cut_answer":
                self.answer(reply.status, reply.getheaders(), data[: len(data) // 2], len(data))
                return self.cut()
            if act == "spoil_answer":
                data = data[:-1] + bytes([data[-1] ^ 1])
            return self.answer(reply.status, reply.getheaders(), data, length)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve  # noqa: N815

    return Handler
