"""RPCs of calls (``.remote``, ``.spawn``, ``FunctionCall.get``) and of the containers that carry them out."""

from __future__ import annotations

from collections.abc import AsyncIterator

from modal_proto import api_pb2

from deploybook.sandbox.modal.api import Servicer
from deploybook.sandbox.modal.state.calls import Call, Chunks, Input
from deploybook.sandbox.modal.state.refusals import failed_precondition

# The SDK asks again after 55 s of its own accord.
LONGEST_WAIT = 55.0


class CallRpcs(Servicer):
    """What a caller of functions uses, the operator's SDK and code in containers alike."""

    def _put(
        self, call: Call, items: list[api_pb2.FunctionPutInputsItem]
    ) -> list[api_pb2.FunctionPutInputsResponseItem]:
        made = [self.calls.put(call, item.idx, item.input) for item in items]
        return [
            api_pb2.FunctionPutInputsResponseItem(idx=it.index, input_id=it.object_id, input_jwt=it.object_id)
            for it in made
        ]

    def function_map(self, request: api_pb2.FunctionMapRequest) -> api_pb2.FunctionMapResponse:
        function = self.workspace.apps.function(request.function_id)
        if not self.workspace.apps.get(function.app_id).live:
            raise failed_precondition(f"App '{function.app_id}' is stopped")
        self.workspace.require_budget("Function call")
        call = self.calls.start(function, request.function_call_type, request.function_call_invocation_type)
        self.workspace.changes += 1
        return api_pb2.FunctionMapResponse(
            function_call_id=call.object_id,
            function_call_jwt=call.object_id,
            pipelined_inputs=self._put(call, list(request.pipelined_inputs)),
            retry_policy=function.definition.retry_policy,
            max_inputs_outstanding=1000,
        )

    def function_put_inputs(self, request: api_pb2.FunctionPutInputsRequest) -> api_pb2.FunctionPutInputsResponse:
        self.workspace.changes += 1
        return api_pb2.FunctionPutInputsResponse(
            inputs=self._put(self.calls.get(request.function_call_id), list(request.inputs))
        )

    async def function_get_outputs(
        self, request: api_pb2.FunctionGetOutputsRequest
    ) -> api_pb2.FunctionGetOutputsResponse:
        call = self.calls.get(request.function_call_id)
        first = request.start_idx if request.HasField("start_idx") else 0
        last = request.end_idx if request.HasField("end_idx") else len(call.inputs)
        outputs = await call.outputs(first, last, min(request.timeout, LONGEST_WAIT))
        return api_pb2.FunctionGetOutputsResponse(
            outputs=outputs,
            idxs=[item.idx for item in outputs],
            last_entry_id="0-0",
            num_unfinished_inputs=call.unfinished(),
        )

    def function_call_from_id(self, request: api_pb2.FunctionCallFromIdRequest) -> api_pb2.FunctionCallFromIdResponse:
        call = self.calls.get(request.function_call_id)
        metadata = api_pb2.FunctionCallHandleMetadata(app_id=call.function.app_id, function_id=call.function.object_id)
        return api_pb2.FunctionCallFromIdResponse(
            function_call_id=call.object_id, num_inputs=len(call.inputs), metadata=metadata
        )


class RunningRpcs(Servicer):
    """Lists what runs, and ends it."""

    async def function_call_cancel(self, request: api_pb2.FunctionCallCancelRequest) -> None:
        terminated = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_TERMINATED)
        call = self.calls.get(request.function_call_id)
        queue = self.calls.queue(call.function.object_id)
        for item in [waiting for waiting in queue if waiting.call is call]:
            queue.remove(item)
        containers = {item.task_id for item in call.inputs if item.output is None and item.task_id}
        for item in call.inputs:
            self.calls.finish(item, terminated)
        for task_id in containers & self.fleet.containers.keys():
            await self.fleet.end(self.fleet.containers[task_id], terminated)
        self.workspace.changes += 1

    async def function_call_get_data_out(
        self, request: api_pb2.FunctionCallGetDataRequest
    ) -> AsyncIterator[api_pb2.DataChunk]:
        async for chunk in _after(self.calls.get(request.function_call_id).data_out, request.last_index):
            yield chunk

    def task_list(self, request: api_pb2.TaskListRequest) -> api_pb2.TaskListResponse:
        apps = [self.workspace.apps.get(request.app_id)] if request.app_id else list(self.workspace.apps.by_id.values())
        containers = [container for app in apps for container in self.fleet.of_app(app)]
        return api_pb2.TaskListResponse(
            tasks=[
                api_pb2.TaskStats(
                    task_id=container.object_id,
                    app_id=container.app.object_id,
                    app_description=container.app.name,
                    started_at=container.started_at,
                    enqueued_at=container.enqueued_at,
                )
                for container in containers
            ]
        )


class WorkerRpcs(Servicer):
    """What only a container calls, over its own socket: Modal's worker protocol as far as its runtime needs it."""

    def container_hello(self, _: object) -> None:
        return None

    def container_heartbeat(self, _: api_pb2.ContainerHeartbeatRequest) -> api_pb2.ContainerHeartbeatResponse:
        return api_pb2.ContainerHeartbeatResponse()

    async def function_get_inputs(self, _: api_pb2.FunctionGetInputsRequest) -> api_pb2.FunctionGetInputsResponse:
        taken = await self.fleet.take(self.caller)
        if taken is None:
            return api_pb2.FunctionGetInputsResponse(inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)])
        return api_pb2.FunctionGetInputsResponse(inputs=[_input(taken)])

    def function_put_outputs(self, request: api_pb2.FunctionPutOutputsRequest) -> None:
        for item in request.outputs:
            self.fleet.finish(self.caller, item)

    async def function_call_get_data_in(
        self, request: api_pb2.FunctionCallGetDataRequest
    ) -> AsyncIterator[api_pb2.DataChunk]:
        async for chunk in _after(self.calls.get(request.function_call_id).data_in, request.last_index):
            yield chunk

    def function_call_put_data_out(self, request: api_pb2.FunctionCallPutDataRequest) -> None:
        for chunk in request.data_chunks:
            self.calls.get(request.function_call_id).data_out.put(chunk)

    def task_result(self, request: api_pb2.TaskResultRequest) -> None:
        self.caller.failure = request.result


def _input(taken: Input) -> api_pb2.FunctionGetInputsItem:
    return api_pb2.FunctionGetInputsItem(
        input_id=taken.object_id,
        input=taken.payload,
        function_call_id=taken.call.object_id,
        function_call_invocation_type=taken.call.invocation,  # type: ignore[arg-type]
        retry_count=taken.attempts,
    )


async def _after(chunks: Chunks, index: int) -> AsyncIterator[api_pb2.DataChunk]:
    while (chunk := await chunks.after(index)) is not None:
        yield chunk
        index = chunk.index
