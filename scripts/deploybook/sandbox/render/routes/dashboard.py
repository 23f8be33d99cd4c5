"""What Render has no API for: the deploy hook, and the dashboard page from which a person copies it.

``GET /dashboard/<service id>/settings`` shows the hook's URL in ``<code id="deploy-hook">``; ``POST`` to the same
address is the page's "Regenerate Hook" button.
"""

from __future__ import annotations

import html
from typing import Any

from starlette.responses import HTMLResponse, RedirectResponse, Response

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.render.api import HOOK, PAGE, Call
from deploybook.sandbox.render.state.images import deployed_image
from deploybook.sandbox.render.state.workers import new_hook_key

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name} · Settings</title></head><body>
<h1>{name}</h1><h2>Deploy Hook</h2><p>Your private URL to trigger a deploy of this service. Keep it secret.</p>
<p><code id="deploy-hook">{hook}</code></p><form method="post"><button>Regenerate Hook</button></form></body></html>
"""


async def _deploy(call: Call) -> dict[str, Any]:
    worker = call.worker
    image = deployed_image(worker.settings, call.query("imgURL"))
    deploy = call.state.deployer.deploy(worker, "deploy_hook", commit=call.query("ref"), image=image)
    return {"deploy": {"id": deploy.id}}


async def _settings(call: Call) -> Response:
    name, hook = call.worker.settings.name, call.state.hook(call.worker)
    return HTMLResponse(_PAGE.format(name=html.escape(name), hook=html.escape(hook)))


async def _regenerate(call: Call) -> Response:
    call.worker.hook_key = new_hook_key()
    return RedirectResponse(call.request.url.path, 303)


_PATHS = ("/dashboard/{service}", "/dashboard/{service}/settings")

OPERATIONS = (
    operation("GET", "/deploy/{service}", _deploy, query="key imgURL ref", needs=HOOK),
    operation("POST", "/deploy/{service}", _deploy, query="key imgURL ref", needs=HOOK),
    operation("GET", _PATHS, _settings, needs=PAGE),
    operation("POST", _PATHS[1], _regenerate, needs=PAGE),
)
