"""Function calls: inputs wait in a queue per function until a container asks, outputs until a caller does."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from modal_proto import api_pb2

from deploybook.sandbox.modal.state.apps import Function
from deploybook.sandbox.modal.state.identifiers import object_id
from deploybook.sandbox.modal.state.refusals import not_found


@dataclass
class Chunks:
    """One direction of a call's data stream (an HTTP request's body, an answer), numbered from 1."""

    chunks: list[api_pb2.DataChunk] = field(default_factory=list)
    closed: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, chunk: api_pb2.DataChunk) -> None:
        """Append a chunk; one sent again by a retry is dropped."""
        if chunk.index == len(self.chunks) + 1:
            self.chunks.append(chunk)
        self._wake()

    def close(self) -> None:
        """No more will come."""
        self.closed = True
        self._wake()

    async def after(self, index: int) -> api_pb2.DataChunk | None:
        """The chunk after ``index``, waited for; None when the stream has ended."""
        while len(self.chunks) <= index:
            if self.closed:
                return None
            await self.changed.wait()
        return self.chunks[index]

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass
class Input:
    """One set of arguments; ``output`` when it is done."""

    object_id: str
    index: int
    payload: api_pb2.FunctionInput
    call: Call
    attempts: int = 0
    task_id: str = ""
    started_at: float = 0.0
    deadline: asyncio.TimerHandle | None = None
    output: api_pb2.FunctionGetOutputsItem | None = None


@dataclass
class Call:
    """One call of a function, with one input (``.spawn``, ``.remote``, a web request) or many (``.map``)."""

    object_id: str
    function: Function
    kind: int
    invocation: int
    inputs: list[Input] = field(default_factory=list)
    data_in: Chunks = field(default_factory=Chunks)
    data_out: Chunks = field(default_factory=Chunks)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def unfinished(self) -> int:
        """How many inputs have no output yet."""
        return sum(1 for it in self.inputs if it.output is None)

    async def outputs(self, first: int, last: int, timeout: float) -> list[api_pb2.FunctionGetOutputsItem]:
        """The outputs in a range of indices; waits for the first of them up to ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            outputs = [it.output for it in self.inputs if first <= it.index <= last and it.output is not None]
            seconds = deadline - time.monotonic()
            if outputs or seconds <= 0:
                return outputs
            try:
                await asyncio.wait_for(self.changed.wait(), seconds)
            except TimeoutError:
                continue


class Calls:
    """Every call of the workspace, and the queues of inputs by function."""

    def __init__(self) -> None:
        self.by_id: dict[str, Call] = {}
        self.inputs: dict[str, Input] = {}
        self.queues: dict[str, deque[Input]] = {}
        self.queued: Callable[[Function], None] = lambda _function: None

    def get(self, call_id: str) -> Call:
        """The call with this id."""
        if call_id not in self.by_id:
            raise not_found(f"Function call '{call_id}' not found")
        return self.by_id[call_id]

    def input(self, input_id: str) -> Input:
        """The input with this id."""
        if input_id not in self.inputs:
            raise not_found(f"Input '{input_id}' not found")
        return self.inputs[input_id]

    def start(self, function: Function, kind: int, invocation: int) -> Call:
        """A call without inputs."""
        call = Call(object_id("fc"), function, kind, invocation)
        self.by_id[call.object_id] = call
        return call

    def put(self, call: Call, index: int, payload: api_pb2.FunctionInput) -> Input:
        """Queue one input of a call."""
        made = Input(object_id("in"), index, payload, call)
        call.inputs.append(made)
        self.inputs[made.object_id] = made
        self.enqueue(made)
        return made

    def enqueue(self, waiting: Input) -> None:
        """Put an input at the end of its function's queue and tell the fleet."""
        waiting.task_id = ""
        self.queue(waiting.call.function.object_id).append(waiting)
        self.queued(waiting.call.function)

    def queue(self, function_id: str) -> deque[Input]:
        """The inputs of a function that no container has taken."""
        return self.queues.setdefault(function_id, deque())

    def finish(
        self, finished: Input, result: api_pb2.GenericResult, data_format: int = api_pb2.DATA_FORMAT_PICKLE
    ) -> None:
        """Record the output of an input and wake whoever waits for it; a second output is dropped."""
        if finished.output is not None:
            return
        if finished.deadline:
            finished.deadline.cancel()
        finished.output = api_pb2.FunctionGetOutputsItem(
            idx=finished.index,
            input_id=finished.object_id,
            result=result,
            data_format=data_format,  # type: ignore[arg-type]
            task_id=finished.task_id,
            input_started_at=finished.started_at,
            output_created_at=time.time(),
            retry_count=finished.attempts,
        )
        call = finished.call
        if call.unfinished() == 0:
            call.data_out.close()
            call.data_in.close()
        call.changed.set()
        call.changed = asyncio.Event()

    def fail_queued(self, function_id: str, result: api_pb2.GenericResult) -> None:
        """Give every waiting input of a function the same failure."""
        queue = self.queue(function_id)
        while queue:
            self.finish(queue.popleft(), result)
