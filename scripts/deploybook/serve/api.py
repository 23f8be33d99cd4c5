"""What the acting script asks of the server, in JSON: below ``/-/``, and behind the gate."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from deploybook.errors import DeploybookError
from deploybook.runbook.modes import Mode
from deploybook.serve.pages import OWN
from deploybook.serve.runs import RunRequest
from deploybook.serve.workshop import Workshop

Model = TypeVar("Model", bound=BaseModel)
# Pydantic searches for a pattern; a word of a command line must be it as a whole.
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Handler = Callable[[Request], Awaitable[Response]]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Environment(_Body):
    environment: str


class _Run(_Environment):
    mode: Mode
    sections: tuple[Slug, ...] = ()


class _Inputs(_Environment):
    values: dict[str, str] = Field(max_length=100)


class _Answer(_Body):
    question: int
    answer: str | bool | None


class _Notebook(_Body):
    notebook: Slug


class _Explained(_Environment):
    entry: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    sections: tuple[Slug, ...] = ()


class Api:
    """One method for each request."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def routes(self) -> list[Route]:
        """Where each is asked for."""
        handlers = {
            ("GET", "guide"): self.guide,
            ("GET", "state"): self.state,
            ("GET", "feed"): self.feed,
            ("POST", "runs"): self.run,
            ("POST", "runs/{run}/answer"): self.answer,
            ("POST", "runs/{run}/stop"): self.stop,
            ("POST", "inputs"): self.inputs,
            ("POST", "check"): self.check,
            ("POST", "doctor"): self.doctor,
            ("POST", "status"): self.status,
            ("POST", "explain"): self.explain,
            ("POST", "jupyter"): self.jupyter,
            ("GET", "jupyter/{ticket}"): self.open_jupyter,
        }
        return [
            Route(f"{OWN}/{path}", _guarded(handler), methods=[method]) for (method, path), handler in handlers.items()
        ]

    async def guide(self, _: Request) -> Response:
        """The sections with their steps, and the environments."""
        return JSONResponse(self._workshop.guide())

    async def state(self, request: Request) -> Response:
        """How far each section of an environment is, and which inputs are there."""
        return JSONResponse(self._workshop.state(request.query_params.get("environment", "")))

    async def feed(self, request: Request) -> Response:
        """What has happened and happens, as server-sent events."""
        last = request.headers.get("last-event-id", "")
        events = self._workshop.feed.events(int(last) if last.isdecimal() else 0)
        return StreamingResponse(events, media_type="text/event-stream")

    async def run(self, request: Request) -> Response:
        """Start a run."""
        body = await _body(request, _Run)
        name = await self._workshop.start(RunRequest(body.mode, body.environment, body.sections))
        return JSONResponse({"run": name})

    async def answer(self, request: Request) -> Response:
        """Answer what a run asks."""
        body = await _body(request, _Answer)
        await self._workshop.runs.answer(request.path_params["run"], body.question, body.answer)
        return JSONResponse({})

    async def stop(self, request: Request) -> Response:
        """Stop a run."""
        await _body(request, _Body)
        self._workshop.runs.stop(request.path_params["run"])
        return JSONResponse({})

    async def inputs(self, request: Request) -> Response:
        """Keep credentials and parameters in memory; says what is wrong with which."""
        body = await _body(request, _Inputs)
        return JSONResponse({"problems": self._workshop.keep(body.environment, body.values)})

    async def check(self, request: Request) -> Response:
        """Ask each provider what the credentials may do."""
        body = await _body(request, _Environment)
        return JSONResponse(await self._workshop.check(body.environment))

    async def doctor(self, request: Request) -> Response:
        """Find what is wrong."""
        body = await _body(request, _Environment)
        return JSONResponse(await self._workshop.examine("doctor", "--json", environment=body.environment))

    async def status(self, request: Request) -> Response:
        """Compare the vault with the places where variables are set."""
        body = await _body(request, _Environment)
        return JSONResponse(await self._workshop.examine("env", "status", "--json", environment=body.environment))

    async def explain(self, request: Request) -> Response:
        """An entry's fix, filled in."""
        body = await _body(request, _Explained)
        words = ("explain", body.entry, *body.sections, "--json")
        return JSONResponse(await self._workshop.command(*words, environment=body.environment))

    async def jupyter(self, request: Request) -> Response:
        """Have a JupyterLab that shows a runbook; says where to open it, once."""
        body = await _body(request, _Notebook)
        return JSONResponse({"open": f"{OWN}/jupyter/{await self._workshop.ticket(body.notebook)}"})

    async def open_jupyter(self, request: Request) -> Response:
        """Lead a tab of the browser to JupyterLab: its token is in this answer, and in no page."""
        address = self._workshop.jupyter.redeem(request.path_params["ticket"])
        return RedirectResponse(address, 303) if address else PlainTextResponse("Open it from its page again.\n", 404)


async def _body(request: Request, model: type[Model]) -> Model:
    return model.model_validate(json.loads(await request.body()))


def _guarded(handler: Handler) -> Handler:
    """Report our errors; refuse what is no request of the page's script, without repeating any of it."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except DeploybookError as error:
            refusal: dict[str, Any] = {"message": str(error), "hint": error.hint, "entry": error.entry}
            return JSONResponse(refusal, 409)
        except (ValidationError, ValueError):
            return JSONResponse(
                {"message": "The page does not send such a request.", "hint": "Reload it.", "entry": ""}, 400
            )

    return guarded
