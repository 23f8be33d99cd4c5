"""RPCs on the workspace itself: token, environments, secrets, proxy tokens. Parse and serialise only."""

from __future__ import annotations

from modal_proto import api_pb2

from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.modal.api import Servicer
from deploybook.sandbox.modal.schema import secret_metadata
from deploybook.sandbox.modal.state.namespace import Creation, Environment
from deploybook.sandbox.modal.state.refusals import invalid_argument

# The SDK chooses how it writes images by this; the newest that modal 1.6 knows.
IMAGE_BUILDER_VERSION = "2025.06"

_CREATION = {
    api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED: Creation.LOOK_UP,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING: Creation.IF_MISSING,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS: Creation.FAIL_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS: Creation.OVERWRITE,
}
_UNNAMED = {api_pb2.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP, api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL}


class TokenRpcs(Servicer):
    """Whose token it is, and tokens for web endpoints that ask for proxy authorisation."""

    def client_hello(self, _: object) -> api_pb2.ClientHelloResponse:
        return api_pb2.ClientHelloResponse(image_builder_version=IMAGE_BUILDER_VERSION)

    def token_info_get(self, _: api_pb2.TokenInfoGetRequest) -> api_pb2.TokenInfoGetResponse:
        return api_pb2.TokenInfoGetResponse(
            token_id=self.workspace.token_id,
            token_name="sandbox",
            workspace_id=self.workspace.object_id,
            workspace_name=self.workspace.name,
            user_identity=api_pb2.UserIdentity(user_id="us-sandbox", username=self.workspace.username),
        )

    def workspace_name_lookup(self, _: object) -> api_pb2.WorkspaceNameLookupResponse:
        return api_pb2.WorkspaceNameLookupResponse(workspace_name=self.workspace.name, username=self.workspace.username)

    def webhook_token_create(self, _: api_pb2.WebhookTokenCreateRequest) -> api_pb2.TokenCreateResponse:
        made = self.workspace.add_proxy_token()
        return api_pb2.TokenCreateResponse(token_id=made.token_id, token_secret=made.token_secret)


class EnvironmentRpcs(Servicer):
    """The workspace's environments."""

    def environment_get_or_create(
        self, request: api_pb2.EnvironmentGetOrCreateRequest
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        name = request.deployment_name
        missing = bool(name) and name not in self.workspace.environments
        if missing and request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
            self.workspace.add_environment(name)
        environment = self.workspace.environment(name)
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id=environment.object_id,
            metadata=api_pb2.EnvironmentMetadata(
                name=environment.name,
                settings=api_pb2.EnvironmentSettings(
                    image_builder_version=IMAGE_BUILDER_VERSION, webhook_suffix=environment.suffix
                ),
            ),
        )

    def environment_create(self, request: api_pb2.EnvironmentCreateRequest) -> None:
        self.workspace.add_environment(request.name)

    def environment_list(self, _: object) -> api_pb2.EnvironmentListResponse:
        return api_pb2.EnvironmentListResponse(
            items=[_item(environment) for environment in self.workspace.environments.values()]
        )


def _item(environment: Environment) -> api_pb2.EnvironmentListItem:
    return api_pb2.EnvironmentListItem(
        name=environment.name,
        environment_id=environment.object_id,
        webhook_suffix=environment.suffix,
        created_at=environment.created_at,
        default=environment.suffix == "",
    )


class SecretRpcs(Servicer):
    """Secrets, whose values no answer holds."""

    def secret_get_or_create(self, request: api_pb2.SecretGetOrCreateRequest) -> api_pb2.SecretGetOrCreateResponse:
        values = dict(request.env_dict)
        if request.object_creation_type in _UNNAMED:
            if request.app_id:
                self.workspace.apps.get(request.app_id)
            secret = self.workspace.add_secret("", request.environment_name, values)
        elif request.object_creation_type in _CREATION:
            creation = _CREATION[request.object_creation_type]
            if creation is Creation.LOOK_UP and values:
                raise invalid_argument("A lookup of a Secret takes no values")
            secret = self.workspace.named_secret(
                request.deployment_name, request.environment_name, creation, values, request.required_keys
            )
        else:
            raise not_implemented(f"creation type {request.object_creation_type}")
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret.object_id, metadata=secret_metadata(secret))

    def secret_update(self, request: api_pb2.SecretUpdateRequest) -> None:
        updates = {update.key: update.value if update.HasField("value") else None for update in request.updates}
        self.workspace.update_secret(request.secret_id, updates)

    def secret_list(self, request: api_pb2.SecretListRequest) -> api_pb2.SecretListResponse:
        page = request.pagination
        secrets = self.workspace.list_secrets(request.environment_name, page.max_objects, page.created_before)
        return api_pb2.SecretListResponse(
            environment_name=self.workspace.environment(request.environment_name).name,
            items=[
                api_pb2.SecretListItem(
                    label=secret.name,
                    created_at=secret.created_at,
                    last_used_at=secret.last_used_at,
                    environment_name=secret.environment,
                    secret_id=secret.object_id,
                    metadata=secret_metadata(secret),
                )
                for secret in secrets
            ],
        )

    def secret_get_info(self, request: api_pb2.SecretGetInfoRequest) -> api_pb2.SecretGetInfoResponse:
        return api_pb2.SecretGetInfoResponse(metadata=secret_metadata(self.workspace.secret(request.secret_id)))

    def secret_delete(self, request: api_pb2.SecretDeleteRequest) -> None:
        self.workspace.delete_secret(request.secret_id)
