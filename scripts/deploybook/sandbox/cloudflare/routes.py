"""Paths, methods and the permission that each operation needs (``x-cfPermissionsRequired`` in the description)."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from deploybook.sandbox.cloudflare.bucket_operations import BucketOperations
from deploybook.sandbox.cloudflare.errors import no_account_tokens, not_implemented
from deploybook.sandbox.cloudflare.gate import Cloud, Endpoint, Gate
from deploybook.sandbox.cloudflare.models import Token, now
from deploybook.sandbox.cloudflare.permissions import (
    ACCOUNT,
    ACCOUNT_TOKENS_READ,
    ACCOUNT_TOKENS_WRITE,
    R2_READ,
    R2_WRITE,
    SETTINGS_READ,
    SETTINGS_WRITE,
    USER_READ,
    USER_TOKENS_READ,
    USER_TOKENS_WRITE,
    USER_WRITE,
)
from deploybook.sandbox.cloudflare.policies import holds
from deploybook.sandbox.cloudflare.responses import stamp, success
from deploybook.sandbox.cloudflare.token_operations import TokenOperations

BASE = "/client/v4"


def application(cloud: Cloud) -> Starlette:
    """The API below ``/client/v4``; whatever is not there is answered 501 by name, to a live token."""
    gate = Gate(cloud)
    routes = [
        *_tokens(cloud, gate, "account"),
        *_tokens(cloud, gate, "user"),
        *_buckets(cloud, gate),
        *_owners(cloud, gate),
    ]
    app = Starlette(routes=[*routes, _rest(gate)])
    app.router.redirect_slashes = False
    return app


def _tokens(cloud: Cloud, gate: Gate, owner: str) -> list[BaseRoute]:
    at = TokenOperations(cloud, owner)
    wrap: Callable[..., Endpoint] = gate.account if owner == "account" else gate.user
    base = "/accounts/{account_id}" if owner == "account" else "/user"
    write = ACCOUNT_TOKENS_WRITE if owner == "account" else USER_TOKENS_WRITE
    read = ACCOUNT_TOKENS_READ if owner == "account" else USER_TOKENS_READ
    one = f"{base}/tokens/{{token_id}}"
    return [
        _route("GET", f"{base}/tokens/verify", gate.verify(at.verify, owner)),
        _route("GET", f"{base}/tokens/permission_groups", wrap(at.groups, read, write)),
        _route("GET", f"{base}/tokens", wrap(at.list, read, write)),
        _route("POST", f"{base}/tokens", wrap(at.create, write)),
        _route("GET", one, wrap(at.get, read, write)),
        _route("PUT", one, wrap(at.update, write)),
        _route("DELETE", one, wrap(at.delete, write)),
        _route("PUT", f"{one}/value", wrap(at.roll, write)),
    ]


def _buckets(cloud: Cloud, gate: Gate) -> list[BaseRoute]:
    at = BucketOperations(cloud)
    base, one = "/accounts/{account_id}/r2/buckets", "/accounts/{account_id}/r2/buckets/{bucket_name}"
    reads = [("", base, at.list), ("", one, at.get), ("/cors", one, at.get_cors), ("/lifecycle", one, at.get_lifecycle)]
    writes = [
        ("POST", base, at.create),
        ("DELETE", one, at.delete),
        ("PUT", f"{one}/cors", at.put_cors),
        ("DELETE", f"{one}/cors", at.delete_cors),
        ("PUT", f"{one}/lifecycle", at.put_lifecycle),
    ]
    return [
        *(_route("GET", path + tail, gate.account(to, R2_READ, R2_WRITE, product=True)) for tail, path, to in reads),
        *(_route(method, path, gate.account(to, R2_WRITE, product=True)) for method, path, to in writes),
    ]


def _owners(cloud: Cloud, gate: Gate) -> list[BaseRoute]:
    account = {
        "id": cloud.owner.account_id,
        "name": "Sandbox",
        "type": "standard",
        "settings": {"enforce_twofactor": False},
        "created_on": stamp(now()),
    }
    user = {"id": cloud.owner.user_id, "email": "operator@example.com", "two_factor_authentication_enabled": True}

    async def accounts(_: Request, token: Token) -> Response:
        if token.owner == "account":
            raise no_account_tokens()
        seen = holds(token.policies, {SETTINGS_READ, SETTINGS_WRITE}, f"{ACCOUNT}.{cloud.owner.account_id}")
        found = [account] if seen else []
        return success(found, {"page": 1, "per_page": 20, "count": len(found), "total_count": len(found)})

    async def one_account(_request: Request, _token: Token) -> Response:
        return success(account)

    async def this_user(_request: Request, _token: Token) -> Response:
        return success(user)

    return [
        _route("GET", "/accounts", gate.anyone(accounts)),
        _route("GET", "/accounts/{account_id}", gate.account(one_account, SETTINGS_READ, SETTINGS_WRITE)),
        _route("GET", "/user", gate.user(this_user, USER_READ, USER_WRITE)),
    ]


def _rest(gate: Gate) -> Route:
    async def unknown(request: Request, _: Token) -> Response:
        raise not_implemented(request.method, request.url.path)

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return Route("/{rest:path}", gate.anyone(unknown), methods=methods)


def _route(method: str, path: str, endpoint: Endpoint) -> Route:
    return Route(BASE + path, endpoint, methods=[method])
