"""RPCs of calls (``.remote``, ``.spawn``, ``FunctionCall.get``) and of the containers that carry them out."""

from __future__ import annotations

from collections.abc import AsyncIterator

from modal_proto import api_pb2

from deploybook.sandbox.modal.boot import Container
from deploybook.sandbox.modal.fleet import Fleet
from deploybook.sandbox.modal.refusals import FailedPrecondition
from deploybook.sandbox.modal.rpc import Method
from deploybook.sandbox.modal.state.calls import Call, Calls, Chunks, Input
from deploybook.sandbox.modal.state.workspace import Workspace

Caller = Container | None
# The SDK asks again after 55 s of its own accord.
LONGEST_WAIT = 55.0


def call_methods(workspace: Workspace, calls: Calls) -> dict[str, Method]:
    """What a caller of functions uses, the operator's SDK and code in containers alike."""

    def put(call: Call, items: list[api_pb2.FunctionPutInputsItem]) -> list[api_pb2.FunctionPutInputsResponseItem]:
        made = [calls.put(call, it.idx, it.input) for it in items]
        return [
            api_pb2.FunctionPutInputsResponseItem(idx=it.index, input_id=it.object_id, input_jwt=it.object_id)
            for it in made
        ]

    def start(request: api_pb2.FunctionMapRequest, _: Caller) -> api_pb2.FunctionMapResponse:
        function = workspace.apps.function(request.function_id)
        if not workspace.apps.get(function.app_id).live:
            raise FailedPrecondition(f"App '{function.app_id}' is stopped")
        call = calls.start(function, request.function_call_type, request.function_call_invocation_type)
        workspace.changes += 1
        return api_pb2.FunctionMapResponse(
            function_call_id=call.object_id,
            function_call_jwt=call.object_id,
            pipelined_inputs=put(call, list(request.pipelined_inputs)),
            retry_policy=function.definition.retry_policy,
            max_inputs_outstanding=1000,
        )

    def put_inputs(request: api_pb2.FunctionPutInputsRequest, _: Caller) -> api_pb2.FunctionPutInputsResponse:
        workspace.changes += 1
        return api_pb2.FunctionPutInputsResponse(inputs=put(calls.get(request.function_call_id), list(request.inputs)))

    async def outputs(request: api_pb2.FunctionGetOutputsRequest, _: Caller) -> api_pb2.FunctionGetOutputsResponse:
        call = calls.get(request.function_call_id)
        first = request.start_idx if request.HasField("start_idx") else 0
        last = request.end_idx if request.HasField("end_idx") else len(call.inputs)
        done = await call.outputs(first, last, min(request.timeout, LONGEST_WAIT))
        return api_pb2.FunctionGetOutputsResponse(
            outputs=done, idxs=[it.idx for it in done], last_entry_id="0-0", num_unfinished_inputs=call.unfinished()
        )

    def from_id(request: api_pb2.FunctionCallFromIdRequest, _: Caller) -> api_pb2.FunctionCallFromIdResponse:
        call = calls.get(request.function_call_id)
        metadata = api_pb2.FunctionCallHandleMetadata(app_id=call.function.app_id, function_id=call.function.object_id)
        return api_pb2.FunctionCallFromIdResponse(
            function_call_id=call.object_id, num_inputs=len(call.inputs), metadata=metadata
        )

    return {
        "FunctionMap": start,
        "FunctionPutInputs": put_inputs,
        "FunctionGetOutputs": outputs,
        "FunctionCallFromId": from_id,
    }


def running_methods(workspace: Workspace, calls: Calls, fleet: Fleet) -> dict[str, Method]:
    """What looks at, and ends, that which runs."""

    async def cancel(request: api_pb2.FunctionCallCancelRequest, _: Caller) -> None:
        terminated = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_TERMINATED)
        call = calls.get(request.function_call_id)
        queue = calls.queue(call.function.object_id)
        for it in [waiting for waiting in queue if waiting.call is call]:
            queue.remove(it)
        containers = {it.task_id for it in call.inputs if it.output is None and it.task_id}
        for it in call.inputs:
            calls.finish(it, terminated)
        for task_id in containers & fleet.containers.keys():
            await fleet.end(fleet.containers[task_id], terminated)
        workspace.changes += 1

    async def data_out(request: api_pb2.FunctionCallGetDataRequest, _: Caller) -> AsyncIterator[api_pb2.DataChunk]:
        async for chunk in _after(calls.get(request.function_call_id).data_out, request.last_index):
            yield chunk

    def tasks(request: api_pb2.TaskListRequest, _: Caller) -> api_pb2.TaskListResponse:
        apps = [workspace.apps.get(request.app_id)] if request.app_id else list(workspace.apps.by_id.values())
        found = [it for app in apps for it in fleet.of_app(app)]
        return api_pb2.TaskListResponse(
            tasks=[
                api_pb2.TaskStats(
                    task_id=it.object_id,
                    app_id=it.app.object_id,
                    app_description=it.app.name,
                    started_at=it.started_at,
                    enqueued_at=it.enqueued_at,
                )
                for it in found
            ]
        )

    return {"FunctionCallCancel": cancel, "FunctionCallGetDataOut": data_out, "TaskList": tasks}


def container_methods(calls: Calls, fleet: Fleet) -> dict[str, Method]:
    """What only a container calls, over its own socket: Modal's worker protocol as far as its runtime needs it."""

    def nothing(_: object, __: Caller) -> None:
        return None

    def heartbeat(_: api_pb2.ContainerHeartbeatRequest, __: Caller) -> api_pb2.ContainerHeartbeatResponse:
        return api_pb2.ContainerHeartbeatResponse()

    async def inputs(_: api_pb2.FunctionGetInputsRequest, caller: Container) -> api_pb2.FunctionGetInputsResponse:
        given = await fleet.take(caller)
        if given is None:
            return api_pb2.FunctionGetInputsResponse(inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)])
        return api_pb2.FunctionGetInputsResponse(inputs=[_input(given)])

    def put_outputs(request: api_pb2.FunctionPutOutputsRequest, caller: Container) -> None:
        for item in request.outputs:
            fleet.finish(caller, item)

    async def data_in(request: api_pb2.FunctionCallGetDataRequest, _: Caller) -> AsyncIterator[api_pb2.DataChunk]:
        async for chunk in _after(calls.get(request.function_call_id).data_in, request.last_index):
            yield chunk

    def put_data_out(request: api_pb2.FunctionCallPutDataRequest, _: Caller) -> None:
        for chunk in request.data_chunks:
            calls.get(request.function_call_id).data_out.put(chunk)

    def task_result(request: api_pb2.TaskResultRequest, caller: Container) -> None:
        caller.failure = request.result

    return {
        "ContainerHello": nothing,
        "ContainerHeartbeat": heartbeat,
        "FunctionGetInputs": inputs,
        "FunctionPutOutputs": put_outputs,
        "FunctionCallGetDataIn": data_in,
        "FunctionCallPutDataOut": put_data_out,
        "TaskResult": task_result,
    }


def _input(given: Input) -> api_pb2.FunctionGetInputsItem:
    return api_pb2.FunctionGetInputsItem(
        input_id=given.object_id,
        input=given.payload,
        function_call_id=given.call.object_id,
        function_call_invocation_type=given.call.invocation,  # type: ignore[arg-type]
        retry_count=given.attempts,
    )


async def _after(chunks: Chunks, index: int) -> AsyncIterator[api_pb2.DataChunk]:
    while (chunk := await chunks.after(index)) is not None:
        yield chunk
        index = chunk.index
