"""RPCs of a deploy: apps, functions, images, mounts, files, blobs. Parse and serialise only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from modal_proto import api_pb2

from deploybook.sandbox.modal.boot import Container
from deploybook.sandbox.modal.handles import app_layout, app_lifecycle, function_data, function_metadata
from deploybook.sandbox.modal.refusals import InvalidArgument, NotFound, NotImplementedHere
from deploybook.sandbox.modal.rpc import Method
from deploybook.sandbox.modal.state.apps import App, Function
from deploybook.sandbox.modal.state.workspace import Workspace

Caller = Container | None


def function_methods(workspace: Workspace) -> dict[str, Method]:
    """Functions: announced, defined, looked up."""

    def precreate(request: api_pb2.FunctionPrecreateRequest, _: Caller) -> api_pb2.FunctionPrecreateResponse:
        made = workspace.apps.precreate(request)
        return api_pb2.FunctionPrecreateResponse(
            function_id=made.object_id, handle_metadata=function_metadata(workspace, made)
        )

    def create(request: api_pb2.FunctionCreateRequest, _: Caller) -> api_pb2.FunctionCreateResponse:
        if request.HasField("schedule"):
            raise NotImplementedHere("scheduled functions are not implemented in the sandbox")
        # A list of GPUs comes as ranked alternatives; here the first is as good as any.
        ranked = request.function_data.ranked_functions
        function = workspace.apps.define(request.app_id, ranked[0].function if ranked else request.function)
        data = function_data(workspace, function)
        data.ranked_functions[0].function.web_url_info.label_stolen = workspace.apps.label_is_stolen(function)
        return api_pb2.FunctionCreateResponse(
            function_id=function.object_id,
            function=data.ranked_functions[0].function,
            function_data=data,
            handle_metadata=function_metadata(workspace, function),
        )

    def get(request: api_pb2.FunctionGetRequest, _: Caller) -> api_pb2.FunctionGetResponse:
        found = _deployed_function(workspace, request)
        return api_pb2.FunctionGetResponse(
            function_id=found.object_id,
            handle_metadata=function_metadata(workspace, found),
            function=function_data(workspace, found),
        )

    return {"FunctionPrecreate": precreate, "FunctionCreate": create, "FunctionGet": get}


def _deployed_function(workspace: Workspace, request: api_pb2.FunctionGetRequest) -> Function:
    place = workspace.environment(request.environment_name).name
    app = workspace.apps.deployed(request.app_name, place)
    if app is None:
        raise NotFound(f"App '{request.app_name}' not found in environment '{place}'")
    if request.object_tag not in app.functions:
        raise NotFound(f"Function '{request.object_tag}' not found in app '{request.app_name}'")
    return app.functions[request.object_tag]


def app_methods(
    workspace: Workspace, published: Callable[[App], None], stopped: Callable[[App], Awaitable[None]]
) -> dict[str, Method]:
    """Apps: created, published (``published`` is told), stopped (``stopped`` is awaited)."""

    def create(request: api_pb2.AppCreateRequest, _: Caller) -> api_pb2.AppCreateResponse:
        made = workspace.apps.create(request.description, request.environment_name, request.app_state)
        return api_pb2.AppCreateResponse(app_id=made.object_id, app_page_url=_page(workspace, made))

    def heartbeat(request: api_pb2.AppHeartbeatRequest, _: Caller) -> None:
        workspace.apps.get(request.app_id)

    def publish(request: api_pb2.AppPublishRequest, _: Caller) -> api_pb2.AppPublishResponse:
        if request.staged or request.rollback_version or request.class_ids:
            raise NotImplementedHere("staged publishing, rollback and classes are not implemented in the sandbox")
        app = workspace.apps.publish(
            request.app_id, request.name, request.app_state, dict(request.function_ids), request.client_version
        )
        published(app)
        return api_pb2.AppPublishResponse(url=_page(workspace, app), deployed_at=app.deployed_at)

    async def stop(request: api_pb2.AppStopRequest, _: Caller) -> None:
        await stopped(workspace.apps.stop(request.app_id))

    async def disconnect(request: api_pb2.AppClientDisconnectRequest, _: Caller) -> None:
        app = workspace.apps.get(request.app_id)
        # A deployed app lives on; one whose deploy failed, or that ran for this client only, ends with it.
        if app.state in {api_pb2.APP_STATE_INITIALIZING, api_pb2.APP_STATE_EPHEMERAL}:
            await stopped(workspace.apps.stop(app.object_id))

    return {
        "AppCreate": create,
        "AppHeartbeat": heartbeat,
        "AppPublish": publish,
        "AppStop": stop,
        "AppClientDisconnect": disconnect,
    }


def app_lookup_methods(workspace: Workspace) -> dict[str, Method]:
    """Apps: found by name, described by id."""

    def get_or_create(request: api_pb2.AppGetOrCreateRequest, _: Caller) -> api_pb2.AppGetOrCreateResponse:
        found = workspace.apps.deployed(request.app_name, request.environment_name)
        if found is None and request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
            found = workspace.apps.create(request.app_name, request.environment_name, api_pb2.APP_STATE_DEPLOYED)
        if found is None:
            place = workspace.environment(request.environment_name).name
            raise NotFound(f"App '{request.app_name}' not found in environment '{place}'")
        return api_pb2.AppGetOrCreateResponse(app_id=found.object_id, handle_metadata=_metadata(found))

    def by_name(request: api_pb2.AppGetByDeploymentNameRequest, _: Caller) -> api_pb2.AppGetByDeploymentNameResponse:
        place = workspace.environment(request.environment_name).name
        current = workspace.apps.deployed(request.name, place)
        past = [it for it in workspace.apps.named(request.name, place) if it.stopped_at]
        shown = current or (past[0] if past else None)
        return api_pb2.AppGetByDeploymentNameResponse(
            # Nothing deployed is an empty id, not NOT_FOUND.
            app_id=current.object_id if current else "",
            previous_app_id=past[0].object_id if past and not current else "",
            environment_name=place,
            lifecycle=app_lifecycle(shown) if shown else None,
        )

    def layout(request: api_pb2.AppGetLayoutRequest, _: Caller) -> api_pb2.AppGetLayoutResponse:
        return api_pb2.AppGetLayoutResponse(app_layout=app_layout(workspace, workspace.apps.get(request.app_id)))

    def lifecycle(request: api_pb2.AppGetLifecycleRequest, _: Caller) -> api_pb2.AppGetLifecycleResponse:
        return api_pb2.AppGetLifecycleResponse(lifecycle=app_lifecycle(workspace.apps.get(request.app_id)))

    return {
        "AppGetOrCreate": get_or_create,
        "AppGetByDeploymentName": by_name,
        "AppGetLayout": layout,
        "AppGetLifecycle": lifecycle,
    }


def _page(workspace: Workspace, app: App) -> str:
    return f"https://modal.com/apps/{workspace.name}/{app.environment}/deployed/{app.name}"


def _metadata(app: App) -> api_pb2.AppHandleMetadata:
    return api_pb2.AppHandleMetadata(
        description=app.name, app_id=app.object_id, environment_name=app.environment, lifecycle=app_lifecycle(app)
    )


def artifact_methods(workspace: Workspace, blob_url: Callable[[str, str], str]) -> dict[str, Method]:
    """Images, mounts, files and blobs; ``blob_url`` writes the URL of a blob from its id and ticket."""

    def image(request: api_pb2.ImageGetOrCreateRequest, _: Caller) -> api_pb2.ImageGetOrCreateResponse:
        made = workspace.artifacts.image(request.image)
        # SUCCESS means "built already": the SDK then does not wait for a build's output.
        result = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)
        return api_pb2.ImageGetOrCreateResponse(image_id=made.object_id, result=result)

    def mount(request: api_pb2.MountGetOrCreateRequest, _: Caller) -> api_pb2.MountGetOrCreateResponse:
        if request.deployment_name:
            if request.files:
                raise NotImplementedHere("named mounts of one's own are not implemented in the sandbox")
            found = workspace.artifacts.named_mount(request.deployment_name)
        else:
            found = workspace.artifacts.add_mount({it.filename: it.sha256_hex for it in request.files})
        return api_pb2.MountGetOrCreateResponse(mount_id=found.object_id)

    def missing(
        request: api_pb2.MountBatchedCheckExistenceRequest, _: Caller
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        absent = [it for it in request.sha256_hex_hashes if it not in workspace.artifacts.files]
        answer = api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=absent)
        answer.checked_at.GetCurrentTime()
        return answer

    def put_file(request: api_pb2.MountPutFileRequest, _: Caller) -> api_pb2.MountPutFileResponse:
        kind = request.WhichOneof("data_oneof")
        if kind == "data":
            workspace.artifacts.put_file(request.sha256_hex, request.data)
        elif kind == "data_blob_id":
            workspace.artifacts.put_file(request.sha256_hex, workspace.artifacts.blob_data(request.data_blob_id))
        answer = api_pb2.MountPutFileResponse(exists=request.sha256_hex in workspace.artifacts.files)
        answer.checked_at.GetCurrentTime()
        return answer

    def blob_create(request: api_pb2.BlobCreateRequest, _: Caller) -> api_pb2.BlobCreateResponse:
        if request.content_length < 0 or not request.content_sha256_base64:
            raise InvalidArgument("A blob needs a length and a SHA-256")
        made = workspace.artifacts.new_blob(request.content_length)
        url = blob_url(made.object_id, made.ticket)
        answer = api_pb2.BlobCreateResponse(blob_ids=[made.object_id])
        answer.upload_urls.items.append(url)
        return answer

    def blob_get(request: api_pb2.BlobGetRequest, _: Caller) -> api_pb2.BlobGetResponse:
        workspace.artifacts.blob_data(request.blob_id)
        found = workspace.artifacts.blob(request.blob_id)
        return api_pb2.BlobGetResponse(download_url=blob_url(found.object_id, found.ticket))

    return {
        "ImageGetOrCreate": image,
        "MountGetOrCreate": mount,
        "MountBatchedCheckExistence": missing,
        "MountPutFile": put_file,
        "BlobCreate": blob_create,
        "BlobGet": blob_get,
    }
