"""The page: a form for the upload, and the app's own address as it was set at the build."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from deploybook.sample_app.web.context import web_of

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Studio</title>
{canonical}<h1>Studio</h1>
<form method="post" action="/api/audio/ingest" enctype="multipart/form-data">
<label>Audio file <input type="file" name="file" accept="audio/*" required></label>
<input type="hidden" name="type" value="audio_file">
<button>Upload</button>
</form>
</html>
"""


async def page(request: Request) -> HTMLResponse:
    """GET ``/``. It needs no backend: it is served even where every variable is missing."""
    address = web_of(request).variables.get("NEXT_PUBLIC_APP_URL", "")
    canonical = f'<link rel="canonical" href="{escape(address)}">\n' if address else ""
    return HTMLResponse(_PAGE.format(canonical=canonical))
