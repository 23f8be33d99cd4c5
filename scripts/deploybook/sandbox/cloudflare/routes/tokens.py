"""Tokens, alike for the account and a user (description: ``account-api-tokens-*``, ``user-api-tokens-*``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploybook.sandbox.cloudflare.api import Call, Needs
from deploybook.sandbox.cloudflare.schema import (
    ChangedTokenBody,
    ListedGroupView,
    TokenBody,
    TokenView,
    VerifiedTokenView,
)
from deploybook.sandbox.cloudflare.state import permissions
from deploybook.sandbox.cloudflare.state.tokens import Token, digest, issue_value, now
from deploybook.sandbox.core import paging
from deploybook.sandbox.core.api import Answer, Operation, operation

_VALID = {"code": 10000, "message": "This API Token is valid and active", "type": None}


def operations(owner: str) -> tuple[Operation[Call], ...]:
    """The operations on the tokens of one kind of owner: ``account`` or ``user``."""
    account = owner == "account"
    base = "/accounts/{account_id}/tokens" if account else "/user/tokens"
    reading = permissions.ACCOUNT_TOKENS_READ if account else permissions.USER_TOKENS_READ
    writing = permissions.ACCOUNT_TOKENS_WRITE if account else permissions.USER_TOKENS_WRITE
    read, write = Needs(owner, frozenset({reading, writing})), Needs(owner, frozenset({writing}))
    one = base + "/{token_id}"
    return (
        operation("GET", base + "/verify", _verify, needs=Needs(owner, verifying=True)),
        operation("GET", base + "/permission_groups", _groups, query="name scope", needs=read),
        operation("GET", base, _list, query="include_expired page per_page direction", needs=read),
        operation("POST", base, _create, needs=write),
        operation("GET", one, _get, needs=read),
        operation("PUT", one, _update, needs=write),
        operation("DELETE", one, _delete, needs=write),
        operation("PUT", one + "/value", _roll, needs=write),
    )


async def _verify(call: Call) -> Answer:
    token = call.caller
    messages = [_VALID] if token.status == "active" else []
    return Answer(VerifiedTokenView.model_validate(token), beside={"messages": messages})


async def _groups(call: Call) -> list[ListedGroupView]:
    groups = permissions.listed(call.query("name") or "", call.query("scope") or "")
    return [ListedGroupView.model_validate(group) for group in groups]


async def _list(call: Call) -> Answer:
    """One page of tokens without values; expired ones only when asked for."""
    number, size = call.number("page", 1, 1, 999_999), call.number("per_page", 20, 5, 50)
    expired = call.flag("include_expired")
    tokens = [token for token in call.state.tokens.of(_owner(call)) if expired or token.status != "expired"]
    if call.query("direction") == "desc":
        tokens.reverse()
    page = paging.numbered(tokens, number, size)
    info = {"page": number, "per_page": size, "count": len(page.items), "total_count": len(tokens)}
    return Answer([TokenView.model_validate(token) for token in page.items], beside={"result_info": info})


async def _create(call: Call) -> TokenView:
    """A new token; this answer is the only one that shows its value."""
    body = await call.body(TokenBody)
    value = issue_value(_owner(call))
    token = Token(owner=_owner(call), secret=digest(value), **body.settings(call.state.owner))
    view = TokenView.model_validate(await call.state.keep(token))
    return view.model_copy(update={"value": value})


async def _get(call: Call) -> TokenView:
    return TokenView.model_validate(_token(call))


async def _update(call: Call) -> TokenView:
    """Replace everything but the value."""
    token = _token(call)
    body = await call.body(ChangedTokenBody)
    settings = body.settings(call.state.owner)
    changed = replace(token, disabled=body.status == "disabled", modified_on=now(), **settings)
    return TokenView.model_validate(await call.state.keep(changed))


async def _roll(call: Call) -> str:
    """A new value for the same token, as a bare string; the id, and with it the access key id, stays."""
    value = issue_value(_owner(call))
    await call.state.keep(replace(_token(call), secret=digest(value), modified_on=now()))
    return value


async def _delete(call: Call) -> dict[str, Any]:
    """Delete a token and its S3 key; a body is not needed, whatever the description says (the SDK sends none)."""
    token = _token(call)
    await call.state.remove(token.owner, token.id)
    return {"id": token.id}


def _owner(call: Call) -> str:
    needs: Needs = call.operation.needs
    return needs.owner


def _token(call: Call) -> Token:
    return call.state.tokens.get(_owner(call), call.path("token_id"))
