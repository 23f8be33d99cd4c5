"""Endpoints of deploys, events and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.core.limits import Limit
from deploybook.sandbox.render import logs, payloads, wire
from deploybook.sandbox.render.deployer import Deployer
from deploybook.sandbox.render.models import Cloud, Event, Refusal, Worker, not_found
from deploybook.sandbox.render.requests import (
    READ,
    SERVICE,
    WRITE,
    Gate,
    Handler,
    body,
    limit_of,
    moment,
    page,
    refuse_filters,
    time_range,
    words,
)

# A background worker has no request logs, so a filter on one of these leaves nothing.
_REQUEST_LABELS = ("host", "statusCode", "method", "path")
_WORKFLOW_FILTERS = ("workflowService", "workflowVersion", "task", "taskRun")


@dataclass
class DeploysApi:
    """Operations ``list-deploys`` to ``list-logs-values`` of render.json."""

    cloud: Cloud
    deployer: Deployer
    gate: Gate

    def routes(self) -> Iterator[Route]:
        """One route for each operation."""
        one = "/services/{service}"
        table: list[tuple[str, str, Handler, Limit]] = [
            ("GET", one + "/deploys", self.list_all, READ),
            ("POST", one + "/deploys", self.create, SERVICE),
            ("GET", one + "/deploys/{deploy}", self.get, READ),
            ("POST", one + "/deploys/{deploy}/cancel", self.cancel, WRITE),
            ("POST", one + "/rollback", self.rollback, WRITE),
            ("GET", one + "/events", self.events, READ),
            ("GET", "/events/{event}", self.event, READ),
            ("GET", "/logs", self.logs, READ),
            ("GET", "/logs/values", self.log_values, READ),
        ]
        for method, path, handler, limit in table:
            yield Route("/v1" + path, self.gate.guard(handler, limit), methods=[method])

    def _worker(self, request: Request) -> Worker:
        return self.cloud.worker(request.path_params["service"])

    async def list_all(self, request: Request) -> Response:
        """``list-deploys``, newest first."""
        edges = [f"{word}{edge}" for word in ("updated", "finished") for edge in ("Before", "After")]
        refuse_filters(request, "createdBefore", *edges)
        wanted, since = words(request, "status"), moment(request, "createdAfter", datetime.min.replace(tzinfo=UTC))
        found = [deploy for deploy in self._worker(request).deploys if not wanted or deploy.status in wanted]
        found = [deploy for deploy in found if deploy.created_at > since]
        return page(request, found, "deploy", wire.deploy, lambda deploy: deploy.id)

    async def create(self, request: Request) -> Response:
        """``create-deploy``: 201 with the deploy, or 202 with nothing at all when it has to wait."""
        worker = self._worker(request)
        allowed = frozenset({"clearCache", "commitId", "imageUrl", "deployMode", "buildId"})
        fields = payloads.mapping(await body(request), allowed)
        if fields.get("clearCache") not in {None, "clear", "do_not_clear"}:
            raise Refusal(400, "invalid clearCache")
        if fields.get("buildId") or fields.get("deployMode") == "deploy_only":
            raise Refusal(501, "not implemented in the sandbox: deploying an earlier build (use rollback)")
        image = payloads.deployed_image(worker.settings, fields.get("imageUrl"))
        deploy = self.deployer.deploy(worker, "api", commit=fields.get("commitId"), image=image)
        if deploy.status == "queued":
            return Response(status_code=202)
        return JSONResponse(wire.deploy(deploy) | {"commit": None}, 201)

    async def get(self, request: Request) -> Response:
        """``retrieve-deploy``."""
        return JSONResponse(wire.deploy(self._worker(request).deploy(request.path_params["deploy"])))

    async def cancel(self, request: Request) -> Response:
        """``cancel-deploy``."""
        return JSONResponse(wire.deploy(self.deployer.cancel(self._worker(request), request.path_params["deploy"])))

    async def rollback(self, request: Request) -> Response:
        """``rollback-deploy``."""
        fields = payloads.mapping(await body(request), frozenset({"deployId"}))
        if not isinstance(fields.get("deployId"), str):
            raise Refusal(400, "deployId is required")
        return JSONResponse(wire.deploy(self.deployer.rollback(self._worker(request), fields["deployId"])), 201)

    async def events(self, request: Request) -> Response:
        """``list-events``, newest first."""
        worker, kinds, (start, end) = self._worker(request), words(request, "type"), time_range(request)
        found = [e for e in worker.events if start <= e.timestamp <= end and (not kinds or e.type in kinds)]

        def show(noted: Event) -> wire.Json:
            return wire.event(worker, noted)

        return page(request, found, "event", show, lambda noted: noted.id)

    async def event(self, request: Request) -> Response:
        """``retrieve-event``."""
        wanted = request.path_params["event"]
        for worker in self.cloud.workers.values():
            for noted in worker.events:
                if noted.id == wanted:
                    return JSONResponse(wire.event(worker, noted))
        raise not_found(wanted)

    def _lines(self, request: Request) -> list[logs.LogLine]:
        if "ownerId" not in request.query_params:
            raise Refusal(400, "ownerId is required")
        self.cloud.check_owner(request.query_params["ownerId"])
        resources = words(request, "resource")
        if not resources:
            raise Refusal(400, "resource is required")
        for resource in resources:
            self.cloud.worker(resource)
        refuse_filters(request, *_WORKFLOW_FILTERS)
        filters = {name: words(request, name) for name in ("instance", "level", "type", *_REQUEST_LABELS)}
        try:
            start, end = time_range(request)
            texts = request.query_params.getlist("text")
            return self.cloud.logs.matching(start, end, {"resource": resources} | filters, texts)
        except re.error as problem:
            raise Refusal(400, f"invalid regular expression: {problem}") from None

    async def logs(self, request: Request) -> Response:
        """``list-logs``: a page by time, the most recent first unless ``direction=forward``."""
        direction = request.query_params.get("direction", "backward")
        if direction not in {"forward", "backward"}:
            raise Refusal(400, "direction must be forward or backward")
        start, end = time_range(request)
        limit = limit_of(request)
        found = logs.page(self._lines(request), start, end, forward=direction == "forward", limit=limit)
        return JSONResponse(wire.log_page(found))

    async def log_values(self, request: Request) -> Response:
        """``list-logs-values``: the values that a label has in the range."""
        label = request.query_params.get("label", "")
        if label not in {"instance", "level", "type", "host", "statusCode", "method"}:
            raise Refusal(400, "invalid label")
        found = {line.labels[label] for line in self._lines(request) if label in line.labels}
        return JSONResponse(sorted(found)[: limit_of(request)])
