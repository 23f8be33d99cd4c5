"""RPCs of a deploy: apps, functions, images, mounts, files, blobs. Parse and serialise only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from modal_proto import api_pb2

from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.modal.api import Servicer
from deploybook.sandbox.modal.routes.blobs import blob_path
from deploybook.sandbox.modal.schema import app_layout, app_lifecycle, function_data, function_metadata
from deploybook.sandbox.modal.state.apps import App, Function
from deploybook.sandbox.modal.state.refusals import invalid_argument, not_found
from deploybook.sandbox.modal.state.workspace import Workspace

# How often a build's new lines are sent.
LOG_SECONDS = 0.2


class FunctionRpcs(Servicer):
    """Functions: announced, defined, looked up."""

    def function_precreate(self, request: api_pb2.FunctionPrecreateRequest) -> api_pb2.FunctionPrecreateResponse:
        made = self.workspace.apps.precreate(request)
        return api_pb2.FunctionPrecreateResponse(
            function_id=made.object_id, handle_metadata=function_metadata(self.workspace, made)
        )

    def function_create(self, request: api_pb2.FunctionCreateRequest) -> api_pb2.FunctionCreateResponse:
        if request.HasField("schedule"):
            raise not_implemented("scheduled functions")
        # A list of GPUs comes as ranked alternatives; here the first is as good as any.
        ranked = request.function_data.ranked_functions
        function = self.workspace.apps.define(request.app_id, ranked[0].function if ranked else request.function)
        data = function_data(self.workspace, function)
        data.ranked_functions[0].function.web_url_info.label_stolen = self.workspace.apps.label_is_stolen(function)
        return api_pb2.FunctionCreateResponse(
            function_id=function.object_id,
            function=data.ranked_functions[0].function,
            function_data=data,
            handle_metadata=function_metadata(self.workspace, function),
        )

    def function_get(self, request: api_pb2.FunctionGetRequest) -> api_pb2.FunctionGetResponse:
        function = _deployed_function(self.workspace, request)
        return api_pb2.FunctionGetResponse(
            function_id=function.object_id,
            handle_metadata=function_metadata(self.workspace, function),
            function=function_data(self.workspace, function),
        )


def _deployed_function(workspace: Workspace, request: api_pb2.FunctionGetRequest) -> Function:
    place = workspace.environment(request.environment_name).name
    app = workspace.apps.deployed(request.app_name, place)
    if app is None:
        raise not_found(f"App '{request.app_name}' not found in environment '{place}'")
    if request.object_tag not in app.functions:
        raise not_found(f"Function '{request.object_tag}' not found in app '{request.app_name}'")
    return app.functions[request.object_tag]


class AppRpcs(Servicer):
    """Apps: created, published, stopped."""

    def app_create(self, request: api_pb2.AppCreateRequest) -> api_pb2.AppCreateResponse:
        made = self.workspace.apps.create(request.description, request.environment_name, request.app_state)
        if request.tags:
            self.workspace.apps.tag(made.object_id, request.tags)
        return api_pb2.AppCreateResponse(app_id=made.object_id, app_page_url=_page(self.workspace, made))

    def app_heartbeat(self, request: api_pb2.AppHeartbeatRequest) -> None:
        self.workspace.apps.get(request.app_id)

    def app_publish(self, request: api_pb2.AppPublishRequest) -> api_pb2.AppPublishResponse:
        if request.staged or request.rollback_version or request.class_ids:
            raise not_implemented("staged publishing, rollback and classes")
        app = self.workspace.apps.publish(
            request.app_id, request.name, request.app_state, dict(request.function_ids), request.client_version
        )
        # Whether a deploy without tags takes an app's away is not described; here it leaves them.
        if request.tags:
            self.workspace.apps.tag(app.object_id, request.tags)
        self.fleet.retire_outdated(app)
        return api_pb2.AppPublishResponse(url=_page(self.workspace, app), deployed_at=app.deployed_at)

    async def app_stop(self, request: api_pb2.AppStopRequest) -> None:
        await self.fleet.stop_app(self.workspace.apps.stop(request.app_id))

    async def app_client_disconnect(self, request: api_pb2.AppClientDisconnectRequest) -> None:
        app = self.workspace.apps.get(request.app_id)
        # A deployed app lives on; one whose deploy failed, or that ran for this client only, ends with it.
        if app.state in {api_pb2.APP_STATE_INITIALIZING, api_pb2.APP_STATE_EPHEMERAL}:
            await self.fleet.stop_app(self.workspace.apps.stop(app.object_id))


class AppLookupRpcs(Servicer):
    """Apps: found by name, described by id."""

    def app_get_or_create(self, request: api_pb2.AppGetOrCreateRequest) -> api_pb2.AppGetOrCreateResponse:
        app = self.workspace.apps.deployed(request.app_name, request.environment_name)
        if app is None and request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
            app = self.workspace.apps.create(request.app_name, request.environment_name, api_pb2.APP_STATE_DEPLOYED)
        if app is None:
            place = self.workspace.environment(request.environment_name).name
            raise not_found(f"App '{request.app_name}' not found in environment '{place}'")
        return api_pb2.AppGetOrCreateResponse(app_id=app.object_id, handle_metadata=_metadata(app))

    def app_get_by_deployment_name(
        self, request: api_pb2.AppGetByDeploymentNameRequest
    ) -> api_pb2.AppGetByDeploymentNameResponse:
        place = self.workspace.environment(request.environment_name).name
        current = self.workspace.apps.deployed(request.name, place)
        past = [earlier for earlier in self.workspace.apps.named(request.name, place) if earlier.stopped_at]
        latest = current or (past[0] if past else None)
        return api_pb2.AppGetByDeploymentNameResponse(
            # Nothing deployed is an empty id, not NOT_FOUND.
            app_id=current.object_id if current else "",
            previous_app_id=past[0].object_id if past and not current else "",
            environment_name=place,
            lifecycle=app_lifecycle(latest) if latest else None,
        )

    def app_get_layout(self, request: api_pb2.AppGetLayoutRequest) -> api_pb2.AppGetLayoutResponse:
        return api_pb2.AppGetLayoutResponse(
            app_layout=app_layout(self.workspace, self.workspace.apps.get(request.app_id))
        )

    def app_get_lifecycle(self, request: api_pb2.AppGetLifecycleRequest) -> api_pb2.AppGetLifecycleResponse:
        return api_pb2.AppGetLifecycleResponse(lifecycle=app_lifecycle(self.workspace.apps.get(request.app_id)))


def _page(workspace: Workspace, app: App) -> str:
    return f"https://modal.com/apps/{workspace.name}/{app.environment}/deployed/{app.name}"


def _metadata(app: App) -> api_pb2.AppHandleMetadata:
    return api_pb2.AppHandleMetadata(
        description=app.name, app_id=app.object_id, environment_name=app.environment, lifecycle=app_lifecycle(app)
    )


class ImageRpcs(Servicer):
    """Images, and the output of their builds."""

    async def image_get_or_create(self, request: api_pb2.ImageGetOrCreateRequest) -> api_pb2.ImageGetOrCreateResponse:
        made = self.workspace.artifacts.image(request.image)
        build = self.workspace.artifacts.begin_build(made)
        # SUCCESS means "built already": the SDK then does not wait for a build's output.
        result = _image_result("") if build is None else None
        return api_pb2.ImageGetOrCreateResponse(image_id=made.object_id, result=result)

    async def image_join_streaming(
        self, request: api_pb2.ImageJoinStreamingRequest
    ) -> AsyncIterator[api_pb2.ImageJoinStreamingResponse]:
        image = self.workspace.artifacts.images.get(request.image_id)
        if image is None or image.build is None:
            raise not_found(f"Image with id '{request.image_id}' not found")
        position, ends = int(request.last_entry_id or 0), time.monotonic() + request.timeout
        while not image.build.done() and time.monotonic() < ends:
            await asyncio.wait([image.build], timeout=LOG_SECONDS)
            logs = [api_pb2.TaskLogs(data=f"{line}\n") for line in image.lines[position:]]
            position += len(logs)
            yield api_pb2.ImageJoinStreamingResponse(task_logs=logs, entry_id=str(position))
        if image.build.done():
            yield api_pb2.ImageJoinStreamingResponse(result=_image_result(image.build.result()), eof=True)


def _image_result(failure: str) -> api_pb2.GenericResult:
    kind = api_pb2.GenericResult
    return kind(status=kind.GENERIC_STATUS_FAILURE if failure else kind.GENERIC_STATUS_SUCCESS, exception=failure)


class ArtifactRpcs(Servicer):
    """Mounts, files and blobs."""

    def mount_get_or_create(self, request: api_pb2.MountGetOrCreateRequest) -> api_pb2.MountGetOrCreateResponse:
        if request.deployment_name:
            if request.files:
                raise not_implemented("named mounts of one's own")
            mount = self.workspace.artifacts.named_mount(request.deployment_name)
        else:
            mount = self.workspace.artifacts.add_mount({file.filename: file.sha256_hex for file in request.files})
        return api_pb2.MountGetOrCreateResponse(mount_id=mount.object_id)

    def mount_batched_check_existence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        absent = [checksum for checksum in request.sha256_hex_hashes if checksum not in self.workspace.artifacts.files]
        answer = api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=absent)
        answer.checked_at.GetCurrentTime()
        return answer

    def mount_put_file(self, request: api_pb2.MountPutFileRequest) -> api_pb2.MountPutFileResponse:
        kind = request.WhichOneof("data_oneof")
        if kind == "data":
            self.workspace.artifacts.put_file(request.sha256_hex, request.data)
        elif kind == "data_blob_id":
            self.workspace.artifacts.put_file(
                request.sha256_hex, self.workspace.artifacts.blob_data(request.data_blob_id)
            )
        answer = api_pb2.MountPutFileResponse(exists=request.sha256_hex in self.workspace.artifacts.files)
        answer.checked_at.GetCurrentTime()
        return answer

    def blob_create(self, request: api_pb2.BlobCreateRequest) -> api_pb2.BlobCreateResponse:
        if request.content_length < 0 or not request.content_sha256_base64:
            raise invalid_argument("A blob needs a length and a SHA-256")
        made = self.workspace.artifacts.new_blob(request.content_length)
        url = self.blob_base + blob_path(made.object_id, made.ticket)
        answer = api_pb2.BlobCreateResponse(blob_ids=[made.object_id])
        answer.upload_urls.items.append(url)
        return answer

    def blob_get(self, request: api_pb2.BlobGetRequest) -> api_pb2.BlobGetResponse:
        self.workspace.artifacts.blob_data(request.blob_id)
        blob = self.workspace.artifacts.blob(request.blob_id)
        return api_pb2.BlobGetResponse(download_url=self.blob_base + blob_path(blob.object_id, blob.ticket))
