"""A wire to the cluster's API server that can be cut."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import yaml


class Wire:
    """Forwards a loopback port to the API server of ``kubeconfig``; ``copy`` is a kubeconfig that leads through it.

    Cut, it refuses new connections and breaks those that stand, as a server does that is stopped.
    """

    def __init__(self, kubeconfig: Path, copy: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text("utf-8"))
        named = next(one for one in config["contexts"] if one["name"] == config["current-context"])["context"][
            "cluster"
        ]
        cluster = next(one for one in config["clusters"] if one["name"] == named)["cluster"]
        server = urlsplit(cluster["server"])
        self.there = (server.hostname or "", server.port or 443)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        cluster |= {"server": f"https://127.0.0.1:{self.port}", "tls-server-name": self.there[0]}
        copy.write_text(yaml.safe_dump(config), "utf-8")
        self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # cut
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self.there)
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()

    def cut(self) -> None:
        """Refuse and break."""
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def mend(self) -> None:
        """Forward again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._serve()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
