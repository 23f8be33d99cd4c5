"""The deploy hook: a secret URL that only Render's dashboard shows. A person copies it; a check proves it."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.render.client import Render
from deploybook.clouds.render.deploy import LIMIT_SECONDS, wait_live
from deploybook.clouds.render.worker import WorkerState
from deploybook.errors import UnexpectedResponse, Unreachable, VerificationFailed

APPEARS_SECONDS = 20.0
ENTRY = "render-deploy-hook"
SHOWN = re.compile(r'<code id="deploy-hook">([^<]+)</code>')


def proved(render: Render, worker: WorkerState, hook: SecretStr, held: SecretStr | None) -> str:
    """The URL is this worker's. One that is not the ``held`` one yet is used once, and the deploy that it starts is waited for."""
    parts = urlsplit(hook.get_secret_value())
    if not parts.path.endswith(f"/deploy/{worker.id}") or "key=" not in parts.query:
        raise VerificationFailed(
            "The deploy hook is not this worker's.",
            "Copy it again: the worker's Settings, Deploy Hook.",
            ENTRY,
            f"…/deploy/{worker.id}?key=…",
        )
    if hook == held:
        return "form and worker; it was used when it was recorded"
    known = {each["id"] for each in render.deploys(worker.id)}
    _use(hook)
    started = _appeared(render, worker, known)
    wait_live(render, worker, started, LIMIT_SECONDS)
    return f"it started {started}"


def copied_by_a_person(render: Render, worker: WorkerState) -> SecretStr:
    """In a dry run: what a person would copy from the dashboard's page. The real dashboard has no such page for programs."""
    origin = urlsplit(str(render.api.client.base_url))
    url = f"{origin.scheme}://{origin.netloc}/dashboard/{worker.id}/settings"
    page = render.api.call("open the dashboard", "GET", url).text
    found = SHOWN.search(page)
    if not found:
        raise UnexpectedResponse(
            "Render", "open the dashboard", "The dashboard shows no deploy hook.", "Look at the page.", ENTRY
        )
    return SecretStr(found[1].replace("&amp;", "&"))


def _use(hook: SecretStr) -> None:
    try:
        with http.client(retry_seconds=0) as client:
            answer = client.post(hook.get_secret_value())
    except httpx.TransportError as error:
        # The URL is the secret: only its host is told.
        host = urlsplit(hook.get_secret_value()).hostname
        raise Unreachable(
            "Render", "use the deploy hook", f"{host} cannot be reached ({type(error).__name__}).", "Try again.", ENTRY
        ) from None
    if answer.status_code not in {200, 201, 202}:
        raise VerificationFailed(
            "Render does not accept the deploy hook.",
            "It was regenerated: copy it again from the worker's Settings, Deploy Hook.",
            ENTRY,
            "200",
            str(answer.status_code),
        )


def _appeared(render: Render, worker: WorkerState, known: set[str]) -> str:
    deadline = time.monotonic() + APPEARS_SECONDS
    while time.monotonic() < deadline:
        for each in render.deploys(worker.id):
            if each["id"] not in known and each.get("trigger") == "deploy_hook":
                return str(each["id"])
        time.sleep(0.5)
    raise VerificationFailed(
        "The deploy hook was accepted, but no deploy appeared.", "Look at the worker's deploys.", ENTRY
    )
