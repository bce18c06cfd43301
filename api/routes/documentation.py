"""The pages /docs and /redoc, whose files are served here and whose addresses are relative."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

DOCUMENT = "openapi.json"
ICON = "favicon.ico"
FILES = "static-offline-docs"  # mounted by fastapi_offline


@router.get("/docs")
async def show_swagger() -> HTMLResponse:
    """Show the REST API, with a form for each request."""
    page = get_swagger_ui_html(
        openapi_url=DOCUMENT,
        title="densearch - Swagger UI",
        swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css",
        swagger_favicon_url=ICON,
    )
    return _in_english(page)


@router.get("/redoc")
async def show_redoc() -> HTMLResponse:
    """Show the REST API for reading."""
    page = get_redoc_html(
        openapi_url=DOCUMENT,
        title="densearch - ReDoc",
        redoc_js_url=f"{FILES}/redoc.standalone.js",
        with_google_fonts=False,
        redoc_favicon_url=ICON,
    )
    return _in_english(page)


def _in_english(page: HTMLResponse) -> HTMLResponse:
    """Return a page with its language, which screen readers need; FastAPI leaves it out."""
    return HTMLResponse(bytes(page.body).replace(b"<html>", b'<html lang="en">'))
