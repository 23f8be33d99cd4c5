"""Services (``list-services`` to ``list-instances`` of render.json). What changes one does not deploy it."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.render.api import CREATE, READ, SERVICE, WRITE, Call
from deploybook.sandbox.render.schema.bodies import NewServiceBody, ScaleBody, ServiceBody, pairs
from deploybook.sandbox.render.schema.views import ServiceView, stamp
from deploybook.sandbox.render.state.workers import Worker, now


async def _list(call: Call) -> list[dict[str, Any]]:
    filters = {name: call.words(name) for name in ("name", "type", "ownerId", "suspended", "region", "env")}

    def fits(worker: Worker) -> bool:
        view = ServiceView.of(worker, call.state.address).model_dump(by_alias=True)
        values = view | {name: view["serviceDetails"][name] for name in ("region", "env")}
        return all(not words or values[name] in words for name, words in filters.items())

    workers = [worker for worker in call.state.cloud.workers.values() if fits(worker)]
    return call.page(workers, "service", lambda worker: _view(call, worker), lambda worker: worker.id)


async def _create(call: Call) -> dict[str, Any]:
    """The first deploy begins at once."""
    body = await call.body(NewServiceBody)
    worker = call.state.cloud.create(body.owner_id, body.settings(), pairs(body.env_vars or []))
    deploy = call.state.deployer.deploy(worker, "api")
    return {"service": _view(call, worker), "deployId": deploy.id}


async def _get(call: Call) -> ServiceView:
    return _view(call, call.worker)


async def _update(call: Call) -> ServiceView:
    worker = call.worker
    settings = (await call.body(ServiceBody)).applied(worker.settings)
    call.state.cloud.check_name(settings.name, worker)
    worker.settings, worker.updated_at = settings, now()
    return _view(call, worker)


async def _delete(call: Call) -> None:
    worker = call.worker
    del call.state.cloud.workers[worker.id]
    await call.state.deployer.halt(worker)


async def _suspend(call: Call) -> None:
    await call.state.deployer.suspend(call.worker)


async def _resume(call: Call) -> None:
    call.state.deployer.resume(call.worker)


async def _restart(call: Call) -> None:
    await call.state.deployer.restart(call.worker)


async def _scale(call: Call) -> None:
    worker = call.worker
    worker.scale((await call.body(ScaleBody)).num_instances)


async def _instances(call: Call) -> list[dict[str, str]]:
    """What runs now."""
    return [{"id": name, "createdAt": stamp(since)} for name, since in call.worker.instance_ids]


def _view(call: Call, worker: Worker) -> ServiceView:
    return ServiceView.of(worker, call.state.address)


_ALL, _ONE = "/v1/services", "/v1/services/{service}"
# No service here has previews to include.
_QUERY = "name type ownerId suspended region env includePreviews cursor limit"

OPERATIONS = (
    operation("GET", _ALL, _list, query=_QUERY, needs=READ),
    operation("POST", _ALL, _create, status=201, needs=CREATE),
    operation("GET", _ONE, _get, needs=READ),
    operation("PATCH", _ONE, _update, needs=SERVICE),
    operation("DELETE", _ONE, _delete, status=204, needs=WRITE),
    operation("POST", _ONE + "/suspend", _suspend, status=202, needs=SERVICE),
    operation("POST", _ONE + "/resume", _resume, status=202, needs=SERVICE),
    operation("POST", _ONE + "/restart", _restart, needs=WRITE),
    operation("POST", _ONE + "/scale", _scale, status=202, needs=SERVICE),
    operation("GET", _ONE + "/instances", _instances, needs=READ),
)
