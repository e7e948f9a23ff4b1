"""A server that sends a byte now and then, so that no time-out of a single read ends it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def dripping(at_once: bytes, pause: float) -> Iterator[tuple[int, threading.Event]]:
    """The port of a server that says ``at_once`` and then a byte every ``pause`` seconds; the event: it has begun to drip."""
    begun, listening = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def drip(client: socket.socket) -> None:
        with suppress(OSError), client:
            client.recv(4096)
            client.sendall(at_once)
            begun.set()
            while True:
                time.sleep(pause)
                client.sendall(b"x")

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1], begun
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
