"""A web server of the test's own and a resolver that leads to it; a helper of test_fetch.py."""

import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FILM = b"film" * 5000


class _Handler(BaseHTTPRequestHandler):
    server: "Web"  # pyright: ignore[reportIncompatibleVariableOverride] only Web makes handlers of this kind
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Host"], self.path))
        self.close_connection = True
        self.server.pages[urlsplit(self.path).path](self)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Web(ThreadingHTTPServer):
    """Serves ``pages``: path to a function of the request's handler."""

    daemon_threads = True

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[tuple[str, str]] = []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests want."""

    def page(self, path: str, body: bytes = FILM, status: int = 200, **headers: str) -> None:
        """A page as it should be, or with headers that say otherwise."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            said = {"Content_Length": str(len(body))} | headers
            for name, value in said.items():
                if value:
                    request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(body)

        self.pages[path] = answer

    def endless(self, path: str, block: bytes = bytes(65536), pause: float = 0.0) -> None:
        """A page that never ends, and says nothing of its length."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.end_headers()
            while True:
                request.wfile.write(block)
                time.sleep(pause)

        self.pages[path] = answer

    def trickle(self, path: str, first: bytes, block: bytes, pause: float = 0.05) -> None:
        """A page whose head never ends: ``first``, then ``block`` again and again."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(first)
            while True:
                request.wfile.write(block)
                time.sleep(pause)

        self.pages[path] = answer


def certificate(path: Path, host: str) -> Path:
    """A key and a certificate of its own authority for ``host``, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


def loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """In place of the public check: only the test's own server may be reached."""
    return str(address) == "127.0.0.1"
