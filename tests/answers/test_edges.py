"""Every request of every client, answered by what stands in front of the API, or by half of an answer.

A page says nothing of a token, a name or a write. Its status 404 does not mean that there is nothing: what is not there is made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from tests.answers import test_cloudflare, test_github, test_turso

from deploybook.clouds.answers import READS
from deploybook.clouds.api import Api
from deploybook.clouds.r2.client import Cloudflare
from deploybook.clouds.render.client import Render
from deploybook.clouds.vercel.client import Vercel
from deploybook.errors import ServiceError, UnexpectedResponse

Request = Callable[[Any], object]
# Not requests of their own.
LOCAL = {"close", "account", "named_account", "from_environment", "use", "settle", "read_ahead"}
HTML = {"content-type": "text/html; charset=UTF-8"}
TEXT = {"content-type": "text/plain; charset=utf-8"}
PAGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"

RENDER: Mapping[str, Request] = {
    "owners": lambda client: client.owners(),
    "workers": lambda client: client.workers("worker", "tea-1"),
    "service": lambda client: client.service("srv-1"),
    "create_service": lambda client: client.create_service({"name": "worker"}),
    "update_service": lambda client: client.update_service("srv-1", {}),
    "resume": lambda client: client.resume("srv-1"),
    "delete_service": lambda client: client.delete_service("srv-1"),
    "variables": lambda client: client.variables("srv-1"),
    "put_variable": lambda client: client.put_variable("srv-1", "A", "b"),
    "delete_variable": lambda client: client.delete_variable("srv-1", "A"),
    "deploys": lambda client: client.deploys("srv-1"),
    "deploy": lambda client: client.deploy("srv-1", "dep-1"),
    "start_deploy": lambda client: client.start_deploy("srv-1"),
    "failures": lambda client: client.failures("srv-1", "dep-1", "2026-01-01T00:00:00Z"),
    "logs": lambda client: client.logs("tea-1", "srv-1", "2026-01-01T00:00:00Z"),
}
VERCEL: Mapping[str, Request] = {
    "owner": lambda client: client.owner(),
    "teams": lambda client: client.teams(),
    "project": lambda client: client.project("web"),
    "create_project": lambda client: client.create_project("web", {}),
    "update_project": lambda client: client.update_project("prj_1", {}),
    "delete_project": lambda client: client.delete_project("prj_1"),
    "variables": lambda client: client.variables("prj_1"),
    "put_variables": lambda client: client.put_variables("prj_1", [{"key": "A", "value": "b"}]),
    "retarget_variable": lambda client: client.retarget_variable("prj_1", "env_1", ["production"]),
    "delete_variable": lambda client: client.delete_variable("prj_1", "env_1"),
    "domains": lambda client: client.domains("prj_1"),
    "upload": lambda client: client.upload(b"x"),
    "create_deployment": lambda client: client.create_deployment({"name": "web"}),
    "deployment": lambda client: client.deployment("dpl_1"),
    "production_deployments": lambda client: client.production_deployments("prj_1"),
    "build_log": lambda client: client.build_log("dpl_1"),
}


class Front:
    """Stands in for a provider: answers everything alike, and knows by which method it was asked last."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.methods: list[str] = []

    def client(self, base_url: str) -> httpx.Client:
        """A client that gets this answer to every request."""
        return httpx.Client(base_url=base_url, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The answer, as if it had just come."""
        self.methods.append(request.method)
        return httpx.Response(self._answer.status_code, content=self._answer.content, headers=self._answer.headers)


def api(front: Front, like: Api) -> Api:
    """The API of a client that is made from the environment, answered by ``front``."""
    return Api(like.service, front.client("https://api.example.com"), like.explain, "A", "B", like.refusals)


def render(front: Front) -> Render:
    return Render(api(front, Render.from_environment({"RENDER_API_KEY": "rnd_canary"}).api))


def vercel(front: Front) -> Vercel:
    return Vercel(api(front, Vercel.from_environment({"VERCEL_TOKEN": "canary"}).api), "team_1")


CLIENTS: Mapping[str, tuple[Callable[[Any], Any], Mapping[str, Request]]] = {
    "Cloudflare": (lambda front: test_cloudflare.Clouds(front).cloudflare, test_cloudflare.CLIENT),
    "Turso": (lambda front: test_turso.Clouds(front).turso, test_turso.CLIENT),
    "GitHub": (lambda front: test_github.Clouds(front).github, test_github.CLIENT),
    "Render": (render, RENDER),
    "Vercel": (vercel, VERCEL),
}
# They give what they sent, or nothing but an id that is not always to be had.
NEEDS_NO_ANSWER = {"upload", "start_deploy"}
REQUESTS = [(provider, name) for provider, (_, requests) in CLIENTS.items() for name in requests]
FOREIGN = {
    **{
        f"a page with {status}": httpx.Response(status, text=PAGE, headers=HTML) for status in (200, 201, 401, 403, 404)
    },
    **{f"a CDN's {status}": httpx.Response(status, text=PAGE, headers=HTML) for status in (429, 503, *range(520, 531))},
    "a page that does not say so": httpx.Response(404, content=PAGE.encode()),
    "Cloudflare's sentence": httpx.Response(403, text="error code: 1020\n", headers=TEXT),
    "a proxy's sentence": httpx.Response(404, text="404 page not found\n", headers=TEXT),
}
BROKEN = {
    "half an answer": httpx.Response(200, text='{"success": true, "result": [{"id": "', headers={}),
    "nothing": httpx.Response(200),
    "null": httpx.Response(200, json=None),
    "an empty object": httpx.Response(200, json={}),
    "a list": httpx.Response(200, json=[7]),
    "no text": httpx.Response(200, content=b"\xff\xfe{", headers={"content-type": "application/json"}),
}


def ask(provider: str, name: str, front: Front) -> object:
    """Have a client send a request."""
    make, requests = CLIENTS[provider]
    return requests[name](make(front))


def outcome_of(provider: str, name: str, front: Front) -> object:
    """What a request gives, or the class of the error that it ends with."""
    try:
        return ask(provider, name, front)
    except ServiceError as error:
        return type(error)


@pytest.mark.parametrize(("provider", "client"), [("Render", Render), ("Vercel", Vercel), ("Cloudflare", Cloudflare)])
def test_every_request_is_tried(provider: str, client: type) -> None:
    public = {name for name, member in inspect.getmembers(client, callable) if not name.startswith("_")}
    assert public - LOCAL == CLIENTS[provider][1].keys() - LOCAL


@pytest.mark.parametrize("answer", FOREIGN)
def test_what_is_not_the_apis_answer_is_one_error_that_accuses_nobody(answer: str) -> None:
    for provider, name in REQUESTS:
        front = Front(FOREIGN[answer])
        with pytest.raises(ServiceError) as caught:
            ask(provider, name, front)
        error = caught.value
        assert (provider, name, type(error)) == (provider, name, UnexpectedResponse)
        assert error.service == provider
        assert error.operation
        assert ("is not known" in error.message) == (front.methods[-1] not in READS), (name, error.message)


@pytest.mark.parametrize("answer", BROKEN)
def test_half_an_answer_is_one_error_or_the_end_of_a_write_that_needs_no_answer(answer: str) -> None:
    for provider, name in REQUESTS:
        front = Front(BROKEN[answer])
        outcome = outcome_of(provider, name, front)
        ends_quietly = front.methods[-1] not in READS and (outcome is None or name in NEEDS_NO_ANSWER)
        assert outcome is UnexpectedResponse or ends_quietly, f"{provider}: {name} takes {answer} for {outcome!r}"
