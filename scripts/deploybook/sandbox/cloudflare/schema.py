"""Cloudflare's JSON: bodies of tokens, buckets, CORS and lifecycle rules, and how tokens and buckets are shown.

Shapes: Cloudflare's OpenAPI description, schemas of ``account-api-tokens-*`` and ``r2-*``.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, AwareDatetime, ConfigDict, Field, PlainSerializer, model_validator
from pydantic.alias_generators import to_camel

from deploybook.sandbox.cloudflare.state.policies import Owner, Policy, new_policy
from deploybook.sandbox.cloudflare.state.tokens import Condition
from deploybook.sandbox.core.schema import Body, View, if_any
from deploybook.sandbox.r2.state.buckets import LOCATIONS, STORAGE_CLASSES
from deploybook.sandbox.r2.state.cors import Rule


def _seconds(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _milliseconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _cidr(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


Stamp = Annotated[datetime, PlainSerializer(_seconds)]
Addresses = tuple[Annotated[str, AfterValidator(_cidr)], ...]


class GroupBody(Body):
    """A permission group by its id; what else a client has read of it is ignored."""

    model_config = ConfigDict(extra="ignore")

    id: str


class PolicyBody(Body):
    """A policy; its id is the vendor's to give."""

    id: Any = None
    effect: Literal["allow", "deny"]
    resources: dict[str, Any] = Field(min_length=1)
    permission_groups: list[GroupBody] = Field(min_length=1)

    def policy(self, owner: Owner) -> Policy:
        """The policy that ``owner`` gives."""
        return new_policy(owner, [group.id for group in self.permission_groups], self.resources, self.effect)


class RangesBody(Body):
    """Addresses in CIDR notation."""

    inside: Addresses = Field((), alias="in")
    outside: Addresses = Field((), alias="not_in")


class ConditionBody(Body):
    """From where a token works; the SDK spells the field ``request_ip``, the documentation ``request.ip``."""

    ranges: RangesBody | None = Field(None, validation_alias=AliasChoices("request.ip", "request_ip"))


class TokenBody(Body):
    """A token to make."""

    name: str = Field(min_length=1, max_length=120)
    policies: list[PolicyBody] = Field(min_length=1)
    not_before: AwareDatetime | None = None
    expires_on: AwareDatetime | None = None
    condition: ConditionBody | None = None

    @model_validator(mode="after")
    def _in_order(self) -> TokenBody:
        if self.not_before and self.expires_on and self.not_before >= self.expires_on:
            raise ValueError("expires_on must be after not_before")
        return self

    def settings(self, owner: Owner) -> dict[str, Any]:
        """What the body sets, by the names of ``Token``."""
        ranges = self.condition.ranges if self.condition else None
        return {
            "name": self.name,
            "policies": tuple(policy.policy(owner) for policy in self.policies),
            "not_before": self.not_before,
            "expires_on": self.expires_on,
            "condition": Condition(ranges.inside, ranges.outside) if ranges else None,
        }


class ChangedTokenBody(TokenBody):
    """A token's new settings. What can only be read may be sent back, and is ignored."""

    status: Literal["active", "disabled", "expired"] = "active"
    id: Any = None
    issued_on: Any = None
    modified_on: Any = None
    last_used_on: Any = None


class BucketBody(Body):
    """A bucket to make."""

    name: str
    location: Literal[LOCATIONS] = Field("enam", alias="locationHint")  # type: ignore[valid-type]
    storage_class: Literal[STORAGE_CLASSES] = Field("Standard", alias="storageClass")  # type: ignore[valid-type]


class CamelBody(Body):
    """A part of R2's configuration."""

    model_config = ConfigDict(alias_generator=to_camel)


class AllowedBody(CamelBody):
    """Whom a CORS rule admits."""

    methods: tuple[str, ...]
    origins: tuple[str, ...]
    headers: tuple[str, ...] = ()


class CorsRuleBody(CamelBody):
    """One CORS rule."""

    id: str = ""
    allowed: AllowedBody
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: float | None = Field(None, ge=0, le=86400)

    def rule(self) -> Rule:
        """The rule, checked further as R2 does."""
        age = None if self.max_age_seconds is None else int(self.max_age_seconds)
        allowed = self.allowed
        return Rule(
            allowed.origins, allowed.methods, allowed.headers, self.expose_headers, max_age=age, id=self.id
        ).checked()


class CorsBody(CamelBody):
    """All CORS rules of a bucket (``r2-put-bucket-cors-policy``)."""

    rules: tuple[CorsRuleBody, ...] = ()


class AgeBody(CamelBody):
    """A number of seconds since an object was made."""

    type: Literal["Age"]
    max_age: int = Field(ge=0)


class DateBody(CamelBody):
    """A point in time."""

    type: Literal["Date"]
    date: Annotated[str, AfterValidator(lambda text: datetime.fromisoformat(text) and text)]


class AbortBody(CamelBody):
    """When an unfinished upload ends."""

    condition: AgeBody


class DeleteBody(CamelBody):
    """When an object ends."""

    condition: AgeBody | DateBody


class MoveBody(DeleteBody):
    """When an object becomes cheaper to keep."""

    storage_class: Literal["InfrequentAccess"]


class PrefixBody(CamelBody):
    """To which objects a lifecycle rule applies."""

    prefix: str


class LifecycleRuleBody(CamelBody):
    """One lifecycle rule. It is kept and read back, not acted on."""

    id: str
    enabled: bool
    conditions: PrefixBody
    abort_multipart_uploads_transition: AbortBody | None = None
    delete_objects_transition: DeleteBody | None = None
    storage_class_transitions: tuple[MoveBody, ...] = ()


class LifecycleBody(CamelBody):
    """All lifecycle rules of a bucket (``r2-put-bucket-lifecycle-configuration``); each has its own id."""

    rules: tuple[LifecycleRuleBody, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> LifecycleBody:
        if len({rule.id for rule in self.rules}) != len(self.rules):
            raise ValueError("two rules have one id")
        return self


class GroupView(View):
    """A permission group of a policy."""

    id: str
    name: str


class ListedGroupView(GroupView):
    """A permission group as the list of groups shows it."""

    scopes: Annotated[str, PlainSerializer(lambda scope: [scope])] = Field(validation_alias="scope")
    category: str
    is_selectable: bool = True


class PolicyView(View):
    """A policy, its groups with their names."""

    id: str
    effect: str
    resources: dict[str, Any]
    permission_groups: list[GroupView]


class VerifiedTokenView(View):
    """What ``…/tokens/verify`` says of a token."""

    id: str
    status: str
    not_before: Stamp | None = if_any()
    expires_on: Stamp | None = if_any()


def _condition(condition: Condition) -> dict[str, Any]:
    return {"request.ip": {"in": condition.inside, "not_in": condition.outside}}


class TokenView(VerifiedTokenView):
    """A token without its value."""

    name: str
    issued_on: Stamp
    modified_on: Stamp
    last_used_on: Stamp | None = if_any()
    policies: list[PolicyView]
    condition: Annotated[Condition, PlainSerializer(_condition)] | None = if_any()
    value: str | None = if_any()


class BucketView(View):
    """A bucket."""

    name: str
    creation_date: Annotated[datetime, PlainSerializer(_milliseconds)] = Field(validation_alias="created")
    location: str
    jurisdiction: str
    storage_class: str


class AllowedView(View):
    """Whom a CORS rule admits."""

    methods: tuple[str, ...]
    origins: tuple[str, ...]
    headers: tuple[str, ...] = Field(exclude_if=lambda headers: not headers)


def cors_rule(rule: Rule) -> dict[str, Any]:
    """One CORS rule (``r2-get-bucket-cors-policy``); what was not set is absent."""
    optional = {"id": rule.id, "exposeHeaders": rule.expose, "maxAgeSeconds": rule.max_age}
    sent = {name: value for name, value in optional.items() if value not in ("", (), None)}
    return {"allowed": AllowedView.model_validate(rule)} | sent
