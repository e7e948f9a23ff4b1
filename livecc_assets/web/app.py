"""The web application: its pages behind the door. A further page is one more of ``pages``."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from livecc_assets.web import live
from livecc_assets.web.door import COOKIE, Headers
from livecc_assets.web.page import STATIC, Page
from livecc_assets.web.site import Site
from resources.door import Door

PAGES = (live.PAGE,)


def create_app(site: Site, names: frozenset[str], token: str | None = None, pages: Sequence[Page] = PAGES) -> FastAPI:
    """The application that serves ``site`` under these host ``names``; away from loopback with a ``token``.

    At its end it closes the models' streams.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        for model in site.models:
            model.streams.close()

    # No description of the interface: the pages are its only users.
    app = FastAPI(title="LiveCC", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site, app.state.pages, app.state.viewers = site, pages, {}
    for page in pages:
        app.include_router(page.router)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(Door, names=names, token=token, cookie=COOKIE)
    app.add_middleware(Headers)
    return app
