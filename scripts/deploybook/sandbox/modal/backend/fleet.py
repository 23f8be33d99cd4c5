"""The fleet: starts a container process when a function's inputs wait, hands it inputs one by one, ends it.

A container runs Modal's own runtime (``modal._container_entrypoint``) on the uploaded module, with the function's secrets
and nothing else of this machine's environment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_proto import api_pb2

from deploybook.sandbox.modal.backend import arguments
from deploybook.sandbox.modal.backend.boot import Boot, Container, StartFailure
from deploybook.sandbox.modal.backend.tail import follow
from deploybook.sandbox.modal.state.identifiers import object_id
from deploybook.sandbox.modal.state.logs import SYSTEM

if TYPE_CHECKING:
    from deploybook.sandbox.modal.state.apps import App, Function
    from deploybook.sandbox.modal.state.calls import Calls, Input
    from deploybook.sandbox.modal.state.workspace import Workspace

# Modal scales a function further; on one machine four processes of it do.
CONTAINERS_OF_A_FUNCTION = 4
IDLE_SECONDS = 60
TIMEOUT_SECONDS = 300
Status = api_pb2.GenericResult


class Fleet:
    """The containers of one workspace; ``boot`` starts the process of one."""

    def __init__(
        self,
        workspace: Workspace,
        calls: Calls,
        boot: Boot,
    ) -> None:
        self._workspace = workspace
        self._calls = calls
        self._boot = boot
        self._tasks: set[asyncio.Task[None]] = set()
        self.containers: dict[str, Container] = {}
        # Says of a function why it can't run here; empty for one that can.
        self.not_here: Callable[[Function], str] = lambda _: ""
        calls.queued = self.serve_queue

    def of_function(self, function_id: str) -> list[Container]:
        """The containers of a function that may still take inputs."""
        return [
            container
            for container in self.containers.values()
            if container.function.object_id == function_id and not container.retired
        ]

    def of_app(self, app: App) -> list[Container]:
        """The containers of an app."""
        return [container for container in self.containers.values() if container.app is app]

    def serve_queue(self, function: Function) -> None:
        """Hand waiting inputs to containers that ask, and start a container if that is not enough."""
        if reason := self.not_here(function):
            self._fail_unrun(function, reason)
            return
        queue = self._calls.queue(function.object_id)
        containers = self.of_function(function.object_id)
        for container in containers:
            if queue and container.waiter and not container.waiter.done():
                container.waiter.set_result(queue.popleft())
        limit = min(function.definition.concurrency_limit or CONTAINERS_OF_A_FUNCTION, CONTAINERS_OF_A_FUNCTION)
        starting = sum(1 for other in containers if not other.ready)
        if len(queue) > starting and len(containers) < limit:
            app = self._workspace.apps.get(function.app_id)
            container = Container(object_id("ta"), app.functions.get(function.name, function), app, time.time())
            self.containers[container.object_id] = container
            self._background(self._run(container))

    def _fail_unrun(self, function: Function, reason: str) -> None:
        """End every waiting input of a function that can't run here: by what Python would say of its arguments, or by the reason."""
        queue, schema = self._calls.queue(function.object_id), function.announced.function_schema
        while queue:
            waiting = queue.popleft()
            problem = arguments.judge(function.name, schema, waiting.payload)
            text = problem or f"Not run here: {reason}; {arguments.describe(schema, waiting.payload)}"
            self._workspace.apps.get(function.app_id).logs.add(f"{text}\n", function.object_id, "", SYSTEM)
            self._calls.finish(waiting, api_pb2.GenericResult(status=Status.GENERIC_STATUS_FAILURE, exception=text))

    async def take(self, container: Container) -> Input | None:
        """The next input for a container; None tells it to end (idle for long, or its app was published again)."""
        container.ready = True
        queue = self._calls.queue(container.function.object_id)
        if container.retired or queue:
            taken = None if container.retired else queue.popleft()
        else:
            container.waiter = asyncio.get_running_loop().create_future()
            try:
                idle = container.function.definition.task_idle_timeout_secs or IDLE_SECONDS
                taken = await asyncio.wait_for(container.waiter, idle)
            except TimeoutError:
                taken = None
            finally:
                container.waiter = None
        if taken is None:
            container.retired = True
            return None
        self._hand_over(container, taken)
        return taken

    def finish(self, container: Container, item: api_pb2.FunctionPutOutputsItem) -> None:
        """Record an output that a container sends, or queue its input again if the function's retries allow."""
        call_input = container.running.pop(item.input_id, None)
        if call_input is None:
            return
        policy = container.function.definition.retry_policy
        if item.result.status == Status.GENERIC_STATUS_FAILURE and call_input.attempts < policy.retries:
            if call_input.deadline:
                call_input.deadline.cancel()
            delay = policy.initial_delay_ms / 1000 * (policy.backoff_coefficient or 1) ** call_input.attempts
            call_input.attempts += 1
            asyncio.get_running_loop().call_later(delay, self._calls.enqueue, call_input)
            return
        self._calls.finish(call_input, item.result, item.data_format)

    def retire_outdated(self, app: App) -> None:
        """After a publish: containers of the earlier version end when they have finished what they run."""
        for container in self.of_app(app):
            if app.functions.get(container.function.name) is not container.function:
                container.retired = True
                if container.waiter and not container.waiter.done():
                    container.waiter.set_result(None)
        for function in app.functions.values():
            self.serve_queue(function)

    async def stop_app(self, app: App) -> None:
        """End every container of an app at once; what waits or runs is terminated."""
        terminated = api_pb2.GenericResult(status=Status.GENERIC_STATUS_TERMINATED, exception="The app was stopped")
        for function in app.functions.values():
            self._calls.fail_queued(function.object_id, terminated)
        await asyncio.gather(*(self.end(container, terminated) for container in self.of_app(app)))

    async def end(self, container: Container, result: api_pb2.GenericResult) -> None:
        """End a container at once; its running inputs get ``result``."""
        container.retired = True
        container.failure = result
        for other in list(container.running.values()):
            self._calls.finish(other, result)
        if container.child:
            await container.child.stop()

    async def close(self) -> None:
        """End every container and wait for what watches them."""
        stopped = api_pb2.GenericResult(status=Status.GENERIC_STATUS_TERMINATED, exception="The sandbox was reset")
        await asyncio.gather(*(self.end(container, stopped) for container in list(self.containers.values())))
        for task in self._tasks:
            if not task.done():
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.containers.clear()

    def _background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hand_over(self, container: Container, taken: Input) -> None:
        taken.task_id = container.object_id
        taken.started_at = time.time()
        container.running[taken.object_id] = taken
        seconds = container.function.definition.timeout_secs or TIMEOUT_SECONDS
        taken.deadline = asyncio.get_running_loop().call_later(seconds, self._expire, container, taken)

    def _expire(self, container: Container, late: Input) -> None:
        if late.output is None:
            self._log(container, "Runner terminated: the function's timeout was exceeded\n")
            self._background(self.end(container, api_pb2.GenericResult(status=Status.GENERIC_STATUS_TIMEOUT)))

    async def _run(self, container: Container) -> None:
        try:
            child = await self._boot(container, lambda note: self._log(container, f"{note}\n"))
        except (StartFailure, OSError) as failure:
            self._log(container, f"{failure}\n")
            self._give_up(container, str(failure))
            return
        finished = asyncio.Event()
        self._background(follow(child.log, finished, lambda line: self._log(container, line, system=False)))
        code = await child.wait()
        finished.set()
        self._ended(container, code, child.log)
        container.server.close()
        if container.socket:
            container.socket.unlink(missing_ok=True)

    def _ended(self, container: Container, code: int, log: Path) -> None:
        if container.failure is None and code == 0:
            for unfinished in container.running.values():
                self._calls.enqueue(unfinished)
            self._forget(container)
            return
        output = log.read_text(errors="replace").strip().splitlines()
        reason = container.failure.exception if container.failure else (output[-1] if output else f"exit code {code}")
        self._give_up(container, reason)

    def _give_up(self, container: Container, reason: str) -> None:
        """The container is gone: its inputs fail, and if it never came up those that wait for it fail too."""
        kind = Status.GENERIC_STATUS_INTERNAL_FAILURE if container.ready else Status.GENERIC_STATUS_INIT_FAILURE
        result = container.failure or api_pb2.GenericResult(status=kind, exception=f"Container failed: {reason}")
        for unfinished in container.running.values():
            self._calls.finish(unfinished, result)
        self._forget(container)
        # Others that are only starting are no hope: they would fail alike, and each be replaced in turn.
        if not container.ready and not any(other.ready for other in self.of_function(container.function.object_id)):
            self._calls.fail_queued(container.function.object_id, result)

    def _forget(self, container: Container) -> None:
        container.ended = container.retired = True
        container.running.clear()
        self.containers.pop(container.object_id, None)
        if container.app.live:
            self._background(self._look_again(container.function))

    async def _look_again(self, function: Function) -> None:
        self.serve_queue(function)

    def _log(self, container: Container, text: str, *, system: bool = True) -> None:
        place = (container.function.object_id, container.object_id)
        container.app.logs.add(text, *place, *([SYSTEM] if system else []))
