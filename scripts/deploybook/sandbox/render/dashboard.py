"""What Render has no API for: the deploy hook, and the dashboard page from which a person copies it.

``GET /dashboard/<service id>/settings`` shows the hook's URL in ``<code id="deploy-hook">``; ``POST`` to the same
address is the page's "Regenerate Hook" button. Both want the API key, as ``Authorization: Bearer`` or in the cookie
``render_session``: in the sandbox the operator's key stands for the operator's login.

Not documented by Render, so chosen here: a wrong key is 401 and an unknown service 404, both in the API's error shape.
"""

from __future__ import annotations

import hmac
import html
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploybook.sandbox.render import payloads
from deploybook.sandbox.render.deployer import Deployer
from deploybook.sandbox.render.models import Cloud, Refusal, Worker, new_hook_key
from deploybook.sandbox.render.requests import SERVICE, Gate, error, too_many

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name} · Settings</title></head><body>
<h1>{name}</h1><h2>Deploy Hook</h2><p>Your private URL to trigger a deploy of this service. Keep it secret.</p>
<p><code id="deploy-hook">{hook}</code></p><form method="post"><button>Regenerate Hook</button></form></body></html>
"""


@dataclass
class Dashboard:
    """The hook and the page, on the same listener as the API but outside ``/v1``."""

    cloud: Cloud
    deployer: Deployer
    gate: Gate
    base_url: str

    def routes(self) -> Iterator[Route]:
        """The hook's address, and the page's."""
        yield Route("/deploy/{service}", self.deploy, methods=["GET", "POST"])
        yield Route("/dashboard/{service}", self.settings, methods=["GET"])
        yield Route("/dashboard/{service}/settings", self.settings, methods=["GET", "POST"])

    def hook(self, worker: Worker) -> str:
        """The secret URL (https://render.com/docs/deploy-hooks)."""
        return f"{self.base_url}/deploy/{worker.id}?key={worker.hook_key}"

    async def deploy(self, request: Request) -> Response:
        """Trigger a deploy; the key is in the address. It counts as one of the service's ten a minute."""
        # A GET that writes: the journal must not take it for a read.
        request.scope["writes"] = True
        try:
            worker = self.cloud.worker(request.path_params["service"])
            if not hmac.compare_digest(request.query_params.get("key", "").encode(), worker.hook_key.encode()):
                raise Refusal(401, "Unauthorized")
            verdict = self.gate.take(SERVICE, worker.id)
            if not verdict.allowed:
                return too_many(verdict)
            image = payloads.deployed_image(worker.settings, request.query_params.get("imgURL"))
            deploy = self.deployer.deploy(worker, "deploy_hook", commit=request.query_params.get("ref"), image=image)
        except Refusal as refusal:
            return error(refusal)
        return JSONResponse({"deploy": {"id": deploy.id}})

    async def settings(self, request: Request) -> Response:
        """The page, or a new hook and then the page."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if not self.gate.accepts(key if scheme.lower() == "bearer" else request.cookies.get("render_session", "")):
            return HTMLResponse("<!doctype html><title>Sign in</title><p>Sign in to Render.</p>", 401)
        try:
            worker = self.cloud.worker(request.path_params["service"])
        except Refusal:
            return HTMLResponse("<!doctype html><title>Not found</title><p>There is no such service.</p>", 404)
        if request.method == "POST":
            worker.hook_key = new_hook_key()
            return RedirectResponse(request.url.path, 303)
        return HTMLResponse(_PAGE.format(name=html.escape(worker.settings.name), hook=html.escape(self.hook(worker))))
