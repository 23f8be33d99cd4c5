"""What stands before every operation: the limit on calls, the credential, the account in the path, the permission."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from deploybook.sandbox.cloudflare import policies
from deploybook.sandbox.cloudflare.errors import (
    ApiError,
    authentication,
    invalid_token,
    no_route,
    unauthorized,
)
from deploybook.sandbox.cloudflare.models import CallLimit, Token, Tokens
from deploybook.sandbox.cloudflare.permissions import ACCOUNT, USER
from deploybook.sandbox.cloudflare.policies import Owner
from deploybook.sandbox.cloudflare.responses import bearer, failure, r2_failure
from deploybook.sandbox.r2.errors import R2Error
from deploybook.sandbox.r2.service import ObjectService

Handler = Callable[[Request, Token], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass
class Cloud:
    """The state behind the API."""

    objects: ObjectService
    owner: Owner
    tokens: Tokens = field(default_factory=Tokens)
    limit: CallLimit = field(default_factory=CallLimit)


@dataclass(frozen=True)
class Gate:
    """Wraps handlers. ``needs`` are permission groups any one of which is enough; none means any live token."""

    cloud: Cloud

    def account(self, handler: Handler, *needs: str, product: bool = False) -> Endpoint:
        """An operation below ``/accounts/{account_id}``; R2 (``product``) words its refusals in its own way."""
        return self._wrap(handler, f"{ACCOUNT}.{self.cloud.owner.account_id}", set(needs), product)

    def user(self, handler: Handler, *needs: str) -> Endpoint:
        """An operation below ``/user``, which takes only tokens that a user owns."""
        return self._wrap(handler, f"{USER}.{self.cloud.owner.user_id}", set(needs), False)

    def anyone(self, handler: Handler) -> Endpoint:
        """An operation without an account that every live token may call."""
        return self._wrap(handler, "", set(), False)

    def verify(self, handler: Handler, owner: str) -> Endpoint:
        """``…/tokens/verify``: knows only tokens of its own kind of owner, and tells of dead ones that they are."""

        async def call(request: Request) -> Response:
            value = bearer(request, verifying=True)
            self._check_account(request, unauthorized())
            token = self.cloud.tokens.find(value)
            if token is None or token.owner != owner:
                raise invalid_token()
            return await handler(request, token)

        return self._guard(call)

    def _wrap(self, handler: Handler, resource: str, needs: set[str], product: bool) -> Endpoint:
        forbidden = authentication if product else unauthorized

        async def call(request: Request) -> Response:
            token = self._authenticate(request, product=product)
            self._check_account(request, forbidden())
            if resource.startswith(f"{USER}.") and token.owner != "user":
                raise forbidden()
            if needs and not policies.holds(token.policies, needs, resource):
                raise forbidden()
            if product:
                self.cloud.objects.buckets.require_subscription()
            self.cloud.tokens.used(token)
            return await handler(request, token)

        return self._guard(call)

    def _authenticate(self, request: Request, *, product: bool) -> Token:
        token = self.cloud.tokens.find(bearer(request, verifying=False))
        address = request.client.host if request.client else "127.0.0.1"
        if token and token.status == "active" and token.condition and not token.condition.admits(address):
            raise ApiError(403, 9109, f"Cannot use the access token from location: {address}")
        if token is None or not token.works(address):
            raise authentication() if product else ApiError(403, 9109, "Invalid access token")
        return token

    def _check_account(self, request: Request, forbidden: ApiError) -> None:
        account = request.path_params.get("account_id", self.cloud.owner.account_id)
        if not re.fullmatch("[0-9a-f]{32}", account):
            raise no_route(request.url.path)
        if account != self.cloud.owner.account_id:
            raise forbidden

    def _guard(self, call: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            try:
                self.cloud.limit.check()
                return await call(request)
            except ApiError as error:
                return failure(error)
            except R2Error as error:
                return r2_failure(error)

        return guarded
