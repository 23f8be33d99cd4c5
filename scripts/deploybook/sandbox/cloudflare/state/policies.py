"""Access policies of a token: checked strictly, and read as rights to the account, to R2 and to buckets.

Source: ``fundamentals/api/how-to/create-via-api.mdx`` (resources, evaluation: explicit deny, explicit allow, implicit deny) and
``r2/api/tokens.mdx`` (buckets). A group works only on resources of its own scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploybook.sandbox.cloudflare.state import permissions
from deploybook.sandbox.cloudflare.state.permissions import ACCOUNT, BUCKET, USER, ZONE, Group
from deploybook.sandbox.cloudflare.state.refusals import invalid, unauthorized
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.service import issue_id
from deploybook.sandbox.r2.state.buckets import Access, Grants

ALL_BUCKETS = f"{BUCKET}.*"
_HEX = "[0-9a-f]{32}"
_ACCOUNT_KEY = re.compile(rf"{re.escape(ACCOUNT)}\.(?P<id>{_HEX}|\*)")
_BUCKET_KEY = re.compile(rf"{re.escape(BUCKET)}\.(?P<account>{_HEX})_(?P<rest>.*)")
_ITEMS = {permissions.R2_ITEM_READ: Access.READ, permissions.R2_ITEM_WRITE: Access.WRITE}
_ADMIN = {permissions.R2_READ: Access.READ, permissions.R2_WRITE: Access.WRITE}


@dataclass(frozen=True)
class Policy:
    """What some groups of permissions may do, or may not (``effect``: allow, deny), to some resources."""

    effect: str
    permission_groups: tuple[Group, ...]
    resources: Mapping[str, Any]
    id: str = field(default_factory=issue_id)


@dataclass(frozen=True)
class Owner:
    """Whose token it is, and in which account it acts."""

    account_id: str
    user_id: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


def new_policy(owner: Owner, group_ids: Iterable[str], resources: Mapping[str, Any], effect: str = "allow") -> Policy:
    """A policy that ``owner`` may give; refused for an unknown group, and for a resource that is unknown or out of reach."""
    for key, value in resources.items():
        _check_resource(key, value, owner)
    return Policy(effect, tuple(_group(identifier) for identifier in group_ids), resources)


def _group(identifier: str) -> Group:
    group = permissions.BY_ID.get(identifier)
    if group is None:
        raise invalid(f"Permission group not found: {identifier}")
    return group


def _check_resource(key: str, value: Any, owner: Owner) -> None:
    """A resource of another owner, or all buckets outside an account, is out of reach: 403 9109 (terraform provider, #3227)."""
    account, bucket = _ACCOUNT_KEY.fullmatch(key), _BUCKET_KEY.fullmatch(key)
    if isinstance(value, dict):
        if not account or set(value) - {ALL_BUCKETS, f"{ZONE}.*"} or set(value.values()) != {"*"}:
            raise _unknown(key)
    elif value != "*":
        raise _unknown(key)
    if account:
        reachable = account["id"] in {owner.account_id, "*"}
    elif key.startswith(f"{BUCKET}."):
        reachable = bucket is not None and bucket["account"] == owner.account_id
    elif key.startswith(f"{USER}."):
        reachable = key == f"{USER}.{owner.user_id}"
    elif key.startswith(f"{ZONE}."):
        reachable = key == f"{ZONE}.*"
    else:
        raise _unknown(key)
    if not reachable:
        raise unauthorized()


def _unknown(key: str) -> Refusal:
    return invalid(f"Invalid resource: {key}")


def holds(policies: Iterable[Policy], names: frozenset[str], resource: str) -> bool:
    """Whether one of the groups ``names`` is granted, and none of those granted denied, on the account or user ``resource``."""
    allowed: set[str] = set()
    denied: set[str] = set()
    for policy, group, key, value in _grants(policies):
        wildcard = f"{ACCOUNT}.*" if resource.startswith(f"{ACCOUNT}.") else resource
        if value == "*" and key in {resource, wildcard} and group.name in names:
            (allowed if policy.effect == "allow" else denied).add(group.name)
    return bool(allowed - denied)


def r2_grants(policies: Iterable[Policy], account_id: str) -> Grants:
    """What an S3 key made of the token may do."""
    rights: dict[str, dict[str, Access]] = {"allow": {}, "deny": {}}
    for policy, group, key, value in _grants(policies):
        place = _place(group, key, value, account_id)
        if place is not None:
            same_effect = rights[policy.effect]
            access = _ITEMS.get(group.name) or _ADMIN[group.name]
            same_effect[place] = max(access, same_effect.get(place, Access.NONE))
    allow, deny = rights["allow"], rights["deny"]
    if "account" in deny:
        allow.pop("account", None)
    if "items" in deny:
        return Grants(account=Access.NONE)
    named = {_bucket(name): access for name, access in allow.items() if name not in {"account", "items"}}
    return Grants(
        account=allow.get("account", Access.NONE),
        items=allow.get("items", Access.NONE),
        buckets={bucket: access for bucket, access in named.items() if bucket},
        denied=frozenset(bucket for name in deny if name not in {"account", "items"} and (bucket := _bucket(name))),
    )


def _grants(policies: Iterable[Policy]) -> Iterator[tuple[Policy, Group, str, Any]]:
    for policy in policies:
        for group in policy.permission_groups:
            for key, value in policy.resources.items():
                yield policy, group, key, value


def _place(group: Group, key: str, value: Any, account_id: str) -> str | None:
    """``account``, ``items`` (of all buckets), ``<jurisdiction>_<bucket>``, or None if the group does not work on the resource."""
    in_account = key in {f"{ACCOUNT}.{account_id}", f"{ACCOUNT}.*"}
    if group.name in _ADMIN:
        return "account" if in_account and value == "*" else None
    if group.name not in _ITEMS:
        return None
    if in_account:
        return "items" if isinstance(value, dict) and ALL_BUCKETS in value else None
    match = _BUCKET_KEY.fullmatch(key)
    return match["rest"] if match and match["account"] == account_id else None


def _bucket(rest: str) -> tuple[str, str] | None:
    """Jurisdiction and bucket; a key without a jurisdiction names no bucket and so gives nothing."""
    jurisdiction, separator, name = rest.partition("_")
    return (jurisdiction, name) if separator and name else None
