"""Who may call which operation of Cloudflare's API, and in which words the others are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from deploybook.sandbox.cloudflare.state import Cloud
from deploybook.sandbox.cloudflare.state.permissions import ACCOUNT, ACCOUNT_TOKENS_WRITE, USER
from deploybook.sandbox.cloudflare.state.policies import holds
from deploybook.sandbox.cloudflare.state.refusals import (
    authentication,
    bad_header,
    invalid,
    invalid_token,
    no_header,
    no_route,
    unauthorized,
)
from deploybook.sandbox.cloudflare.state.tokens import Token
from deploybook.sandbox.core import api
from deploybook.sandbox.core.api import Answer
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import Problem
from deploybook.sandbox.r2.state.buckets import JURISDICTIONS, Bucket
from deploybook.sandbox.r2.state.refusals import INVALID_ARGUMENT, MALFORMED_JSON, R2Error

_BEARER = re.compile(r"Bearer ([A-Za-z0-9_-]{40,80})")


@dataclass(frozen=True)
class Needs:
    """What an operation asks of a token: an owner (``account``, ``user``, none), and one of some permission groups (none: any token).

    ``product`` marks R2's operations, which word their refusals in their own way. ``verifying`` knows only tokens of its own kind of
    owner, and says of dead ones that they are.
    """

    owner: str = ""
    groups: frozenset[str] = frozenset()
    product: bool = False
    verifying: bool = False


class Call(api.Call[Cloud, Token]):
    """A call of a live token."""

    @property
    def jurisdiction(self) -> str:
        """The jurisdiction that a call to R2 is about."""
        name = self.request.headers.get("cf-r2-jurisdiction", "default")
        if name not in JURISDICTIONS:
            raise R2Error(INVALID_ARGUMENT, "Invalid Argument: cf-r2-jurisdiction")
        return name

    @property
    def bucket(self) -> Bucket:
        """The bucket that the path names."""
        return self.state.storage.buckets.find(self.path("bucket_name"), self.jurisdiction)


class CloudflareApi(api.Api[Call]):
    """The API below ``/client/v4``."""

    kind = Call
    base = "/client/v4"

    def admit(self, call: Call) -> Token:
        """The token, if it is live and may."""
        call.state.limit.check()
        needs: Needs = call.operation.needs or Needs()
        if needs.verifying:
            return self._verify(call, needs)
        forbidden = authentication if needs.product else unauthorized
        token = self._authenticate(call, needs)
        self._check_account(call, forbidden())
        if needs.owner == "user" and token.owner != "user":
            raise forbidden()
        if needs.groups and not holds(token.policies, needs.groups, self._resource(call.state, needs)):
            raise forbidden()
        if not call.state.super_administrator and needs.groups == {ACCOUNT_TOKENS_WRITE}:
            raise forbidden()
        if needs.product:
            call.state.storage.buckets.require_subscription()
        call.state.tokens.used(token)
        return token

    def error(self, refusal: Refusal) -> Any:
        """The envelope of a refusal; 7000 is the sandbox's own number for what it lacks."""
        error = {"code": refusal.code or 7000, "message": refusal.message, **refusal.details}
        return {"success": False, "errors": [error], "messages": [], "result": None}

    def write(self, answer: Answer) -> Any:
        """The envelope of an answer."""
        return {"result": answer.result, "success": True, "errors": [], "messages": [], **answer.beside}

    def malformed(self, call: Call) -> Refusal:
        """A body that is not JSON."""
        return R2Error(MALFORMED_JSON) if call.operation.needs.product else invalid("Invalid JSON")

    def invalid(self, call: Call, problem: Problem) -> Refusal:
        """A body that the schema does not take; R2 does not say what is wrong with it."""
        if call.operation.needs.product:
            return R2Error(MALFORMED_JSON)
        return invalid(f"{problem.path or 'body'}: {problem.message}")

    def bad_number(self, call: Call, name: str, least: int, most: int) -> Refusal:
        """A page out of range."""
        if call.operation.needs.product:
            return R2Error(INVALID_ARGUMENT, f"Invalid Argument: {name}")
        return invalid(f"{name} must be between {least} and {most}")

    def _verify(self, call: Call, needs: Needs) -> Token:
        value = _bearer(call, verifying=True)
        self._check_account(call, unauthorized())
        token = call.state.tokens.find(value)
        if token is None or token.owner != needs.owner:
            raise invalid_token()
        return token

    def _authenticate(self, call: Call, needs: Needs) -> Token:
        token = call.state.tokens.find(_bearer(call, verifying=False))
        if token and token.status == "active" and token.condition and not token.condition.admits(call.address):
            raise Refusal(403, f"Cannot use the access token from location: {call.address}", 9109)
        if token is None or not token.works(call.address):
            raise authentication() if needs.product else Refusal(403, "Invalid access token", 9109)
        return token

    def _check_account(self, call: Call, forbidden: Refusal) -> None:
        own = call.state.owner.account_id
        account = call.request.path_params.get("account_id", own)
        if not re.fullmatch("[0-9a-f]{32}", account):
            raise no_route(call.request.url.path)
        if account != own:
            raise forbidden

    def _resource(self, cloud: Cloud, needs: Needs) -> str:
        return f"{USER}.{cloud.owner.user_id}" if needs.owner == "user" else f"{ACCOUNT}.{cloud.owner.account_id}"


def _bearer(call: Call, *, verifying: bool) -> str:
    """The presented token value."""
    header = call.request.headers.get("authorization")
    if header is None:
        raise no_header(verifying=verifying)
    match = _BEARER.fullmatch(header)
    if not match:
        raise bad_header()
    return match.group(1)
