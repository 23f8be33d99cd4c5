"""Render's own generated client (PyPI ``render``, ``render.public_api``) does the whole Render section's job."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from render.public_api import AuthenticatedClient
from render.public_api.api.deploys import cancel_deploy, create_deploy, list_deploys, retrieve_deploy
from render.public_api.api.logs import list_logs
from render.public_api.api.services import (
    create_service,
    delete_env_var,
    delete_service,
    get_env_vars_for_service,
    list_events,
    list_instances,
    list_services,
    resume_service,
    retrieve_env_var,
    retrieve_service,
    suspend_service,
    update_env_var,
    update_env_vars_for_service,
    update_service,
)
from render.public_api.api.users import get_user
from render.public_api.api.workspaces import list_owners
from render.public_api.models import (
    BackgroundWorkerDetails,
    BackgroundWorkerDetailsPOST,
    CreateDeployBody,
    DockerDetailsPOST,
    EnvVarKeyGenerateValue,
    EnvVarKeyValue,
    EnvVarValue,
    Error,
    PaidPlan,
    Region,
    ServicePATCH,
    ServicePOST,
    ServiceRuntime,
    ServiceType,
)
from tests.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    sandbox = start_sandbox("render")
    sandbox.reset()
    return sandbox


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[Any]:
    with connect(sandbox, sandbox.exports["RENDER_API_KEY"]) as client:
        yield client


def connect(sandbox: RunningSandbox, key: str) -> Any:
    return AuthenticatedClient(
        base_url=sandbox.exports["RENDER_API_URL"],
        token=key,
        httpx_args={"trust_env": False},
        timeout=httpx.Timeout(10),
    )


def new_worker(client: Any, name: str = "studio-worker") -> Any:
    owner = list_owners.sync(client=client)[0].owner
    docker = DockerDetailsPOST(dockerfile_path="./worker/Dockerfile", docker_context=".")
    details = BackgroundWorkerDetailsPOST(
        runtime=ServiceRuntime.DOCKER, plan=PaidPlan.STARTER, region=Region.OREGON, env_specific_details=docker
    )
    body = ServicePOST(
        type_=ServiceType.BACKGROUND_WORKER,
        name=name,
        owner_id=owner.id,
        repo="https://github.com/studio/app",
        branch="main",
        env_vars=[
            EnvVarKeyValue(key="TURSO_DATABASE_URL", value="libsql://studio.example"),
            EnvVarKeyGenerateValue(key="GENERATED", generate_value=True),
        ],
        service_details=details,
    )
    return create_service.sync(client=client, body=body)


def settled(client: Any, service: str) -> str:
    """The newest deploy's status once it is done; until then ``finishedAt`` is null, and this client cannot read it."""

    def ended() -> str | None:
        with contextlib.suppress(TypeError):
            status = str(list_deploys.sync(service, client=client, limit=1)[0].deploy.status)
            return status if status not in {"created", "queued", "build_in_progress", "update_in_progress"} else None
        return None

    return until(ended, "the end of the deploy")


def test_a_worker_is_created_found_and_read_back(client: Any) -> None:
    created = new_worker(client)
    assert created.deploy_id.startswith("dep-")
    services = list_services.sync(client=client, name=["studio-worker"], type_=[ServiceType.BACKGROUND_WORKER])
    assert [item.service.id for item in services] == [created.service.id]
    assert list_services.sync(client=client, cursor=services[-1].cursor) == []
    read = retrieve_service.sync(created.service.id, client=client)
    assert read.service_details.to_dict()["plan"] == "starter"
    assert get_user.sync(client=client).email == "operator@studio.example"


def test_a_second_worker_of_the_same_name_is_refused(client: Any) -> None:
    new_worker(client)
    refused = new_worker(client)
    assert isinstance(refused, Error)
    assert "already in use" in refused.message


def test_variables_are_listed_replaced_and_changed_one_by_one(client: Any) -> None:
    service = new_worker(client).service.id
    listed = {item.env_var.key: item.env_var.value for item in get_env_vars_for_service.sync(service, client=client)}
    assert listed.keys() == {"TURSO_DATABASE_URL", "GENERATED"}
    update_env_var.sync(service, "A", client=client, body=EnvVarValue(value="1"))
    assert retrieve_env_var.sync(service, "A", client=client).value == "1"
    assert delete_env_var.sync_detailed(service, "A", client=client).status_code == 204
    replaced = update_env_vars_for_service.sync(service, client=client, body=[EnvVarKeyValue(key="B", value="2")])
    assert [item.env_var.key for item in replaced] == ["B"]


def test_deploys_are_made_and_followed_to_live(client: Any) -> None:
    service = new_worker(client).service.id
    queued = create_deploy.sync_detailed(service, client=client, body=CreateDeployBody())
    assert queued.status_code == 202
    assert queued.content == b""
    assert settled(client, service) == "live"
    deploys = list_deploys.sync(service, client=client)
    assert [str(item.deploy.status) for item in deploys] == ["live", "deactivated"]
    assert str(retrieve_deploy.sync(service, deploys[0].deploy.id, client=client).trigger) == "api"
    assert isinstance(cancel_deploy.sync(service, deploys[0].deploy.id, client=client), Error)


def test_a_201_has_nulls_that_the_strict_model_cannot_read(client: Any) -> None:
    service = new_worker(client).service.id
    settled(client, service)
    with pytest.raises(TypeError):
        create_deploy.sync(service, client=client, body=CreateDeployBody())
    assert settled(client, service) == "live"


def test_logs_events_and_instances_are_read(client: Any) -> None:
    service = new_worker(client).service
    settled(client, service.id)
    page = list_logs.sync(client=client, owner_id=service.owner_id, resource=[service.id], limit=100)
    assert page.logs[0].message == "[Worker] Started, polling every 3000ms"
    assert page.has_more is False
    assert len(list_instances.sync(service.id, client=client)) == 1
    assert list_events.sync_detailed(service.id, client=client).status_code == 200


def test_a_worker_is_changed_suspended_resumed_and_deleted(client: Any) -> None:
    service = new_worker(client).service.id
    settled(client, service)
    assert update_service.sync(service, client=client, body=ServicePATCH(name="renamed")).name == "renamed"
    assert suspend_service.sync_detailed(service, client=client).status_code == 202
    assert str(retrieve_service.sync(service, client=client).suspended) == "suspended"
    assert resume_service.sync_detailed(service, client=client).status_code == 202
    assert delete_service.sync_detailed(service, client=client).status_code == 204
    assert isinstance(retrieve_service.sync(service, client=client), Error)


def test_details_are_those_of_a_background_worker(client: Any) -> None:
    details = new_worker(client).service.service_details.to_dict()
    assert BackgroundWorkerDetails.from_dict(details).to_dict() == details


def test_a_wrong_key_is_refused(sandbox: RunningSandbox) -> None:
    with connect(sandbox, "rnd_wrong") as stranger:
        answer = list_owners.sync_detailed(client=stranger)
    assert answer.status_code == 401
    assert answer.parsed.message == "Unauthorized"
