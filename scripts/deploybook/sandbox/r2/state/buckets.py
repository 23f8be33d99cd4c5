"""Buckets and S3 keys of one account. No HTTP, no SeaweedFS: what exists, and what a key may do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from deploybook.sandbox.r2.state.cors import Rule
from deploybook.sandbox.r2.state.refusals import (
    BUCKET_OWNED,
    INVALID_BUCKET_NAME,
    NO_SUCH_BUCKET,
    NO_SUCH_CORS,
    NOT_ENTITLED,
    NOT_IMPLEMENTED,
    R2Error,
)

JURISDICTIONS = ("default", "eu", "us", "fedramp", "fedramp-high")
LOCATIONS = ("apac", "eeur", "enam", "weur", "wnam", "oc")
STORAGE_CLASSES = ("Standard", "InfrequentAccess")
# ``r2/api/error-codes.mdx``, 10005.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class Access(IntEnum):
    """How far a right goes; writing includes reading (``r2/api/tokens.mdx``)."""

    NONE = 0
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Grants:
    """What an S3 key may do: to the account's buckets as such, to the objects of all buckets, to those of named ones."""

    account: Access = Access.NONE
    items: Access = Access.NONE
    buckets: Mapping[tuple[str, str], Access] = field(default_factory=dict)
    denied: frozenset[tuple[str, str]] = frozenset()

    def objects(self, jurisdiction: str, bucket: str) -> Access:
        """The right to the objects of a bucket."""
        if (jurisdiction, bucket) in self.denied:
            return Access.NONE
        return max(self.account, self.items, self.buckets.get((jurisdiction, bucket), Access.NONE))

    def actions(self) -> list[str]:
        """The same in SeaweedFS's words, which has no jurisdictions and no denials: the proxy holds those."""
        if self.account is Access.WRITE:
            return ["Admin"]
        actions = _actions(max(self.account, self.items), "")
        for (_, bucket), access in self.buckets.items():
            actions += _actions(access, f":{bucket}")
        return sorted(set(actions))


def _actions(access: Access, suffix: str) -> list[str]:
    names = {Access.NONE: (), Access.READ: ("Read", "List"), Access.WRITE: ("Read", "List", "Write")}[access]
    return [name + suffix for name in names]


@dataclass(frozen=True)
class Key:
    """An S3 key. ``usable`` says, for a client's address, whether the token behind it is alive now."""

    access_key_id: str
    secret_access_key: str
    grants: Grants
    usable: Callable[[str], bool] = lambda _address: True


def default_lifecycle() -> list[dict[str, Any]]:
    """The rule that every new bucket has: unfinished multipart uploads end after seven days (``object-lifecycles.mdx``)."""
    return [
        {
            "id": "Default Multipart Abort Rule",
            "enabled": True,
            "conditions": {"prefix": ""},
            "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604800}},
        }
    ]


@dataclass
class Bucket:
    """A bucket and its configuration."""

    name: str
    jurisdiction: str = "default"
    location: str = "enam"
    storage_class: str = "Standard"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    rules: list[Rule] = field(default_factory=list)
    lifecycle: list[dict[str, Any]] = field(default_factory=default_lifecycle)

    def rule_for(self, origin: str, method: str, headers: tuple[str, ...] = ()) -> Rule | None:
        """The first CORS rule that matches."""
        return next((rule for rule in self.rules if rule.matches(origin, method, headers)), None)

    def cors(self) -> list[Rule]:
        """The CORS rules; none at all is an error in both APIs."""
        if not self.rules:
            raise R2Error(NO_SUCH_CORS)
        return self.rules


@dataclass
class Buckets:
    """The account's buckets by name."""

    by_name: dict[str, Bucket] = field(default_factory=dict)
    # Whether the account has an R2 subscription; without one nothing of R2 answers.
    subscribed: bool = True

    def require_subscription(self) -> None:
        """Refuse everything to an account without R2."""
        if not self.subscribed:
            raise R2Error(NOT_ENTITLED)

    @staticmethod
    def check_name(name: str) -> None:
        """Refuse a name that no bucket can have."""
        if not _NAME.fullmatch(name):
            raise R2Error(INVALID_BUCKET_NAME)

    def check_new(self, name: str, jurisdiction: str) -> None:
        """Refuse a name that a new bucket cannot have."""
        self.check_name(name)
        taken = self.by_name.get(name)
        if taken and taken.jurisdiction != jurisdiction:
            raise R2Error(NOT_IMPLEMENTED, "not implemented in the sandbox: one bucket name in two jurisdictions")
        if taken:
            raise R2Error(BUCKET_OWNED)

    def add(self, bucket: Bucket) -> Bucket:
        """Keep a bucket."""
        self.by_name[bucket.name] = bucket
        return bucket

    def find(self, name: str, jurisdiction: str) -> Bucket:
        """The bucket; one of another jurisdiction does not exist for the asker."""
        bucket = self.by_name.get(name)
        if bucket is None or bucket.jurisdiction != jurisdiction:
            raise R2Error(NO_SUCH_BUCKET)
        return bucket

    def remove(self, name: str) -> None:
        """Forget a bucket."""
        self.by_name.pop(name, None)

    def of(self, jurisdiction: str) -> list[Bucket]:
        """The buckets of one jurisdiction in the order of their names."""
        return sorted(
            (bucket for bucket in self.by_name.values() if bucket.jurisdiction == jurisdiction),
            key=lambda bucket: bucket.name,
        )
