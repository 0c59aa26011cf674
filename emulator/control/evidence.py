"""The evidence page: what each operation was checked against."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

router = APIRouter(tags=["Emulator"])


@router.get("/evidence", response_class=Response)
async def show_evidence(request: Request) -> Response:
    """Show what each operation was checked against and which SDK drives it, as a page or, on demand, as JSON."""
    from emulator.evidence import page, table
    from emulator.security import safe_headers

    found = table.evidence()
    if "json" in request.headers.get("accept", ""):
        return JSONResponse(found)
    return HTMLResponse(page.html(found), headers=safe_headers.page_policy(page.STYLE))
