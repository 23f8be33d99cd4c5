"""The account and the user (description: ``accounts-list-accounts``, ``accounts-account-details``, ``user-user-details``)."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.cloudflare.api import Call, Needs
from deploybook.sandbox.cloudflare.schema import Stamp
from deploybook.sandbox.cloudflare.state.permissions import (
    ACCOUNT,
    SETTINGS_READ,
    SETTINGS_WRITE,
    USER_READ,
    USER_WRITE,
)
from deploybook.sandbox.cloudflare.state.policies import holds
from deploybook.sandbox.cloudflare.state.refusals import no_account_tokens
from deploybook.sandbox.core.api import Answer, operation
from deploybook.sandbox.core.schema import View

_SETTINGS = frozenset({SETTINGS_READ, SETTINGS_WRITE})


class _AccountView(View):
    id: str
    created_on: Stamp
    name: str = "Sandbox"
    type: str = "standard"
    settings: dict[str, bool]


async def _accounts(call: Call) -> Answer:
    if call.caller.owner == "account":
        raise no_account_tokens()
    visible = holds(call.caller.policies, _SETTINGS, f"{ACCOUNT}.{call.state.owner.account_id}")
    accounts = [await _account(call)] if visible else []
    info = {"page": 1, "per_page": 20, "count": len(accounts), "total_count": len(accounts)}
    return Answer(accounts, beside={"result_info": info})


async def _account(call: Call) -> _AccountView:
    return _AccountView(
        id=call.state.owner.account_id, created_on=call.state.owner.since, settings={"enforce_twofactor": False}
    )


async def _user(call: Call) -> dict[str, Any]:
    return {
        "id": call.state.owner.user_id,
        "email": "operator@example.com",
        "two_factor_authentication_enabled": True,
    }


OPERATIONS = (
    operation("GET", "/accounts", _accounts, query="page per_page name direction"),
    operation("GET", "/accounts/{account_id}", _account, needs=Needs("account", _SETTINGS)),
    operation("GET", "/user", _user, needs=Needs("user", frozenset({USER_READ, USER_WRITE}))),
)
