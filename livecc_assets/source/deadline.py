"""The end of a download's time, whatever its server does."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Closes the connection of the moment when ``seconds`` have passed since ``with``; until then it does nothing.

    A time-out of the socket alone begins anew with every byte, and the reading of an answer's head hands nothing back before
    its end. What was cut off in this way may look whole, for a body without a length ends with its connection: ask ``passed``
    before anything read is believed.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._connection: socket.socket | None = None
        self._one_at_a_time = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        self._forget()

    def watch(self, connection: socket.socket) -> None:
        """The connection that is to end, in place of the one before. TLS may be laid over it later."""
        with self._one_at_a_time:
            self._forget()
            # A descriptor of its own: TLS takes over the first one, and its number may belong to another file by then.
            self._connection = connection.dup()
            if self.passed:
                _shut(self._connection)

    def connections(self, kind: Any) -> Any:
        """One of urllib3's classes of connections as one that is watched from its first byte, the handshake included."""
        watch = self.watch

        class Watched(kind):
            def _new_conn(self) -> socket.socket:
                connection = super()._new_conn()
                watch(connection)
                return connection

        return Watched

    def _end(self) -> None:
        with self._one_at_a_time:
            self.passed = True
            if self._connection:
                _shut(self._connection)

    def _forget(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        connection.shutdown(socket.SHUT_RDWR)
