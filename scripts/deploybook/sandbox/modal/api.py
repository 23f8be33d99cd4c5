"""Serves Modal's gRPC service: credentials, faults, the journal and the statuses of refusals are the same for each of its RPCs.

The service's description is the generated ``modal_proto.api_grpc`` of the installed modal package: 285 RPCs, of which those that no
``Servicer`` in ``routes/`` has answer UNIMPLEMENTED with a sentence that says so.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientBase
from pydantic.alias_generators import to_pascal

from deploybook.sandbox.core.faults import Fault
from deploybook.sandbox.core.refusals import Refusal, not_implemented
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.modal.backend.boot import Container
from deploybook.sandbox.modal.backend.fleet import Fleet
from deploybook.sandbox.modal.state.calls import Calls
from deploybook.sandbox.modal.state.refusals import failed_precondition, unauthenticated, unavailable
from deploybook.sandbox.modal.state.workspace import Workspace

_REMEMBERED = 1000


class _Names:
    """Stands for a service whose handlers are their own names, to read the generated table without 285 stubs."""

    def __getattr__(self, name: str) -> str:
        return name


DECLARED: Mapping[str, Handler] = ModalClientBase.__mapping__(_Names())


@dataclass
class Servicer:
    """RPCs as methods: ``app_get_layout`` answers AppGetLayout, and None as an answer stands for Empty.

    ``container`` is the one that calls, over its own address; None is the operator.
    """

    workspace: Workspace
    calls: Calls
    fleet: Fleet
    blob_base: str
    container: Container | None = None

    @property
    def caller(self) -> Container:
        """The container that calls."""
        if self.container is None:
            raise failed_precondition("Only a container may call this")
        return self.container

    def rpcs(self) -> dict[str, Callable[[Any], Any]]:
        """Its methods by the names of their RPCs; raises LookupError for one that Modal's service does not declare."""
        names = [name for name in dir(type(self)) if not name.startswith("_") and not hasattr(Servicer, name)]
        methods: dict[str, Callable[[Any], Any]] = {to_pascal(name): getattr(self, name) for name in names}
        unknown = methods.keys() - {str(handler.func) for handler in DECLARED.values()}
        if unknown:
            raise LookupError(f"Modal declares no RPC {', '.join(sorted(unknown))}")
        return methods


@dataclass
class Gateway:
    """One gRPC address: the operator's, or that of one container."""

    context: Context
    servicer: Servicer
    answered: OrderedDict[str, Any] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.install(self.servicer)

    def install(self, servicer: Servicer) -> None:
        """Serve this one from now on; earlier answers are forgotten."""
        self.servicer = servicer
        self._methods = servicer.rpcs()
        self.answered.clear()

    def __mapping__(self) -> dict[str, Handler]:
        """What grpclib serves."""
        return {path: handler._replace(func=self._handler(path, handler)) for path, handler in DECLARED.items()}

    def _handler(self, path: str, declared: Handler) -> Callable[[Any], Any]:
        async def handle(stream: Any) -> None:
            request = await stream.recv_message()
            fault = self.context.faults.take("modal", "POST", path) if self.servicer.container is None else None
            answering = self._noted(path, declared, stream, request, fault)
            if fault is None:
                await answering
            else:
                # grpclib ends the handler of a caller that goes away; what a fault holds is carried out all the same.
                task = asyncio.ensure_future(answering)
                task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
                await asyncio.shield(task)

        return handle

    async def _noted(self, path: str, declared: Handler, stream: Any, request: Any, fault: Fault | None) -> None:
        """Answer one request, and note it in the journal if it is the operator's."""
        status, writes = 500, False
        try:
            answer, writes = await self._answer(path, declared, stream, request, fault)
            status = 200
        except Refusal as refusal:
            status = refusal.status
            code = Status[str(refusal.code)] if refusal.code else Status.UNIMPLEMENTED
            raise GRPCError(code, refusal.message) from refusal
        finally:
            if self.servicer.container is None:
                self.context.journal.add("modal", "POST", path, status, writes=writes)
        if fault and fault.kind == "slow-answer":
            await self.context.faults.hold(fault)
        if fault and fault.kind == "lost-answer":
            raise GRPCError(Status.UNAVAILABLE, "injected fault: the answer was lost")
        if answer is not None:
            await stream.send_message(answer)

    async def _answer(
        self, path: str, declared: Handler, stream: Any, request: Any, fault: Fault | None
    ) -> tuple[Any, bool]:
        """The answer to one request, None for one that was streamed; and whether it changed anything."""
        if fault and fault.kind in {"status", "reset"}:
            raise unavailable(fault.body or "injected fault")
        if fault and fault.kind == "slow" and not await self.context.faults.hold(fault):
            raise unavailable("injected fault: the request was dropped")
        if self.servicer.container is None:
            self._authenticate(stream.metadata)
        method = self._methods.get(str(declared.func))
        if method is None:
            raise not_implemented(f"POST {path}")
        if inspect.isasyncgenfunction(method):
            async for message in method(request):
                await stream.send_message(message)
            return None, False
        answer, writes = await self._once(method, request, stream.metadata)
        return declared.reply_type() if answer is None else answer, writes

    def _authenticate(self, metadata: Mapping[str, str]) -> None:
        token_id = metadata.get("x-modal-token-id", "")
        token_secret = metadata.get("x-modal-token-secret", "")
        if not token_id or not token_secret:
            raise unauthenticated("Token missing. Could not authenticate client.")
        if not self.servicer.workspace.accepts(token_id, token_secret):
            raise unauthenticated("Token validation failed: the token id or secret is wrong")

    async def _once(self, method: Callable[[Any], Any], request: Any, metadata: Mapping[str, str]) -> tuple[Any, bool]:
        """Call the method; a retry (numbered by the SDK, one key for all) gets the first attempt's answer again."""
        key = metadata.get("x-idempotency-key", "")
        if key in self.answered and metadata.get("x-retry-attempt", "0") != "0":
            return self.answered[key], False
        before = self.servicer.workspace.changes
        answer = method(request)
        if inspect.isawaitable(answer):
            answer = await answer
        # A method that waits may see the changes of others; of those, only outputs are read while waiting.
        changed = self.servicer.workspace.changes != before
        writes = changed and not isinstance(answer, api_pb2.FunctionGetOutputsResponse)
        if key:
            self.answered[key] = answer
            if len(self.answered) > _REMEMBERED:
                self.answered.popitem(last=False)
        return answer, writes
