"""Shows the answers of Modal's gRPC API, which its SDK receives, to whoever records those of the other clients.

An answer's path is that of its method, its status gRPC's (0 is OK), its body the message in protobuf's JSON, or the reason of a refusal.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx

from deploybook import http

if TYPE_CHECKING:
    from grpclib.client import Channel
    from grpclib.events import RecvMessage, RecvTrailingMetadata, SendRequest

# Its answer is a credential and nothing else.
CREDENTIAL = "AuthTokenGet"
# grpclib tells of a request and of its answer in one task.
_path: ContextVar[str] = ContextVar("path")


def show_answers(channel: Channel) -> None:
    """Have ``http.show_answer`` called with each answer that comes through ``channel``."""
    from google.protobuf.json_format import MessageToDict
    from grpclib import Status, events

    async def begun(event: SendRequest) -> None:
        _path.set(event.method_name)

    async def answered(event: RecvMessage) -> None:
        _show(Status.OK.value, MessageToDict(event.message))

    async def ended(event: RecvTrailingMetadata) -> None:
        if event.status is not Status.OK:
            _show(event.status.value, {"message": event.status_message or ""})

    events.listen(channel, events.SendRequest, begun)
    events.listen(channel, events.RecvMessage, answered)
    events.listen(channel, events.RecvTrailingMetadata, ended)


def _show(status: int, body: dict[str, Any]) -> None:
    path = _path.get()
    method = path.rpartition("/")[2]
    if method == CREDENTIAL:
        return
    # AppGetTags is shown as app get tags.
    operation = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", method).lower()
    request = httpx.Request("POST", f"https://modal{path}", extensions={http.OPERATION_EXTENSION: ("Modal", operation)})
    http.show_answer(request, httpx.Response(status, json=body, headers={"content-type": "application/grpc"}))
