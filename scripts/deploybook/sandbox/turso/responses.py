"""The platform API: parse, ask the state, serialise. Paths and shapes are those of ``turso.json``."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.turso import errors, serialise
from deploybook.sandbox.turso.access import ApiToken
from deploybook.sandbox.turso.account import Account
from deploybook.sandbox.turso.models import BLOCKS, Database, Group, Platform
from deploybook.sandbox.turso.parsing import Handler, Routing, json_object

# response-codes.mdx; 400 is in the description of single operations.
STATUS: dict[type[errors.Refusal], int] = {
    errors.Invalid: 400,
    errors.Unauthorized: 401,
    errors.PaymentRequired: 402,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NotImplementedHere: 501,
}


def platform_app(platform: Platform) -> Starlette:
    """The API as an ASGI app; what it does not know answers 501 and names the path."""

    async def refused(_: Request, problem: Exception) -> Response:
        return JSONResponse({"error": str(problem)}, STATUS[type(problem)])  # type: ignore[index]

    async def unknown(request: Request, _: Exception) -> Response:
        return await refused(request, errors.NotImplementedHere(f"{request.method} {request.url.path}"))

    def route(path: str, handler: Handler, method: str = "GET") -> Route:
        async def authenticated(request: Request) -> Response:
            caller = platform.authenticate(request.headers.get("authorization", ""))
            if "org" in request.path_params:
                caller.require_organization(request.path_params["org"])
            return await handler(request, caller)

        return Route(path, authenticated, methods=[method])

    handlers = Account(platform).routes(route) + _Groups(platform).routes(route) + _Databases(platform).routes(route)
    return Starlette(
        routes=handlers,
        exception_handlers={errors.Refusal: refused, HTTPException: unknown},
    )


class _Groups:
    """Groups and their tokens."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def routes(self, route: Routing) -> list[Route]:
        groups, group = "/v1/organizations/{org}/groups", "/v1/organizations/{org}/groups/{group}"
        return [
            route(groups, self.list),
            route(groups, self.create, "POST"),
            route(group, self.get),
            route(group, self.delete, "DELETE"),
            route(f"{group}/unarchive", self.unarchive, "POST"),
            route(f"{group}/auth/tokens", self.mint, "POST"),
            route(f"{group}/auth/rotate", self.rotate, "POST"),
        ]

    def _find(self, request: Request, caller: ApiToken, scope: str | None) -> Group:
        caller.require(scope, request.path_params["group"])
        return self.platform.group(request.path_params["group"])

    async def list(self, _: Request, caller: ApiToken) -> Response:
        caller.require("read")
        shown = [one for one in self.platform.groups() if caller.group in (None, one.name)]
        return JSONResponse({"groups": [serialise.group(one) for one in shown]})

    async def create(self, request: Request, caller: ApiToken) -> Response:
        caller.require(None)
        fields = await json_object(
            request, {"name": str, "location": str}, required=("name", "location"), known=("extensions",)
        )
        return JSONResponse({"group": serialise.group(self.platform.create_group(fields["name"], fields["location"]))})

    async def get(self, request: Request, caller: ApiToken) -> Response:
        return JSONResponse({"group": serialise.group(self._find(request, caller, "read"))})

    async def delete(self, request: Request, caller: ApiToken) -> Response:
        group = await self.platform.delete_group(self._find(request, caller, None).name)
        return JSONResponse({"group": serialise.group(group)})

    async def unarchive(self, request: Request, caller: ApiToken) -> Response:
        # Nothing is idle for ten days here, so no group is ever archived: there is nothing to do.
        return JSONResponse({"group": serialise.group(self._find(request, caller, "group:configure"))})

    async def mint(self, request: Request, caller: ApiToken) -> Response:
        return await _mint(self.platform, self._find(request, caller, "group:mint-token"), request)

    async def rotate(self, request: Request, caller: ApiToken) -> Response:
        await self.platform.rotate_group(self._find(request, caller, "group:rotate-creds").name)
        return Response()


class _Databases:
    """Databases and their tokens."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def routes(self, route: Routing) -> list[Route]:
        databases, database = "/v1/organizations/{org}/databases", "/v1/organizations/{org}/databases/{database}"
        return [
            route(databases, self.list),
            route(databases, self.create, "POST"),
            route(database, self.get),
            route(database, self.delete, "DELETE"),
            route(f"{database}/instances", self.instances),
            route(f"{database}/configuration", self.configuration),
            route(f"{database}/configuration", self.configure, "PATCH"),
            route(f"{database}/auth/tokens", self.mint, "POST"),
            route(f"{database}/auth/rotate", self.rotate, "POST"),
        ]

    def _find(self, request: Request, caller: ApiToken, scope: str) -> Database:
        caller.require(scope)
        database = self.platform.database(request.path_params["database"])
        caller.require(scope, database.group.name)
        return database

    async def list(self, request: Request, caller: ApiToken) -> Response:
        caller.require("read", request.query_params.get("group"))
        for unsupported in request.query_params.keys() - {"group"}:
            raise errors.NotImplementedHere(f"GET /databases?{unsupported}=")
        shown = self.platform.databases(request.query_params.get("group") or caller.group)
        return JSONResponse({"databases": [serialise.database(one) for one in shown]})

    async def create(self, request: Request, caller: ApiToken) -> Response:
        described = ("seed", "size_limit", "remote_encryption")
        fields = await json_object(request, {"name": str, "group": str}, required=("name", "group"), known=described)
        caller.require("db:create", fields["group"])
        database = await self.platform.create_database(fields["name"], fields["group"])
        return JSONResponse({"database": serialise.created_database(database)})

    async def get(self, request: Request, caller: ApiToken) -> Response:
        return JSONResponse({"database": serialise.database(self._find(request, caller, "read"))})

    async def delete(self, request: Request, caller: ApiToken) -> Response:
        database = await self.platform.delete_database(self._find(request, caller, "db:delete").name)
        return JSONResponse({"database": database.name})

    async def instances(self, request: Request, caller: ApiToken) -> Response:
        return JSONResponse({"instances": [serialise.instance(self._find(request, caller, "read"))]})

    async def configuration(self, request: Request, caller: ApiToken) -> Response:
        return JSONResponse(serialise.configuration(self._find(request, caller, "read")))

    async def configure(self, request: Request, caller: ApiToken) -> Response:
        described = ("size_limit", "allow_attach", "delete_protection", "allowed_ips", "allowed_aws_vpc_ids")
        fields = await json_object(request, dict.fromkeys(BLOCKS, bool), known=described)
        found = self._find(request, caller, "db:configure")
        return JSONResponse(serialise.configuration(await self.platform.configure_database(found.name, fields)))

    async def mint(self, request: Request, caller: ApiToken) -> Response:
        return await _mint(self.platform, self._find(request, caller, "db:mint-token"), request)

    async def rotate(self, request: Request, caller: ApiToken) -> Response:
        await self.platform.rotate_database(self._find(request, caller, "db:rotate-creds").name)
        # No body at all, although the status is 200: so the description says, and the vendor's client trips over it.
        return Response()


async def _mint(platform: Platform, owner: Database | Group, request: Request) -> Response:
    """Both token operations: the options are in the query, the body is for ATTACH only."""
    for unknown in request.query_params.keys() - {"expiration", "authorization"}:
        raise errors.Invalid(f"unknown parameter {unknown}")
    fields = await json_object(request, {"permissions": dict})
    if fields.get("permissions", {}).get("read_attach", {}).get("databases"):
        raise errors.NotImplementedHere("permissions.read_attach")
    expiration = request.query_params.get("expiration", "never")
    authorization = request.query_params.get("authorization", "full-access")
    return JSONResponse({"jwt": platform.mint(owner, expiration, authorization)})
