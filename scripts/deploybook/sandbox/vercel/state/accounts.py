"""Who may call: the operator, the operator's team, and the tokens that the sandbox issued itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from deploybook.sandbox.vercel.state.identifiers import mint, now
from deploybook.sandbox.vercel.state.refusals import bad_request, forbidden, not_found


@dataclass(frozen=True)
class User:
    """The person to whom the tokens belong. ``slug`` is the user name."""

    id: str = field(default_factory=lambda: mint(length=24))
    slug: str = "operator"
    name: str = "Operator"
    email: str = "operator@example.com"
    created_at: int = field(default_factory=now)


@dataclass(frozen=True)
class Team:
    """A team that the user owns."""

    id: str = field(default_factory=lambda: mint("team_", 24))
    slug: str = "studio-team"
    name: str = "Studio Team"
    created_at: int = field(default_factory=now)


@dataclass
class Token:
    """A bearer token; one made with ``?teamId=`` acts for that team only."""

    name: str
    team_id: str | None = None
    expires_at: int | None = None
    id: str = field(default_factory=lambda: mint(length=64).lower())
    value: str = field(default_factory=lambda: mint(length=24))
    created_at: int = field(default_factory=now)
    active_at: int = field(default_factory=now)


@dataclass(frozen=True)
class Scope:
    """For whom a call acts: the team, or, without ``teamId`` and ``slug``, the user's own account."""

    token: Token
    user: User
    team: Team | None

    @property
    def owner(self) -> User | Team:
        """The account that owns what the call makes."""
        return self.team or self.user


class Accounts:
    """The accounts and the tokens. ``operator`` is the token that the sandbox exports."""

    def __init__(self) -> None:
        self.user = User()
        self.team = Team()
        self.operator = Token("deploybook operator")
        self.plan: Literal["hobby", "pro"] = "pro"
        self.tokens: dict[str, Token] = {}
        self.clear()

    def clear(self) -> None:
        """Keep the operator's token only, on the plan Pro."""
        self.plan = "pro"
        self.tokens = {self.operator.value: self.operator}

    def authenticate(self, value: str) -> Token:
        """The live token of this value; an empty value means that none was sent."""
        if not value:
            raise forbidden("The request is missing an authentication token", missingToken=True)
        token = self.tokens.get(value)
        if token is None or (token.expires_at is not None and token.expires_at <= now()):
            raise forbidden(invalidToken=True)
        token.active_at = now()
        return token

    def scope(self, token: Token, team_id: str | None, slug: str | None, *, about_user: bool) -> Scope:
        """For whom the call acts; a team's token may leave the team out only to ask about its user (``about_user``)."""
        named = team_id or slug
        if not named:
            if token.team_id and not about_user:
                raise forbidden("Not authorized: the token is restricted to a team; name it with teamId or slug")
            return Scope(token, self.user, None)
        if named not in {self.team.id, self.team.slug}:
            raise forbidden(
                f'Not authorized: Trying to access resource under scope "{named}". '
                "You must re-authenticate to this scope or use a token with access to this scope."
            )
        return Scope(token, self.user, self.team)

    @property
    def operator_scope(self) -> Scope:
        """The operator in the team, as somebody at the dashboard is."""
        return Scope(self.operator, self.user, self.team)

    def find_team(self, id_or_slug: str) -> Team:
        """The team of this id or slug."""
        if id_or_slug not in {self.team.id, self.team.slug}:
            raise not_found("The specified team could not be found")
        return self.team

    def issue(self, name: str, scope: Scope, expires_at: int | None) -> Token:
        """A new token, for the team of ``scope`` if there is one. ``expires_at`` is in milliseconds since the epoch."""
        if expires_at is not None and expires_at <= now():
            raise bad_request("Invalid request: `expiresAt` should be in the future.")
        token = Token(name, scope.team.id if scope.team else scope.token.team_id, expires_at)
        self.tokens[token.value] = token
        return token

    def token(self, token_id: str, caller: Token) -> Token:
        """The token of this id; ``current`` is the caller's own."""
        if token_id == "current":
            return caller
        for token in self.tokens.values():
            if token.id == token_id:
                return token
        raise not_found("Token not found")

    def revoke(self, token_id: str, caller: Token) -> Token:
        """Make a token worthless."""
        token = self.token(token_id, caller)
        del self.tokens[token.value]
        return token
