"""Runs the application on an address until Ctrl-C or SIGTERM."""

import os
import signal
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from livecc_assets.core.errors import UserError
from livecc_assets.web.messages import MOST_BYTES

#: Seconds for which open pages are waited for at the end.
_GRACE = 5
#: What a page whose line is dead is found by.
_PING, _PONG = 20.0, 20.0


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises UserError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=512)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number > 0 else str(error)  # the resolver's numbers are below zero
        raise UserError(f"{host}, port {port}: {why}; choose another --host or --port") from error


def run(app: FastAPI, listening: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Serve ``app`` until a signal ends it, and close what it has open. ``ready`` is called when it is about to answer."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        ws_max_queue=16,
        ws_ping_interval=_PING,
        ws_ping_timeout=_PONG,
        timeout_graceful_shutdown=_GRACE,
    )
    # uvicorn ends in order at either signal and then raises it again: as an interrupt, so that everything here unwinds.
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ready()
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listening.close()
