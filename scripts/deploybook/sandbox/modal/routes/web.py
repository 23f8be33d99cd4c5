"""The web endpoints: each HTTP request becomes an input of its function, whose container answers it.

At Modal the endpoint's host name is ``<label>.modal.run``. Here that name is the first segment of the path of one https
address.
The answers that do not come from the app itself (``modal-http: …``) are Modal's.
"""

from __future__ import annotations

import hmac
import pickle
from collections.abc import AsyncIterator
from typing import Any

from modal_proto import api_pb2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.modal.state.apps import Function
from deploybook.sandbox.modal.state.calls import Call, Calls
from deploybook.sandbox.modal.state.workspace import Workspace

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SUFFIX = ".modal.run"


def web_app(workspace: Workspace, calls: Calls) -> Starlette:
    """``/<label>.modal.run[/path]`` for every label."""

    async def endpoint(request: Request) -> Response:
        host, path = request.path_params["host"], request.path_params.get("path", "")
        function = workspace.apps.labelled(host.removesuffix(_SUFFIX)) if host.endswith(_SUFFIX) else None
        if function is None:
            return PlainTextResponse("modal-http: invalid function call", 404)
        if not workspace.apps.get(function.app_id).live:
            return PlainTextResponse("modal-http: app for invoked web endpoint is stopped", 404)
        if function.definition.webhook_config.requires_proxy_auth:
            refusal = _proxy_refusal(workspace, request)
            if refusal:
                return refusal
        try:
            workspace.require_budget("Webhook")
        except Refusal as refused:
            return PlainTextResponse(f"modal-http: {refused.message}", refused.status)
        call = await _start(calls, function, request, f"/{path}")
        return await _answer(workspace, call)

    return Starlette(
        routes=[
            Route("/{host}", endpoint, methods=_METHODS),
            Route("/{host}/{path:path}", endpoint, methods=_METHODS),
        ]
    )


def _proxy_refusal(workspace: Workspace, request: Request) -> Response | None:
    key, secret = request.headers.get("modal-key", ""), request.headers.get("modal-secret", "")
    if not key:
        # The other form that ``modal workspace proxy-tokens create`` prints.
        key, _, secret = request.headers.get("authorization", "").removeprefix("Bearer ").partition(".")
    if not key or not secret:
        return PlainTextResponse("modal-http: missing credentials for proxy authorization", 401)
    token = workspace.proxy_tokens.get(key)
    if token is None or not hmac.compare_digest(token.token_secret.encode(), secret.encode()):
        return PlainTextResponse("modal-http: invalid credentials for proxy authorization", 401)
    return None


async def _start(calls: Calls, function: Function, request: Request, path: str) -> Call:
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": request.scope["query_string"],
        "root_path": "",
        "headers": [(name, value) for name, value in request.headers.raw],
        "client": request.client and (request.client.host, request.client.port),
    }
    body = await request.body()
    call = calls.start(function, api_pb2.FUNCTION_CALL_TYPE_UNARY, api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
    message = api_pb2.Asgi(http_request=api_pb2.Asgi.HttpRequest(body=body))
    call.data_in.put(api_pb2.DataChunk(index=1, data_format=api_pb2.DATA_FORMAT_ASGI, data=message.SerializeToString()))
    arguments = pickle.dumps(((scope,), {}), protocol=4)
    calls.put(call, 0, api_pb2.FunctionInput(args=arguments, data_format=api_pb2.DATA_FORMAT_PICKLE))
    return call


async def _answer(workspace: Workspace, call: Call) -> Response:
    messages = _messages(workspace, call)
    async for message in messages:
        if message.WhichOneof("type") == "http_response_start":
            start = message.http_response_start
            answer = StreamingResponse(_body(messages), start.status)
            # ASGI headers are pairs; Modal's message carries them flattened.
            pairs = list(zip(start.headers[::2], start.headers[1::2], strict=True))
            answer.raw_headers = [(name.lower(), value) for name, value in pairs]
            return answer
    output = call.inputs[0].output
    reason = output.result.exception if output else ""
    if output and output.result.status == api_pb2.GenericResult.GENERIC_STATUS_TIMEOUT:
        return PlainTextResponse("modal-http: internal error: function execution timed out", 500)
    if output and output.result.status == api_pb2.GenericResult.GENERIC_STATUS_TERMINATED:
        return PlainTextResponse("modal-http: app for invoked web endpoint is stopped", 404)
    return PlainTextResponse(f"modal-http: internal error: status Failure: {reason}", 500)


async def _messages(workspace: Workspace, call: Call) -> AsyncIterator[api_pb2.Asgi]:
    index = 0
    while (chunk := await call.data_out.after(index)) is not None:
        index = chunk.index
        blob_id = chunk.data_blob_id
        data = workspace.artifacts.blob_data(blob_id) if blob_id else chunk.data
        yield api_pb2.Asgi.FromString(data)


async def _body(messages: AsyncIterator[api_pb2.Asgi]) -> AsyncIterator[bytes]:
    async for message in messages:
        if message.WhichOneof("type") == "http_response_body":
            yield message.http_response_body.body
            if not message.http_response_body.more_body:
                return
