"""Who may call: the operator, the operator's team, and the tokens that the sandbox issued itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from deploybook.sandbox.vercel.errors import VercelError, bad_request, forbidden, not_found
from deploybook.sandbox.vercel.identifiers import mint, now


@dataclass(frozen=True)
class User:
    """The person whose token it is."""

    id: str = field(default_factory=lambda: mint(length=24))
    username: str = "operator"
    name: str = "Operator"
    email: str = "operator@example.com"
    created_at: int = field(default_factory=now)


@dataclass(frozen=True)
class Team:
    """A team of which the user is the owner."""

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
    def owner_id(self) -> str:
        """The account that owns what the call makes."""
        return self.team.id if self.team else self.user.id


class Accounts:
    """The accounts and the tokens. ``operator`` is the token that the sandbox exports."""

    def __init__(self) -> None:
        self.user = User()
        self.team = Team()
        self.operator = Token("deploybook operator")
        self.tokens: dict[str, Token] = {}
        self.reset()

    def reset(self) -> None:
        """Keep the operator's token only."""
        self.tokens = {self.operator.value: self.operator}

    def authenticate(self, header: str | None) -> Token:
        """The token of an ``Authorization`` header."""
        kind, _, value = (header or "").partition(" ")
        if kind.lower() != "bearer" or not value.strip():
            raise forbidden("The request is missing an authentication token", missingToken=True)
        token = self.tokens.get(value.strip())
        if token is None or (token.expires_at is not None and token.expires_at <= now()):
            raise forbidden(invalidToken=True)
        token.active_at = now()
        return token

    def scope(self, token: Token, team_id: str | None, slug: str | None, *, about_user: bool) -> Scope:
        """For whom the call acts; a team's token may leave the team out only to ask about its user (``about_user``)."""
        asked = team_id or slug
        if not asked:
            if token.team_id and not about_user:
                raise forbidden("Not authorized: the token is restricted to a team; name it with teamId or slug")
            return Scope(token, self.user, None)
        if asked not in {self.team.id, self.team.slug}:
            raise forbidden(
                f'Not authorized: Trying to access resource under scope "{asked}". '
                "You must re-authenticate to this scope or use a token with access to this scope."
            )
        return Scope(token, self.user, self.team)

    def find_team(self, id_or_slug: str) -> Team:
        """The team of this id or slug."""
        if id_or_slug not in {self.team.id, self.team.slug}:
            raise not_found("The specified team could not be found")
        return self.team

    def issue(self, name: str, scope: Scope, expires_at: int | None) -> Token:
        """A new token, for the team of ``scope`` if there is one. Its value is in this answer only."""
        if expires_at is not None and expires_at <= now():
            raise bad_request("Invalid request: `expiresAt` should be in the future.")
        token = Token(name, scope.team.id if scope.team else scope.token.team_id, expires_at)
        self.tokens[token.value] = token
        return token

    def token(self, token_id: str, own: Token) -> Token:
        """The token of this id; ``current`` is the caller's own."""
        if token_id == "current":
            return own
        found = next((token for token in self.tokens.values() if token.id == token_id), None)
        if found is None:
            raise VercelError(404, "not_found", "Token not found")
        return found

    def revoke(self, token_id: str, own: Token) -> Token:
        """Make a token worthless."""
        token = self.token(token_id, own)
        del self.tokens[token.value]
        return token
