"""The user, teams and tokens: ``getAuthUser``, ``getTeam``, ``createAuthToken``, ``listAuthTokens``."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from deploybook.sandbox.core.schema import if_any
from deploybook.sandbox.vercel.schema import Body, View
from deploybook.sandbox.vercel.state.accounts import Accounts, Token


class TokenBody(Body):
    """A token to make; ``expires_at`` in milliseconds since the epoch."""

    name: str
    expires_at: int | None = None


class TokenView(View):
    """A token without its value."""

    id: str
    name: str
    type: str = "oauth2-token"
    origin: str = "manual"
    scopes: list[dict[str, Any]] = Field(default_factory=list)
    active_at: int
    created_at: int
    expires_at: int | None = if_any()

    @classmethod
    def of(cls, token: Token) -> TokenView:
        """The token with the one scope that it has."""
        view = cls.model_validate(token)
        scope: dict[str, Any] = {"type": "team", "teamId": token.team_id} if token.team_id else {"type": "user"}
        scope["createdAt"] = token.created_at
        if token.expires_at is not None:
            scope["expiresAt"] = token.expires_at
        return view.model_copy(update={"scopes": [scope]})


class CreatorView(View):
    """A person, as the things show them that the person made."""

    uid: str = Field(validation_alias="id")
    username: str = Field(validation_alias="slug")


class CreatorWithEmailView(CreatorView):
    """The same with the person's address."""

    email: str


def user(accounts: Accounts, *, limited: bool) -> dict[str, Any]:
    """The user; a token of a team sees the short form."""
    person = accounts.user
    short = {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "username": person.slug,
        "avatar": None,
        "defaultTeamId": accounts.team.id,
    }
    if limited:
        return {**short, "limited": True}
    return {
        **short,
        "createdAt": person.created_at,
        "softBlock": None,
        "billing": None,
        "resourceConfig": {},
        "stagingPrefix": f"{person.slug}-",
        "hasTrialAvailable": False,
    }


def team(accounts: Accounts) -> dict[str, Any]:
    """The team, with the user as its owner."""
    one, owner = accounts.team, accounts.user
    return {
        "id": one.id,
        "slug": one.slug,
        "name": one.name,
        "avatar": None,
        "creatorId": owner.id,
        "createdAt": one.created_at,
        "updatedAt": one.created_at,
        "description": None,
        "stagingPrefix": f"{one.slug}-",
        "billing": {"plan": accounts.plan},
        "membership": {
            "uid": owner.id,
            "teamId": one.id,
            "confirmed": True,
            "role": "OWNER",
            "createdAt": one.created_at,
            "created": one.created_at,
        },
    }
