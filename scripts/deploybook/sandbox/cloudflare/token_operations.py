"""The operations on tokens, alike for the account and a user (description: ``account-api-tokens-*``, ``user-api-tokens-*``)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from deploybook.sandbox.cloudflare import permissions, policies
from deploybook.sandbox.cloudflare.errors import invalid
from deploybook.sandbox.cloudflare.gate import Cloud
from deploybook.sandbox.cloudflare.models import Token, digest, issue_value, now
from deploybook.sandbox.cloudflare.responses import condition, json_body, moment, page, stamp, success, token_json
from deploybook.sandbox.r2.models import Key

_FIELDS = {"name", "policies", "expires_on", "not_before", "condition"}
# An update may send back what it has read.
_READ_ONLY = {"id", "status", "issued_on", "modified_on", "last_used_on"}
_VALID = {"code": 10000, "message": "This API Token is valid and active", "type": None}


async def hand_out(cloud: Cloud, token: Token) -> None:
    """Let R2 know what the token's S3 key may do from now on; a token's life is looked at on every request."""
    grants = policies.r2_grants(token.policies, cloud.owner.account_id)

    def usable(address: str) -> bool:
        current = cloud.tokens.by_id.get(token.id)
        return current is not None and current.works(address)

    await cloud.objects.put_key(Key(token.id, token.secret, grants, usable))


@dataclass(frozen=True)
class TokenOperations:
    """Handlers for the tokens of one kind of owner: ``account`` or ``user``."""

    cloud: Cloud
    owner: str

    async def verify(self, _: Request, token: Token) -> Response:
        """What the token is; the message is the vendor's."""
        result = {"id": token.id, "status": token.status}
        for name in ("expires_on", "not_before"):
            if value := getattr(token, name):
                result[name] = stamp(value)
        return success(result, messages=[_VALID] if token.status == "active" else [])

    async def groups(self, request: Request, _: Token) -> Response:
        """Permission groups, filtered by ``name`` and ``scope``."""
        query = request.query_params
        return success(permissions.listed(query.get("name", ""), query.get("scope", "")))

    async def list(self, request: Request, _: Token) -> Response:
        """One page of tokens without values; expired ones only when asked for."""
        number, size = page(request)
        everything = request.query_params.get("include_expired") == "true"
        found = [t for t in self.cloud.tokens.of(self.owner) if everything or t.status != "expired"]
        if request.query_params.get("direction", "asc") == "desc":
            found.reverse()
        shown = found[(number - 1) * size : number * size]
        info = {"page": number, "per_page": size, "count": len(shown), "total_count": len(found)}
        return success([token_json(token) for token in shown], info)

    async def create(self, request: Request, _: Token) -> Response:
        """A new token; this answer is the only one that shows its value."""
        body = await self._body(request, set())
        value = issue_value(self.owner)
        token = Token(body["name"], self.owner, (), digest(value))
        token = self.cloud.tokens.add(replace(token, **self._changes(body)))
        await hand_out(self.cloud, token)
        return success(token_json(token, value))

    async def get(self, request: Request, _: Token) -> Response:
        """One token without its value."""
        return success(token_json(self._named(request)))

    async def update(self, request: Request, _: Token) -> Response:
        """Replace everything but the value."""
        token = self._named(request)
        body = await self._body(request, _READ_ONLY)
        status = body.get("status", "active")
        if status not in {"active", "disabled", "expired"}:
            raise invalid("status must be active, disabled or expired")
        changed = replace(token, disabled=status == "disabled", **self._changes(body))
        await hand_out(self.cloud, self.cloud.tokens.put(changed))
        return success(token_json(changed))

    async def roll(self, request: Request, _: Token) -> Response:
        """A new value for the same token, as a bare string; the id, and with it the access key id, stays."""
        token = self._named(request)
        value = issue_value(self.owner)
        rolled = replace(token, secret=digest(value), modified_on=now())
        await hand_out(self.cloud, self.cloud.tokens.put(rolled))
        return success(value)

    async def delete(self, request: Request, _: Token) -> Response:
        """Delete a token and its S3 key; a body is not needed, whatever the description says (the SDK sends none)."""
        token = self._named(request)
        self.cloud.tokens.remove(self.owner, token.id)
        await self.cloud.objects.remove_key(token.id)
        return success({"id": token.id})

    def _named(self, request: Request) -> Token:
        return self.cloud.tokens.get(self.owner, request.path_params["token_id"])

    async def _body(self, request: Request, extra: set[str]) -> dict[str, Any]:
        body = await json_body(request, invalid("Invalid JSON"))
        if not isinstance(body, dict):
            raise invalid("Invalid JSON")
        if unknown := sorted(body.keys() - _FIELDS - extra):
            raise invalid(f"unknown field {unknown[0]}")
        name = body.get("name")
        if not isinstance(name, str) or not 0 < len(name) <= 120:
            raise invalid("name must be present, at most 120 characters")
        return body

    def _changes(self, body: dict[str, Any]) -> dict[str, Any]:
        begins, ends = moment(body, "not_before"), moment(body, "expires_on")
        if begins and ends and begins >= ends:
            raise invalid("expires_on must be after not_before")
        return {
            "name": body["name"],
            "policies": tuple(policies.parse(body.get("policies"), self.cloud.owner)),
            "not_before": begins,
            "expires_on": ends,
            "condition": condition(body),
            "modified_on": now(),
        }
