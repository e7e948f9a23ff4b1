"""The live page: its HTML, its socket, and the door for a file."""

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse, JSONResponse

from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.commentary.streams import FullError
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.web.messages import MOST_BYTES, read_message
from livecc_assets.web.page import Page, render
from livecc_assets.web.site import Site
from livecc_assets.web.sources import Source, seconds_of
from livecc_assets.web.telling import words
from livecc_assets.web.uploads import check_length, receive, shown_name
from livecc_assets.web.viewer import Viewer

#: "Try again later" and "policy violation", of RFC 6455 and its registry.
_LATER, _REFUSED = 1013, 1008
#: Seconds between two looks for a viewer to whom nothing happens.
_LOOK = 1.0
#: Seconds that a line which takes nothing more is waited for.
_LEAVING = 5.0

router = APIRouter()
PAGE = Page("Live", "/", router)


@router.get("/")
async def page(request: Request) -> HTMLResponse:
    """The page, with what its script has to know."""
    site: Site = request.app.state.site
    limits = site.limits
    known = {
        "models": [model.name for model in site.models],
        "uploadBytes": limits.upload_bytes,
        "minutes": limits.seconds / 60,
        "fps": site.config.fps,
    }
    hosts = None if site.hosts is None else sorted(site.hosts)
    return render(request, "live.html", PAGE, known=known, hosts=hosts, limits=limits, query=DEFAULT_QUERY)


@router.put("/live/{viewer_id}/video")
async def upload(request: Request, viewer_id: str, name: str = "") -> JSONResponse:
    """A viewer's file as the body. Answers with the ``seconds`` that it lasts, or with what is wrong in ``text``."""
    site: Site = request.app.state.site
    viewer: Viewer | None = request.app.state.viewers.get(viewer_id)
    if viewer is None:
        return _wrong("Nobody sits here any more; start again.", 404)
    if viewer.receiving:
        return _wrong("A file is on its way already.", 409)
    viewer.receiving, called = True, shown_name(name)
    try:
        check_length(request.headers.get("content-length"), site.limits)
        viewer.video = None

        def goes_on() -> bool:
            viewer.touch()
            return viewer.here

        path = await receive(request.stream(), viewer.folder, site.limits, goes_on)
        seconds = await asyncio.to_thread(seconds_of, path, called, site.limits.seconds)
        viewer.video = Source(called, 0.0, path, lasts=seconds)
        return JSONResponse({"seconds": seconds})
    except UserError as error:
        return _wrong(words(error), 400)
    finally:
        viewer.receiving = False


def _wrong(text: str, status: int) -> JSONResponse:
    return JSONResponse({"text": text}, status)


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """One viewer, from sitting down to leaving."""
    site: Site = socket.app.state.site
    await socket.accept()
    try:
        viewer = Viewer(site)
    except FullError as error:
        await socket.send_json({"type": "refused", "text": str(error)})
        await socket.close(_LATER)
        return
    viewers: dict[str, Viewer] = socket.app.state.viewers
    viewers[viewer.id] = viewer
    try:
        await socket.send_json({"type": "seated", "viewer": viewer.id})
        await _until_first_ends(_send(socket, viewer), _receive(socket, viewer), _watch(viewer))
    finally:
        del viewers[viewer.id]
        await viewer.close()
        with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
            await asyncio.wait_for(socket.close(_LATER), _LEAVING)


async def _until_first_ends(*works: Any) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(found, Exception) and not isinstance(found, WebSocketDisconnect):
                raise found


async def _send(socket: WebSocket, viewer: Viewer) -> None:
    while (message := await viewer.outgoing.get()) is not None:
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_json(message)
            if message["type"] == "refused":
                return


async def _receive(socket: WebSocket, viewer: Viewer) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text, data = message.get("text"), message.get("bytes")
        if len(text or data or "") > MOST_BYTES:
            viewer.tell({"type": "refused", "text": "That message is too large."})
            continue
        try:
            await viewer.take(read_message(text) if text is not None else data or b"")
        except FullError as error:
            # Who had a stream and goes elsewhere keeps the seat, and may try again.
            viewer.tell({"type": "error" if viewer.started else "refused", "text": str(error)})
        except (UserError, MediaError) as error:
            viewer.tell({"type": "error", "text": words(error)})


async def _watch(viewer: Viewer) -> None:
    """Ends when nothing has happened here for too long."""
    while not (text := viewer.quiet):
        await asyncio.sleep(_LOOK)
    viewer.tell({"type": "refused", "text": text})
    await asyncio.sleep(_LOOK)
