"""What is read of Cloudflare's answers. Fields: Cloudflare API v4 description, ``account-api-tokens-*`` and ``r2-*``."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, Field, SecretStr

from deploybook.clouds.answers import Answer, Flag, Many, Mapped, Name, Text

Result = TypeVar("Result")


class Problem(Answer):
    """One of an envelope's errors."""

    code: int = 0
    message: Text = ""


class PageInfo(Answer):
    """Where in a list an answer is. Its totals are not read: they have been wrong (cloudflare/wrangler-legacy#1088)."""

    per_page: float | None = None


class Envelope(Answer, Generic[Result]):
    """What is around every answer. ``result`` is null where there is nothing, and where a list is empty."""

    success: Flag = False
    errors: Many[Problem] = ()
    result: Result | None = None
    result_info: PageInfo | None = None


class Account(Answer):
    """An account."""

    name: Text = ""


class VerifiedToken(Answer):
    """The operator's own token; ``owner`` is ``/accounts/<id>`` or ``/user``, as the endpoint that knows it."""

    id: Name
    status: Name
    owner: str = ""


class PermissionGroup(Answer):
    """A group of permissions."""

    id: Text = ""
    name: Text = ""


class Policy(Answer):
    """What a token may do, and to what."""

    effect: Text = ""
    resources: Mapped[Any] = Field(default_factory=dict)
    permission_groups: Many[PermissionGroup] = ()


class Token(Answer):
    """A token without its value. Times are in ISO 8601."""

    id: Name
    name: Text = ""
    status: Text = ""
    issued_on: Text = ""
    modified_on: Text = ""
    not_before: Text = ""
    policies: Many[Policy] = ()


class MadeToken(Token):
    """A token that was just made, with its value."""

    value: SecretStr = Field(min_length=1)


class Bucket(Answer):
    """A bucket; ``creation_date`` in ISO 8601."""

    name: Name
    location: Text = ""
    creation_date: Text = ""


class Buckets(Answer):
    """A page of buckets."""

    buckets: Many[Bucket] = ()


class CorsAllowed(Answer):
    """Whom a CORS rule admits."""

    model_config = ConfigDict(extra="allow", frozen=True)

    methods: Many[str] = ()
    origins: Many[str] = ()
    headers: Many[str] = ()


class CorsRule(Answer):
    """A CORS rule. Rules of others are sent back as they came, with every field that is not known here."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Text = ""
    allowed: CorsAllowed

    def sent(self) -> dict[str, Any]:
        """The rule as it came."""
        return self.model_dump(mode="json", exclude_unset=True)


class Cors(Answer):
    """A bucket's CORS policy."""

    rules: Many[CorsRule] = ()
