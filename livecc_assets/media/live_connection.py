"""Connections to web servers that another thread can cut at any moment: while they are made, while they answer, later on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from livecc_assets.media.live_stop import Stop


class Cut:
    """Holds a second handle of each socket of one source: TLS takes the first one away while it greets.

    ``stop`` cuts what there is, and what is made afterwards.
    """

    def __init__(self, stop: Stop) -> None:
        self._handles: list[socket.socket] = []
        self._lock, self._stop = threading.Lock(), stop
        stop.frees_by(self.now)

    def keep(self, made: socket.socket) -> socket.socket:
        """Takes note of a socket that was made, and gives it back."""
        with self._lock:
            self._handles.append(made.dup())
        if self._stop.is_set():
            self.now()
        return made

    def now(self) -> None:
        """Ends whatever is read from the sockets so far."""
        with self._lock:
            for handle in self._handles:
                with suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Ends the connections and closes the handles."""
        self.now()
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles = []

    @contextmanager
    def after(self, seconds: float) -> Iterator[None]:
        """Within it the sockets live for so long: a time-out begins anew with every byte. TimeoutError where they did not."""
        over = threading.Event()

        def end() -> None:
            over.set()
            self.now()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        problem: Exception | None = None
        try:
            yield
        except (HTTPError, OSError) as error:
            if not over.is_set():
                raise
            problem = error
        finally:
            timer.cancel()
        if over.is_set():  # headers that were cut off may read as whole
            raise TimeoutError(f"no answer for {seconds:g} s") from problem


def manager(cut: Cut) -> urllib3.PoolManager:
    """Makes connections that ``cut`` ends. No try is repeated."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return cut.keep(super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return cut.keep(super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls: Any = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls: Any = Secure

    made = urllib3.PoolManager(retries=False)
    made.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return made
