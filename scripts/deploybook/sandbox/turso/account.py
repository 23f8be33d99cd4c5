"""The part of the platform API that is about the caller: organizations, the user, locations, platform tokens."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.turso import errors, serialise
from deploybook.sandbox.turso.access import ApiToken
from deploybook.sandbox.turso.models import LOCATIONS, Platform
from deploybook.sandbox.turso.parsing import Routing, json_object


class Account:
    """Organizations, locations, the user, platform tokens."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def routes(self, route: Routing) -> list[Route]:
        """What this part answers."""
        tokens, token = "/v1/auth/api-tokens", "/v1/auth/api-tokens/{name}"
        return [
            route("/v1/organizations", self.organizations),
            route("/v1/organizations/{slug}", self.organization),
            route("/v1/user", self.user),
            route("/v1/locations", self.locations),
            route("/v1/auth/validate", self.validate),
            route(tokens, self.tokens),
            route(token, self.mint, "POST"),
            route(token, self.revoke, "DELETE"),
            route("/v1/organizations/{org}/api-tokens", self.organization_tokens),
            route("/v1/organizations/{org}/api-tokens/{id}", self.revoke_by_id, "DELETE"),
        ]

    async def organizations(self, _: Request, caller: ApiToken) -> Response:
        caller.require(None)
        # A bare array: so the description says.
        return JSONResponse([serialise.organization(self.platform)])

    async def organization(self, request: Request, caller: ApiToken) -> Response:
        caller.require("read")
        if request.path_params["slug"] != self.platform.organization:
            raise errors.NotFound("organization not found")
        return JSONResponse({"organization": serialise.organization(self.platform)})

    async def user(self, _: Request, caller: ApiToken) -> Response:
        caller.require(None)
        return JSONResponse({"user": serialise.user(self.platform)})

    async def locations(self, _: Request, caller: ApiToken) -> Response:
        caller.require("read")
        return JSONResponse({"locations": LOCATIONS})

    async def validate(self, _: Request, __: ApiToken) -> Response:
        return JSONResponse({"exp": -1})

    async def tokens(self, _: Request, caller: ApiToken) -> Response:
        caller.require(None)
        return JSONResponse({"tokens": [serialise.api_token(one) for one in self.platform.tokens.all()]})

    async def mint(self, request: Request, caller: ApiToken) -> Response:
        fields = await json_object(request, {"organization": str, "group": str, "scopes": list})
        token, secret = self.platform.mint_api_token(
            caller, request.path_params["name"], fields.get("organization"), fields.get("group"), fields.get("scopes")
        )
        return JSONResponse({"name": token.name, "id": token.id, "token": secret})

    async def revoke(self, request: Request, caller: ApiToken) -> Response:
        caller.require(None)
        return JSONResponse({"token": self.platform.tokens.revoke(name=request.path_params["name"]).name})

    async def organization_tokens(self, _: Request, caller: ApiToken) -> Response:
        caller.require(None)
        user = serialise.user(self.platform)
        owner = {"username": user["username"], "email": user["email"]}
        shown = [serialise.api_token(one) | {"owner": owner} for one in self.platform.tokens.all()]
        return JSONResponse({"tokens": shown})

    async def revoke_by_id(self, request: Request, caller: ApiToken) -> Response:
        caller.require(None)
        return JSONResponse({"token": self.platform.tokens.revoke(token_id=request.path_params["id"]).id})
