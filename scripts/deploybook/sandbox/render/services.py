"""Endpoints of users, workspaces, services and their environment variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.core.limits import Limit
from deploybook.sandbox.render import payloads, wire
from deploybook.sandbox.render.deployer import Deployer
from deploybook.sandbox.render.models import Cloud, Variable, Worker, not_found, now
from deploybook.sandbox.render.requests import (
    CREATE,
    READ,
    SERVICE,
    WRITE,
    Gate,
    Handler,
    body,
    page,
    refuse_filters,
    words,
)


@dataclass
class ServicesApi:
    """Operations ``get-user`` to ``delete-env-var`` of render.json."""

    cloud: Cloud
    deployer: Deployer
    gate: Gate
    dashboard: str

    def routes(self) -> Iterator[Route]:
        """One route for each operation."""
        one = "/services/{service}"
        variable = one + "/env-vars/{key}"
        table: list[tuple[str, str, Handler, Limit]] = [
            ("GET", "/users", self.user, READ),
            ("GET", "/owners", self.owners, READ),
            ("GET", "/owners/{owner}", self.owner, READ),
            ("GET", "/services", self.list_all, READ),
            ("POST", "/services", self.create, CREATE),
            ("GET", one, self.get, READ),
            ("PATCH", one, self.update, SERVICE),
            ("DELETE", one, self.delete, WRITE),
            ("POST", one + "/suspend", self.suspend, SERVICE),
            ("POST", one + "/resume", self.resume, SERVICE),
            ("POST", one + "/restart", self.restart, WRITE),
            ("POST", one + "/scale", self.scale, SERVICE),
            ("GET", one + "/instances", self.instances, READ),
            ("GET", one + "/env-vars", self.variables, READ),
            ("PUT", one + "/env-vars", self.replace_variables, WRITE),
            ("GET", variable, self.variable, READ),
            ("PUT", variable, self.set_variable, WRITE),
            ("DELETE", variable, self.delete_variable, WRITE),
        ]
        for method, path, handler, limit in table:
            yield Route("/v1" + path, self.gate.guard(handler, limit), methods=[method])

    def _worker(self, request: Request) -> Worker:
        return self.cloud.worker(request.path_params["service"])

    def _shown(self, worker: Worker) -> wire.Json:
        return wire.service(worker, self.dashboard)

    async def user(self, _: Request) -> Response:
        """``get-user``."""
        # The id is newer than render.json: the official SDK (1.5.0) requires it.
        user = {"id": self.cloud.user_id, "email": self.cloud.user_email, "name": self.cloud.user_name}
        return JSONResponse(user)

    async def owners(self, request: Request) -> Response:
        """``list-owners``."""
        names, emails = words(request, "name"), words(request, "email")
        found = [owner for owner in self.cloud.owners if not names or owner.name in names]
        found = [owner for owner in found if not emails or owner.email in emails]
        return page(request, found, "owner", wire.owner, lambda owner: owner.id)

    async def owner(self, request: Request) -> Response:
        """``retrieve-owner``."""
        found = next((owner for owner in self.cloud.owners if owner.id == request.path_params["owner"]), None)
        if found is None:
            raise not_found(request.path_params["owner"])
        return JSONResponse(wire.owner(found))

    async def list_all(self, request: Request) -> Response:
        """``list-services``."""
        times = [f"{word}{edge}" for word in ("created", "updated") for edge in ("Before", "After")]
        refuse_filters(request, "environmentId", *times)

        def fits(worker: Worker) -> bool:
            shown = self._shown(worker)
            details = shown["serviceDetails"]
            compared = {name: shown[name] for name in ("name", "type", "ownerId", "suspended")}
            compared |= {"region": details["region"], "env": details["env"]}
            return all(value in words(request, name) or not words(request, name) for name, value in compared.items())

        found = [worker for worker in self.cloud.workers.values() if fits(worker)]
        return page(request, found, "service", self._shown, lambda worker: worker.id)

    async def create(self, request: Request) -> Response:
        """``create-service``: the first deploy begins at once."""
        worker = self.cloud.create(*payloads.create_settings(await body(request)))
        deploy = self.deployer.deploy(worker, "api")
        return JSONResponse({"service": self._shown(worker), "deployId": deploy.id}, 201)

    async def get(self, request: Request) -> Response:
        """``retrieve-service``."""
        return JSONResponse(self._shown(self._worker(request)))

    async def update(self, request: Request) -> Response:
        """``update-service``: no deploy follows."""
        worker = self._worker(request)
        settings = payloads.patched_settings(await body(request), worker.settings)
        self.cloud.check_name(settings.name, worker)
        worker.settings, worker.updated_at = settings, now()
        return JSONResponse(self._shown(worker))

    async def delete(self, request: Request) -> Response:
        """``delete-service``."""
        worker = self._worker(request)
        del self.cloud.workers[worker.id]
        await self.deployer.halt(worker)
        return Response(status_code=204)

    async def suspend(self, request: Request) -> Response:
        """``suspend-service``."""
        await self.deployer.suspend(self._worker(request))
        return Response(status_code=202)

    async def resume(self, request: Request) -> Response:
        """``resume-service``."""
        self.deployer.resume(self._worker(request))
        return Response(status_code=202)

    async def restart(self, request: Request) -> Response:
        """``restart-service``."""
        await self.deployer.restart(self._worker(request))
        return Response(status_code=200)

    async def scale(self, request: Request) -> Response:
        """``scale-service``."""
        worker = self._worker(request)
        fields = payloads.mapping(await body(request), frozenset({"numInstances"}))
        wanted = payloads.checked_number(fields, "numInstances", 1, 100)
        worker.scale(wanted)
        return Response(status_code=202)

    async def instances(self, request: Request) -> Response:
        """``list-instances``: what runs now."""
        running = self._worker(request).instance_ids
        return JSONResponse([{"id": name, "createdAt": wire.stamp(since)} for name, since in running])

    def _page(self, request: Request, worker: Worker) -> Response:
        return page(request, worker.variables.values(), "envVar", wire.variable, lambda kept: kept.id, newest=False)

    async def variables(self, request: Request) -> Response:
        """``get-env-vars-for-service``."""
        return self._page(request, self._worker(request))

    async def replace_variables(self, request: Request) -> Response:
        """``update-env-vars-for-service``: the given array is the whole set afterwards; no deploy follows."""
        worker = self._worker(request)
        worker.replace_variables(payloads.variables(await body(request)))
        shown = [{"envVar": wire.variable(kept), "cursor": wire.cursor(kept.id)} for kept in worker.variables.values()]
        return JSONResponse(shown)

    def _variable(self, request: Request) -> tuple[Worker, Variable]:
        worker, key = self._worker(request), request.path_params["key"]
        if key not in worker.variables:
            raise not_found(key)
        return worker, worker.variables[key]

    async def variable(self, request: Request) -> Response:
        """``retrieve-env-var``."""
        return JSONResponse(wire.variable(self._variable(request)[1]))

    async def set_variable(self, request: Request) -> Response:
        """``update-env-var``: adds it where there was none; no deploy follows."""
        worker = self._worker(request)
        key = payloads.checked_key(request.path_params["key"])
        return JSONResponse(wire.variable(worker.set_variable(key, payloads.variable_value(await body(request)))))

    async def delete_variable(self, request: Request) -> Response:
        """``delete-env-var``."""
        worker, kept = self._variable(request)
        del worker.variables[kept.key]
        return Response(status_code=204)
