"""Deploys and events (``list-deploys`` to ``retrieve-event`` of render.json)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deploybook.sandbox.core.api import Answer, operation
from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.render.api import READ, SERVICE, WRITE, Call
from deploybook.sandbox.render.schema.bodies import DeployBody, RollbackBody
from deploybook.sandbox.render.schema.views import DeployView, EventView
from deploybook.sandbox.render.state.images import deployed_image

_EVER = datetime.min.replace(tzinfo=UTC)


async def _list(call: Call) -> list[dict[str, Any]]:
    """Newest first."""
    statuses, since = call.words("status"), call.moment("createdAfter", _EVER)
    deploys = [
        deploy
        for deploy in call.worker.deploys
        if (not statuses or deploy.status in statuses) and deploy.created_at > since
    ]
    return call.page(deploys, "deploy", DeployView.of, lambda deploy: deploy.id)


async def _create(call: Call) -> Answer:
    """201 with the deploy, or 202 with nothing at all when it has to wait."""
    worker, body = call.worker, await call.body(DeployBody)
    if body.deploy_mode == "deploy_only":
        raise not_implemented("deploying an earlier build (use rollback)")
    image = deployed_image(worker.settings, body.image_url)
    deploy = call.state.deployer.deploy(worker, "api", commit=body.commit_id, image=image)
    if deploy.status == "queued":
        return Answer(status=202)
    return Answer(DeployView.of(deploy).model_copy(update={"commit": None}))


async def _get(call: Call) -> DeployView:
    return DeployView.of(call.worker.deploy(call.path("deploy")))


async def _cancel(call: Call) -> DeployView:
    return DeployView.of(call.state.deployer.cancel(call.worker, call.path("deploy")))


async def _rollback(call: Call) -> DeployView:
    worker, body = call.worker, await call.body(RollbackBody)
    return DeployView.of(call.state.deployer.rollback(worker, body.deploy_id))


async def _events(call: Call) -> list[dict[str, Any]]:
    """Newest first."""
    worker, kinds, (start, end) = call.worker, call.words("type"), call.time_range()
    events = [
        event for event in worker.events if start <= event.timestamp <= end and (not kinds or event.type in kinds)
    ]
    return call.page(events, "event", lambda event: EventView.of(worker, event), lambda event: event.id)


async def _event(call: Call) -> EventView:
    return EventView.of(*call.state.cloud.event(call.path("event")))


_ALL, _ONE = "/v1/services/{service}/deploys", "/v1/services/{service}/deploys/{deploy}"

OPERATIONS = (
    operation("GET", _ALL, _list, query="status createdAfter cursor limit", needs=READ),
    operation("POST", _ALL, _create, status=201, needs=SERVICE),
    operation("GET", _ONE, _get, needs=READ),
    operation("POST", _ONE + "/cancel", _cancel, needs=WRITE),
    operation("POST", "/v1/services/{service}/rollback", _rollback, status=201, needs=WRITE),
    operation("GET", "/v1/services/{service}/events", _events, query="type startTime endTime cursor limit", needs=READ),
    operation("GET", "/v1/events/{event}", _event, needs=READ),
)
