"""The bucket."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.r2 import schema
from deploybook.clouds.r2.client import JURISDICTIONS, Cloudflare
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.r2.scratch import SCRATCH, foreign_keys, remove_objects
from deploybook.clouds.resource import Change, Resource, VaultValues, holds
from deploybook.clouds.times import moment
from deploybook.errors import Conflict, InvalidValue, ServiceError

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

# Cloudflare docs, R2 → Buckets → Create: lower-case letters, digits and hyphens, 3 to 63, no hyphen at either end.
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
# How many objects are named where a bucket is not empty.
MOST_SHOWN = 5


@dataclass(frozen=True)
class BucketState:
    """A bucket as it is; ``location`` is where Cloudflare put it, empty if not made yet. ``created``: ISO 8601, as it says."""

    name: str
    location: str = ""
    created: str = ""


class Bucket(Resource[BucketState]):
    """An R2 bucket. ``location`` is a hint that counts only when the bucket is made: it can't be changed later."""

    kind: ClassVar[str] = "R2 bucket"
    provider: ClassVar[str] = "cloudflare"

    def __init__(self, name: str, *, location: str = "") -> None:
        if not BUCKET_NAME.fullmatch(name):
            raise InvalidValue(
                f"{name!r} is not a valid name for an R2 bucket.",
                "Use 3 to 63 characters of a–z, 0–9 and -, with no - at the start or the end.",
            )
        self.name = name
        self.location = location
        self.variables = ("R2_BUCKET_NAME", "R2_ACCOUNT_ID")

    def identity(self, state: BucketState) -> str:
        """Name and time of making: a bucket has no other id, and one that is made anew has another time."""
        return f"{state.name}@{state.created}"

    def page(self, clouds: Connections, state: BucketState) -> str:
        """Cloudflare's page of the bucket."""
        return dashboards.r2(clouds, "default", "buckets", state.name)

    def known(self, state: BucketState | None, vault_values: VaultValues) -> bool:
        """The vault names it: only its maker, or whoever took it over, records that."""
        del state
        return holds(vault_values, "R2_BUCKET_NAME", self.name)

    def born(self, state: BucketState) -> datetime | None:
        """``creation_date``."""
        return moment(state.created)

    def blocked(self, clouds: Connections, state: BucketState, *, empty: bool) -> str:
        """What lies in it, the checks' own scratch objects aside, as far as the vault's key can list it."""
        del state
        store = None if empty else self._store(clouds)
        if store is None:
            return ""
        try:
            keys = foreign_keys(store, MOST_SHOWN + 1)
        except ServiceError:
            # It cannot be listed with the vault's key; Cloudflare itself refuses to delete one that is not empty.
            return ""
        listed = ", ".join(keys[:MOST_SHOWN]) + (" …" if len(keys) > MOST_SHOWN else "")
        return f"it holds {listed}" if keys else ""

    def empty(self, clouds: Connections, *, everything: bool) -> None:
        """Remove the checks' scratch objects, or all objects."""
        store = self._store(clouds)
        if store is not None:
            remove_objects(store, "" if everything else f"{SCRATCH}/")

    def _store(self, clouds: Connections) -> Store | None:
        store = clouds.objects(clouds.vault_values())
        return store if store and store.bucket == self.name else None

    def read(self, clouds: Connections) -> BucketState | None:
        """Operation r2-get-bucket; one of this name in another jurisdiction is a Conflict: a second one would be another bucket."""
        bucket = clouds.cloudflare.bucket(self.name)
        if bucket is None and (jurisdiction := self._jurisdiction(clouds.cloudflare)):
            raise self._elsewhere(jurisdiction)
        return None if bucket is None else _bucket_state(bucket)

    def _jurisdiction(self, cloudflare: Cloudflare) -> str:
        """Where the bucket is, if it is where the plain address does not show it; one that the account may not use has none."""
        for jurisdiction in JURISDICTIONS:
            with suppress(ServiceError):
                if cloudflare.bucket(self.name, jurisdiction) is not None:
                    return jurisdiction
        return ""

    def _elsewhere(self, jurisdiction: str) -> Conflict:
        return Conflict(
            "Cloudflare",
            "find the bucket",
            f"The bucket {self.name} is in the jurisdiction {jurisdiction}, where the application cannot reach it.",
            "Set another bucket_name, or delete that bucket if nobody needs it.",
            "r2-jurisdiction",
        )

    def differences(self, state: BucketState) -> list[Change]:
        """None: a bucket has nothing that can be changed."""
        del state
        return []

    def create(self, clouds: Connections) -> BucketState:
        """Operation r2-create-bucket."""
        return _bucket_state(clouds.cloudflare.create_bucket(self.name, self.location))

    def update(self, clouds: Connections, state: BucketState, changes: list[Change]) -> BucketState:
        """Never called: ``differences`` returns none."""
        del clouds, state, changes
        raise NotImplementedError

    def delete(self, clouds: Connections, state: BucketState) -> None:
        """Operation r2-delete-bucket, after the checks' scratch objects; one with other objects in it stays."""
        del state
        self.empty(clouds, everything=clouds.may_empty)
        try:
            clouds.cloudflare.delete_bucket(self.name)
        except Conflict as error:
            hint = "Move what you need, then run this again with --empty-bucket, which removes what is in it."
            raise Conflict(
                "Cloudflare", error.operation, error.message, hint, "bucket-not-empty", error.status, error.code
            ) from None

    def planned(self) -> BucketState:
        """The name is known in advance."""
        return BucketState(self.name)


def _bucket_state(bucket: schema.Bucket) -> BucketState:
    return BucketState(bucket.name, bucket.location, bucket.creation_date)
