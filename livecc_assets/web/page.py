"""What all pages have in common: the frame around them, and how they are rendered."""

from dataclasses import dataclass
from importlib import resources
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from livecc_assets import __version__

STATIC = str(resources.files("livecc_assets.web").joinpath("static"))
#: Everything is escaped; a name that the template does not get is a mistake.
_TEMPLATES = Environment(loader=PackageLoader("livecc_assets.web"), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True)
class Page:
    """A page of the site: its title in the menu, its path, and its routes."""

    title: str
    path: str
    router: APIRouter


def render(request: Request, template: str, page: Page, **given: Any) -> HTMLResponse:
    """A page's template within the frame, which shows the menu of all pages."""
    pages = request.app.state.pages
    text = _TEMPLATES.get_template(template).render(page=page, pages=pages, version=__version__, **given)
    return HTMLResponse(text, headers={"cache-control": "no-store"})
