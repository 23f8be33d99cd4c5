"""RPCs on the workspace itself: token, environments, secrets, proxy tokens. Parse and serialise only."""

from __future__ import annotations

from modal_proto import api_pb2

from deploybook.sandbox.modal.boot import Container
from deploybook.sandbox.modal.handles import secret_metadata
from deploybook.sandbox.modal.refusals import InvalidArgument, NotImplementedHere
from deploybook.sandbox.modal.rpc import Method
from deploybook.sandbox.modal.state.namespace import Creation, Environment
from deploybook.sandbox.modal.state.workspace import Workspace

# The SDK chooses how it writes images by this; the newest that modal 1.6 knows.
IMAGE_BUILDER_VERSION = "2025.06"
Caller = Container | None

_CREATION = {
    api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED: Creation.LOOK_UP,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING: Creation.IF_MISSING,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS: Creation.FAIL_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS: Creation.OVERWRITE,
}
_UNNAMED = {api_pb2.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP, api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL}


def workspace_methods(workspace: Workspace) -> dict[str, Method]:
    """The table of these RPCs."""
    return _token_methods(workspace) | _environment_methods(workspace) | _secret_methods(workspace)


def _token_methods(workspace: Workspace) -> dict[str, Method]:
    def client_hello(_: object, __: Caller) -> api_pb2.ClientHelloResponse:
        return api_pb2.ClientHelloResponse(image_builder_version=IMAGE_BUILDER_VERSION)

    def token_info(_: api_pb2.TokenInfoGetRequest, __: Caller) -> api_pb2.TokenInfoGetResponse:
        return api_pb2.TokenInfoGetResponse(
            token_id=workspace.token_id,
            token_name="sandbox",
            workspace_id=workspace.object_id,
            workspace_name=workspace.name,
            user_identity=api_pb2.UserIdentity(user_id="us-sandbox", username=workspace.username),
        )

    def workspace_name(_: object, __: Caller) -> api_pb2.WorkspaceNameLookupResponse:
        return api_pb2.WorkspaceNameLookupResponse(workspace_name=workspace.name, username=workspace.username)

    def create_proxy_token(_: api_pb2.WebhookTokenCreateRequest, __: Caller) -> api_pb2.TokenCreateResponse:
        made = workspace.add_proxy_token()
        return api_pb2.TokenCreateResponse(token_id=made.token_id, token_secret=made.token_secret)

    return {
        "ClientHello": client_hello,
        "TokenInfoGet": token_info,
        "WorkspaceNameLookup": workspace_name,
        "WebhookTokenCreate": create_proxy_token,
    }


def _environment_methods(workspace: Workspace) -> dict[str, Method]:
    def get_or_create(
        request: api_pb2.EnvironmentGetOrCreateRequest, _: Caller
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        name = request.deployment_name
        missing = bool(name) and name not in workspace.environments
        if missing and request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
            workspace.add_environment(name)
        found = workspace.environment(name)
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id=found.object_id,
            metadata=api_pb2.EnvironmentMetadata(
                name=found.name,
                settings=api_pb2.EnvironmentSettings(
                    image_builder_version=IMAGE_BUILDER_VERSION, webhook_suffix=found.suffix
                ),
            ),
        )

    def create(request: api_pb2.EnvironmentCreateRequest, _: Caller) -> None:
        workspace.add_environment(request.name)

    def listed(_: object, __: Caller) -> api_pb2.EnvironmentListResponse:
        return api_pb2.EnvironmentListResponse(items=[_item(it) for it in workspace.environments.values()])

    return {"EnvironmentGetOrCreate": get_or_create, "EnvironmentCreate": create, "EnvironmentList": listed}


def _item(environment: Environment) -> api_pb2.EnvironmentListItem:
    return api_pb2.EnvironmentListItem(
        name=environment.name,
        environment_id=environment.object_id,
        webhook_suffix=environment.suffix,
        created_at=environment.created_at,
        default=environment.suffix == "",
    )


def _secret_methods(workspace: Workspace) -> dict[str, Method]:
    def get_or_create(request: api_pb2.SecretGetOrCreateRequest, _: Caller) -> api_pb2.SecretGetOrCreateResponse:
        values = dict(request.env_dict)
        if request.object_creation_type in _UNNAMED:
            if request.app_id:
                workspace.apps.get(request.app_id)
            secret = workspace.add_secret("", request.environment_name, values)
        elif request.object_creation_type in _CREATION:
            creation = _CREATION[request.object_creation_type]
            if creation is Creation.LOOK_UP and values:
                raise InvalidArgument("A lookup of a Secret takes no values")
            secret = workspace.named_secret(
                request.deployment_name, request.environment_name, creation, values, request.required_keys
            )
        else:
            raise NotImplementedHere(f"not implemented in the sandbox: creation type {request.object_creation_type}")
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret.object_id, metadata=secret_metadata(secret))

    def update(request: api_pb2.SecretUpdateRequest, _: Caller) -> None:
        updates = {it.key: it.value if it.HasField("value") else None for it in request.updates}
        workspace.update_secret(request.secret_id, updates)

    def listed(request: api_pb2.SecretListRequest, _: Caller) -> api_pb2.SecretListResponse:
        page = request.pagination
        found = workspace.list_secrets(request.environment_name, page.max_objects, page.created_before)
        return api_pb2.SecretListResponse(
            environment_name=workspace.environment(request.environment_name).name,
            items=[
                api_pb2.SecretListItem(
                    label=it.name,
                    created_at=it.created_at,
                    last_used_at=it.last_used_at,
                    environment_name=it.environment,
                    secret_id=it.object_id,
                    metadata=secret_metadata(it),
                )
                for it in found
            ],
        )

    def info(request: api_pb2.SecretGetInfoRequest, _: Caller) -> api_pb2.SecretGetInfoResponse:
        return api_pb2.SecretGetInfoResponse(metadata=secret_metadata(workspace.secret(request.secret_id)))

    def delete(request: api_pb2.SecretDeleteRequest, _: Caller) -> None:
        workspace.delete_secret(request.secret_id)

    return {
        "SecretGetOrCreate": get_or_create,
        "SecretUpdate": update,
        "SecretList": listed,
        "SecretGetInfo": info,
        "SecretDelete": delete,
    }
