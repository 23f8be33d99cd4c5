"""The deploy hook: a secret URL that only Render's dashboard shows. A person copies it; a check proves it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.refusals import IN_FRONT, is_page
from deploybook.clouds.render.waiting import appeared
from deploybook.errors import InvalidValue, RateLimited, UnexpectedResponse, Unreachable

if TYPE_CHECKING:
    from deploybook.clouds.render.client import Render
    from deploybook.clouds.render.deploy import Deploy
    from deploybook.clouds.render.worker import WorkerState

ENTRY = "render-deploy-hook"
COPY_AGAIN = "Copy it again, whole: the worker's Settings, Deploy Hook."
SHOWN = re.compile(r'<code id="deploy-hook">([^<]+)</code>')


def proved(render: Render, deploy: Deploy, hook: SecretStr, stored: SecretStr | None, may_use: bool) -> str:
    """The URL is this worker's. If ``may_use``, one that differs from ``stored`` is used once, and its deploy is followed until live.

    Raises InvalidValue for another URL, UnexpectedResponse if Render does not take it or no deploy appears: none of these may be retried
    by a patient check, for every use starts a deploy.
    """
    _require_form(render, deploy.worker, hook)
    if hook == stored:
        return "form and worker; it was used when it was recorded"
    if not may_use:
        return "form and worker; apply uses it once and records it"
    earlier = {listed.id for listed in render.deploys(deploy.worker.id)}
    lost = _use(hook)
    started = appeared(render, deploy.worker, earlier, "deploy_hook")
    if not started:
        if lost:
            raise lost
        message = "The deploy hook was accepted, but no deploy appeared."
        raise UnexpectedResponse("Render", "use the deploy hook", message, "Look at the worker's Events.", ENTRY)
    deploy.follow(render, started)
    return f"it started {started}"


def copied_by_a_person(render: Render, worker: WorkerState) -> SecretStr:
    """Stands in, in a dry run, for the person who copies it from the dashboard: Render's own dashboard has no page for programs."""
    url = f"{_origin(render)}/dashboard/{worker.id}/settings"
    match = SHOWN.search(render.api.call("open the dashboard", "GET", url, page=True).text)
    if not match:
        message = "The dashboard shows no deploy hook."
        raise UnexpectedResponse("Render", "open the dashboard", message, "Look at the page.", ENTRY)
    return SecretStr(html.unescape(match[1]))


def _require_form(render: Render, worker: WorkerState, hook: SecretStr) -> None:
    value = hook.get_secret_value()
    if any(character.isspace() for character in value):
        raise InvalidValue("The deploy hook contains white space.", COPY_AGAIN, ENTRY)
    # It answers where the API does: whatever else was pasted must not be called.
    if not re.fullmatch(rf"{re.escape(_origin(render))}/deploy/{re.escape(worker.id)}\?key=[^\s&#]+", value):
        form = f"{_origin(render)}/deploy/{worker.id}?key=…"
        raise InvalidValue(f"The deploy hook is not this worker's, which begins {form}.", COPY_AGAIN, ENTRY)


def _use(hook: SecretStr) -> Unreachable | None:
    """Send it; gives the error of an answer that was lost: the deploy may have begun all the same."""
    operation = "use the deploy hook"
    try:
        with http.open_client() as client:
            answer = client.post(hook.get_secret_value())
    except httpx.RequestError as error:
        # The URL is the secret: it is not shown.
        message = f"Render's deploy hook {http.unanswered(error)}."
        return Unreachable("Render", operation, message, "Check the network, then run this again.")
    status = answer.status_code
    if is_page(answer):
        message = f"A web page answered in place of Render's deploy hook ({status})."
        raise UnexpectedResponse("Render", operation, message, IN_FRONT, status=status)
    if status in {200, 201, 202}:
        return None
    if status == 429:
        message = "Render accepts no further deploys of this worker for now (429)."
        raise RateLimited("Render", operation, message, "Wait a minute, then run this again.", status=status)
    message = f"Render does not accept the deploy hook ({status})."
    hint = "If it was regenerated, copy the new one: the worker's Settings, Deploy Hook."
    raise UnexpectedResponse("Render", operation, message, hint, ENTRY, status)


def _origin(render: Render) -> str:
    base = render.api.client.base_url
    return f"{base.scheme}://{base.netloc.decode()}"
