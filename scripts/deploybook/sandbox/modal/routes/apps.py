"""RPCs that look at apps: the list, the tags, the history, the logs. Parse and serialise only."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable

from modal_proto import api_pb2

from deploybook.sandbox.modal.api import Servicer
from deploybook.sandbox.modal.state.logs import STDERR, STDOUT, SYSTEM, Line


class AppListRpcs(Servicer):
    """The list of apps (stopped ones stay in it) and an app's deployments."""

    def app_list(self, request: api_pb2.AppListRequest) -> api_pb2.AppListResponse:
        return api_pb2.AppListResponse(
            apps=[
                api_pb2.AppListResponse.AppListItem(
                    app_id=app.object_id,
                    description=app.name,
                    name=app.name,
                    state=app.state,  # type: ignore[arg-type]
                    created_at=app.created_at,
                    stopped_at=app.stopped_at,
                    n_running_tasks=len(self.fleet.of_app(app)),
                    metadata=api_pb2.AppHandleMetadata(
                        description=app.name, app_id=app.object_id, environment_name=app.environment
                    ),
                )
                for app in self.workspace.apps.in_environment(request.environment_name)
            ]
        )

    def app_get_tags(self, request: api_pb2.AppGetTagsRequest) -> api_pb2.AppGetTagsResponse:
        return api_pb2.AppGetTagsResponse(tags=self.workspace.apps.get(request.app_id).tags)

    def app_set_tags(self, request: api_pb2.AppSetTagsRequest) -> None:
        # "Any tags set on the App before … will be removed if they are not included" (modal.App.set_tags).
        self.workspace.apps.tag(request.app_id, request.tags)

    def app_deployment_history(
        self, request: api_pb2.AppDeploymentHistoryRequest
    ) -> api_pb2.AppDeploymentHistoryResponse:
        app = self.workspace.apps.get(request.app_id)
        return api_pb2.AppDeploymentHistoryResponse(
            app_deployment_histories=[
                api_pb2.AppDeploymentHistory(
                    app_id=app.object_id,
                    version=version,
                    deployed_at=at,
                    deployed_by=self.workspace.username,
                    client_version=client,
                )
                for version, (at, client) in enumerate(app.client_versions, 1)
            ],
            production_app_version=app.version,
        )


class LogRpcs(Servicer):
    """``modal app logs``: how many lines there are, the lines of a time range, and the lines as they come."""

    def _lines(self, request: api_pb2.AppCountLogsRequest | api_pb2.AppFetchLogsRequest) -> list[Line]:
        return self.workspace.apps.get(request.app_id).logs.between(
            request.since.ToNanoseconds() / 1e9,
            request.until.ToNanoseconds() / 1e9,
            function_id=request.function_id,
            task_id=request.task_id,
            source=request.source,
            search=request.search_text,
        )

    def app_count_logs(self, request: api_pb2.AppCountLogsRequest) -> api_pb2.AppCountLogsResponse:
        width = request.bucket_secs or 60
        buckets: dict[int, list[Line]] = {}
        for line in self._lines(request):
            buckets.setdefault(int(line.at // width) * width, []).append(line)
        return api_pb2.AppCountLogsResponse(
            app_id=request.app_id,
            buckets=[_bucket(start, lines) for start, lines in sorted(buckets.items())],
        )

    def app_fetch_logs(self, request: api_pb2.AppFetchLogsRequest) -> api_pb2.AppFetchLogsResponse:
        lines = self._lines(request)
        return api_pb2.AppFetchLogsResponse(batches=_batches(lines[-request.limit :] if request.limit else lines))

    async def app_get_logs(self, request: api_pb2.AppGetLogsRequest) -> AsyncIterator[api_pb2.TaskLogsBatch]:
        app = self.workspace.apps.get(request.app_id)
        sent = int(request.last_entry_id.partition("-")[0] or 0) if request.last_entry_id else 0
        deadline = time.monotonic() + (request.timeout or 55.0)
        while True:
            for batch in _batches(app.logs.lines[sent:]):
                batch.entry_id = f"{len(app.logs.lines)}-0"
                yield batch
            sent = len(app.logs.lines)
            seconds = deadline - time.monotonic()
            if not app.live:
                yield api_pb2.TaskLogsBatch(app_done=True)
                return
            if seconds <= 0:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(app.logs.added.wait(), min(seconds, 1.0))


def _batches(lines: Iterable[Line]) -> list[api_pb2.TaskLogsBatch]:
    return [
        api_pb2.TaskLogsBatch(
            task_id=line.task_id,
            function_id=line.function_id,
            root_function_id=line.function_id,
            items=[
                api_pb2.TaskLogs(
                    data=line.text,
                    timestamp=line.at,
                    timestamp_ns=int(line.at * 1e9),
                    file_descriptor=line.descriptor,  # type: ignore[arg-type]
                    container_id=line.task_id,
                )
            ],
        )
        for line in lines
    ]


def _bucket(start: int, lines: list[Line]) -> api_pb2.AppCountLogsResponse.LogBucket:
    def of(descriptor: int) -> int:
        return sum(1 for line in lines if line.descriptor == descriptor)

    bucket = api_pb2.AppCountLogsResponse.LogBucket(
        stdout_logs=of(STDOUT), stderr_logs=of(STDERR), system_logs=of(SYSTEM)
    )
    bucket.bucket_start_at.FromSeconds(start)
    return bucket
