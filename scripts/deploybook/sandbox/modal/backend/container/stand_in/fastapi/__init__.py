"""Stands for FastAPI where the image installs it and this machine lacks it: what ``modal.fastapi_endpoint`` uses.

The rules are FastAPI's documented ones: a parameter annotated as a mapping, a list or a pydantic model is the JSON
body, any other is taken from the query and converted; what does not fit is 422 with ``detail``; what is returned is sent as JSON.
A name that is not here fails at import, as it should.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

import pydantic
import pydantic_core
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["FastAPI", "HTTPException", "Request", "Response"]


class FastAPI(Starlette):
    """A Starlette app whose routes call plain functions."""

    def __init__(self, openapi_url: str | None = None) -> None:
        if openapi_url is not None:
            raise NotImplementedError("docs=True is not implemented in the sandbox")
        super().__init__(exception_handlers={HTTPException: _as_json})

    def add_api_route(self, path: str, endpoint: Callable[..., Any], *, methods: list[str]) -> None:
        """Serve ``endpoint`` at ``path``."""
        self.router.routes.append(Route(path, _adapter(endpoint), methods=methods))


async def _as_json(_: Request, error: Exception) -> Response:
    http_error = cast(HTTPException, error)
    return JSONResponse({"detail": http_error.detail}, http_error.status_code, headers=http_error.headers)


def _adapter(endpoint: Callable[..., Any]) -> Callable[[Request], Awaitable[Response]]:
    hints = typing.get_type_hints(endpoint)
    parameters = [(it, hints.get(it.name, str)) for it in inspect.signature(endpoint).parameters.values()]
    bodies = [it.name for it, hint in parameters if _is_body(hint)]

    async def answer(request: Request) -> Response:
        arguments: dict[str, Any] = {}
        errors: list[Any] = []
        body: Any = None
        if bodies:
            try:
                body = await request.json()
            except ValueError:
                if await request.body():
                    detail = [{"type": "json_invalid", "loc": ["body"], "msg": "JSON decode error", "input": {}}]
                    return JSONResponse({"detail": detail}, 422)
        for parameter, hint in parameters:
            if hint is Request:
                arguments[parameter.name] = request
            elif parameter.name in bodies and len(bodies) == 1:
                _take(parameter, hint, body, ["body"], arguments, errors)
            elif parameter.name in bodies:
                _take(parameter, hint, (body or {}).get(parameter.name), ["body", parameter.name], arguments, errors)
            else:
                _take(
                    parameter,
                    hint,
                    request.query_params.get(parameter.name),
                    ["query", parameter.name],
                    arguments,
                    errors,
                )
        if errors:
            return JSONResponse({"detail": errors}, 422)
        if inspect.iscoroutinefunction(endpoint):
            result = await endpoint(**arguments)
        else:
            result = await run_in_threadpool(endpoint, **arguments)
        return result if isinstance(result, Response) else JSONResponse(pydantic_core.to_jsonable_python(result))

    return answer


def _take(
    parameter: inspect.Parameter, hint: Any, value: Any, where: list[str], arguments: dict[str, Any], errors: list[Any]
) -> None:
    if value is None and parameter.default is not inspect.Parameter.empty:
        arguments[parameter.name] = parameter.default
        return
    if value is None:
        errors.append({"type": "missing", "loc": where, "msg": "Field required", "input": None})
        return
    try:
        arguments[parameter.name] = pydantic.TypeAdapter(hint).validate_python(value)
    except pydantic.ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False):
            errors.append({**error, "loc": [*where, *error["loc"]]})


def _is_body(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return any(_is_body(argument) for argument in typing.get_args(hint))
    kind = origin or hint
    return (
        isinstance(kind, type)
        and not issubclass(kind, str | bytes)
        and issubclass(kind, Mapping | Sequence | pydantic.BaseModel)
    )
