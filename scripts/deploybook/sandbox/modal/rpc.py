"""Serves Modal's gRPC service by a table of methods: credentials, faults, journal and statuses are the same for each.

The service's description is the generated ``modal_proto.api_grpc`` of the installed modal package: 285 methods, of
which those not in the table answer UNIMPLEMENTED with a sentence that says so.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientBase

from deploybook.sandbox.modal import refusals
from deploybook.sandbox.modal.boot import Container

if TYPE_CHECKING:
    from deploybook.sandbox.core.service import Context
    from deploybook.sandbox.modal.state.workspace import Workspace

# A method gets the request and the container that calls (None for the operator); None as an answer stands for Empty.
Method = Callable[[Any, Any], Any]

_STATUS: list[tuple[type[refusals.Refusal], Status]] = [
    (refusals.NotFound, Status.NOT_FOUND),
    (refusals.AlreadyExists, Status.ALREADY_EXISTS),
    (refusals.InvalidArgument, Status.INVALID_ARGUMENT),
    (refusals.FailedPrecondition, Status.FAILED_PRECONDITION),
    (refusals.NotImplementedHere, Status.UNIMPLEMENTED),
]
# The journal speaks HTTP: the mapping of google.rpc.Code.
_HTTP = {
    Status.OK: 200,
    Status.INVALID_ARGUMENT: 400,
    Status.FAILED_PRECONDITION: 400,
    Status.UNAUTHENTICATED: 401,
    Status.PERMISSION_DENIED: 403,
    Status.NOT_FOUND: 404,
    Status.ALREADY_EXISTS: 409,
    Status.UNIMPLEMENTED: 501,
    Status.UNAVAILABLE: 503,
}
_REMEMBERED = 1000


class _Names:
    """Stands for a service whose handlers are their own names, to read the generated table without 285 stubs."""

    def __getattr__(self, name: str) -> str:
        return name


@dataclass
class Gateway:
    """One gRPC address: the operator's (``container`` is None) or that of one container."""

    context: Context
    workspace: Workspace
    methods: Mapping[str, Method]
    container: Container | None = None
    answered: OrderedDict[str, Any] = field(default_factory=OrderedDict)

    def __mapping__(self) -> dict[str, Handler]:
        """What grpclib serves."""
        declared: dict[str, Handler] = ModalClientBase.__mapping__(_Names())
        return {path: it._replace(func=self._handler(path, it)) for path, it in declared.items()}

    def _handler(self, path: str, declared: Handler) -> Callable[[Any], Any]:
        async def handle(stream: Any) -> None:
            status, writes = Status.OK, False
            try:
                writes = await self._answer(path, declared, stream)
            except refusals.Refusal as refusal:
                status = next(status for kind, status in _STATUS if isinstance(refusal, kind))
                raise GRPCError(status, str(refusal)) from refusal
            except GRPCError as error:
                status = error.status
                raise
            except asyncio.CancelledError:
                status = Status.CANCELLED
                raise
            except Exception:
                status = Status.INTERNAL
                raise
            finally:
                if self.container is None:
                    self.context.journal.add("modal", "POST", path, _HTTP.get(status, 500), writes=writes)

        return handle

    async def _answer(self, path: str, declared: Handler, stream: Any) -> bool:
        """Answer one request; whether it changed anything."""
        request = await stream.recv_message()
        fault = self.context.faults.take("modal", "POST", path) if self.container is None else None
        if fault and fault.kind in {"status", "reset"}:
            raise GRPCError(Status.UNAVAILABLE, fault.body or "injected fault")
        if fault and fault.kind == "slow" and not await self.context.faults.hold(fault):
            raise GRPCError(Status.CANCELLED, "injected fault: the request was dropped")
        if self.container is None:
            self._authenticate(stream.metadata)
        method = self.methods.get(declared.func)
        if method is None:
            raise GRPCError(Status.UNIMPLEMENTED, f"not implemented in the sandbox: POST {path}")
        if inspect.isasyncgenfunction(method):
            await _send_all(stream, method(request, self.container))
            return False
        answer, writes = await self._once(method, request, stream.metadata)
        if fault and fault.kind == "lost-answer":
            raise GRPCError(Status.UNAVAILABLE, "injected fault: the answer was lost")
        await stream.send_message(declared.reply_type() if answer is None else answer)
        return writes

    def _authenticate(self, metadata: Mapping[str, str]) -> None:
        token_id = metadata.get("x-modal-token-id", "")
        token_secret = metadata.get("x-modal-token-secret", "")
        if not token_id or not token_secret:
            raise GRPCError(Status.UNAUTHENTICATED, "Token missing. Could not authenticate client.")
        if not self.workspace.accepts(token_id, token_secret):
            raise GRPCError(Status.UNAUTHENTICATED, "Token validation failed: the token id or secret is wrong")

    async def _once(self, method: Method, request: Any, metadata: Mapping[str, str]) -> tuple[Any, bool]:
        """Call the method; a retry (numbered by the SDK, one key for all) gets the first attempt's answer again."""
        key = metadata.get("x-idempotency-key", "")
        if key in self.answered and metadata.get("x-retry-attempt", "0") != "0":
            return self.answered[key], False
        before = self.workspace.changes
        answer = method(request, self.container)
        if inspect.isawaitable(answer):
            answer = await answer
        # A method that waits may see the changes of others; of those, only outputs are read while waiting.
        writes = self.workspace.changes != before and not isinstance(answer, api_pb2.FunctionGetOutputsResponse)
        if key:
            self.answered[key] = answer
            if len(self.answered) > _REMEMBERED:
                self.answered.popitem(last=False)
        return answer, writes


async def _send_all(stream: Any, messages: AsyncIterator[Any]) -> None:
    async for message in messages:
        await stream.send_message(message)
