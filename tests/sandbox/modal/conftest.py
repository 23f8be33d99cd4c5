"""A started Modal, reset for each test, called by raw gRPC: what the SDK would hide (statuses, messages) is seen here."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import ssl
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientStub
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

SUCCESS = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
FASTAPI_IMAGE = ["FROM python:3.11", "RUN pip install fastapi[standard] boto3"]


class Rpc:
    """Calls RPCs by name with the operator's token, or with other metadata."""

    def __init__(self, exports: Mapping[str, str]) -> None:
        self._address = httpx.URL(exports["MODAL_SERVER_URL"])
        self.metadata = {
            "x-modal-token-id": exports["MODAL_TOKEN_ID"],
            "x-modal-token-secret": exports["MODAL_TOKEN_SECRET"],
        }

    def __call__(self, name: str, request: Any, **metadata: str) -> Any:
        """One unary call; ``x_modal_…`` keyword arguments replace headers, an empty one removes its."""
        headers = self.metadata | {key.replace("_", "-"): value for key, value in metadata.items()}
        sent = {key: value for key, value in headers.items() if value}
        return asyncio.run(self._call(name, request, sent))

    def refusal(self, name: str, request: Any, **metadata: str) -> tuple[Status, str]:
        """The status and the message of a call that must be refused."""
        with pytest.raises(GRPCError) as refused:
            self(name, request, **metadata)
        return refused.value.status, refused.value.message or ""

    async def _call(self, name: str, request: Any, headers: dict[str, str]) -> Any:
        async with Channel(self._address.host, self._address.port) as channel:
            return await getattr(ModalClientStub(channel), name)(request, metadata=headers)


class Deployer:
    """Deploys a module's functions by raw RPCs, as the SDK does."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    def secret(self, name: str, **values: str) -> str:
        """Create a secret; its id."""
        creation = api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING
        request = api_pb2.SecretGetOrCreateRequest(deployment_name=name, object_creation_type=creation, env_dict=values)
        return str(self.rpc("SecretGetOrCreate", request).secret_id)

    def image(self, lines: list[str]) -> str:
        """An image of these Dockerfile lines; its id."""
        request = api_pb2.ImageGetOrCreateRequest(image=api_pb2.Image(dockerfile_commands=lines))
        answer = self.rpc("ImageGetOrCreate", request)
        assert answer.result.status == SUCCESS
        return str(answer.image_id)

    def mount(self, **files: str) -> str:
        """Upload Python modules into ``/root``; the mount's id."""
        listed = []
        for name, source in files.items():
            data = textwrap.dedent(source).encode()
            digest = hashlib.sha256(data).hexdigest()
            assert self.rpc("MountPutFile", api_pb2.MountPutFileRequest(sha256_hex=digest, data=data)).exists
            listed.append(api_pb2.MountFile(filename=f"/root/{name}.py", sha256_hex=digest))
        return str(self.rpc("MountGetOrCreate", api_pb2.MountGetOrCreateRequest(files=listed)).mount_id)

    def app(self, name: str) -> str:
        """The app deployed under this name, or a new one; its id."""
        app_id = self.rpc("AppGetByDeploymentName", api_pb2.AppGetByDeploymentNameRequest(name=name)).app_id
        if app_id:
            return str(app_id)
        created = api_pb2.AppCreateRequest(description=name, app_state=api_pb2.APP_STATE_INITIALIZING)
        return str(self.rpc("AppCreate", created).app_id)

    def __call__(
        self,
        name: str,
        source: str,
        functions: Mapping[str, Mapping[str, Any]],
        *,
        lines: list[str] = FASTAPI_IMAGE,
    ) -> dict[str, tuple[str, str]]:
        """Deploy; of each function its id and its web URL. ``functions`` gives fields of ``api_pb2.Function`` by name."""
        app_id = self.app(name)
        layout = self.rpc("AppGetLayout", api_pb2.AppGetLayoutRequest(app_id=app_id)).app_layout
        image_id, mount_id = (
            self.image(lines),
            self.mount(app=f"import modal\napp = modal.App()\n{textwrap.dedent(source)}"),
        )
        made: dict[str, tuple[str, str]] = {}
        for tag, fields in functions.items():
            announced = api_pb2.FunctionPrecreateRequest(
                app_id=app_id,
                function_name=tag,
                existing_function_id=layout.function_ids.get(tag, ""),
                webhook_config=fields.get("webhook_config"),
            )
            function_id = self.rpc("FunctionPrecreate", announced).function_id
            definition = api_pb2.Function(
                module_name="app", function_name=tag, image_id=image_id, mount_ids=[mount_id], **fields
            )
            # As the code's decorators name them, in this order: the runtime compares.
            of_mounts = [mount.credentials_secret_id for mount in definition.cloud_bucket_mounts]
            for object_id in [*definition.secret_ids, image_id, *of_mounts]:
                definition.object_dependencies.add(object_id=object_id)
            request = api_pb2.FunctionCreateRequest(
                app_id=app_id, function=definition, existing_function_id=function_id
            )
            made[tag] = (function_id, self.rpc("FunctionCreate", request).handle_metadata.web_url)
        self.publish(app_id, name, {tag: function_id for tag, (function_id, _) in made.items()})
        return made

    def publish(self, app_id: str, name: str, function_ids: Mapping[str, str]) -> Any:
        """Make the functions live."""
        return self.rpc(
            "AppPublish",
            api_pb2.AppPublishRequest(
                app_id=app_id, name=name, app_state=api_pb2.APP_STATE_DEPLOYED, function_ids=function_ids
            ),
        )

    def stop(self, name: str) -> None:
        """Stop an app."""
        self.rpc("AppStop", api_pb2.AppStopRequest(app_id=self.app(name)))

    def spawn(self, function_id: str, *arguments: Any) -> str:
        """Call a function without waiting; the call's id."""
        payload = api_pb2.FunctionInput(args=pickle.dumps((arguments, {})), data_format=api_pb2.DATA_FORMAT_PICKLE)
        request = api_pb2.FunctionMapRequest(
            function_id=function_id,
            function_call_type=api_pb2.FUNCTION_CALL_TYPE_UNARY,
            function_call_invocation_type=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC,
            pipelined_inputs=[api_pb2.FunctionPutInputsItem(idx=0, input=payload)],
        )
        return str(self.rpc("FunctionMap", request).function_call_id)

    def result(self, call_id: str, timeout: float = 30) -> Any:
        """Wait for the result of a call."""
        request = api_pb2.FunctionGetOutputsRequest(function_call_id=call_id, timeout=timeout, start_idx=0, end_idx=0)
        outputs = self.rpc("FunctionGetOutputs", request).outputs
        return outputs[0].result if outputs else None

    def call(self, function_id: str, *arguments: Any) -> Any:
        """Call a function and wait for its value."""
        result = self.result(self.spawn(function_id, *arguments))
        assert result.status == SUCCESS, result.exception
        return pickle.loads(result.data)  # noqa: S301 - our own function's value

    def logs(self, name: str) -> str:
        """Everything in an app's log."""
        request = api_pb2.AppFetchLogsRequest(app_id=self.app(name))
        request.until.FromSeconds(int(time.time()) + 60)
        batches = self.rpc("AppFetchLogs", request).batches
        return "".join(item.data for batch in batches for item in batch.items)


def web(method: str = "POST", label: str = "studio-submit", **more: Any) -> api_pb2.WebhookConfig:
    """What ``@modal.fastapi_endpoint`` sends."""
    return api_pb2.WebhookConfig(type=api_pb2.WEBHOOK_TYPE_FUNCTION, method=method, requested_suffix=label, **more)


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """A workspace without any resource."""
    started = start_sandbox("modal")
    started.reset()
    return started


@pytest.fixture
def rpc(sandbox: RunningSandbox) -> Rpc:
    """The operator's RPCs."""
    return Rpc(sandbox.exports)


@pytest.fixture
def deploy(rpc: Rpc) -> Deployer:
    """Deploys modules."""
    return Deployer(rpc)


@pytest.fixture
def http(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """A caller of web endpoints who trusts the sandbox's authority."""
    with httpx.Client(
        verify=ssl.create_default_context(cafile=sandbox.exports["SSL_CERT_FILE"]),
        timeout=PATIENCE_SECONDS,
        trust_env=False,
    ) as client:
        yield client
