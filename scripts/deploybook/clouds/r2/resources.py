"""The bucket, its token and its CORS rule."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import SecretStr

from deploybook.clouds.resource import Change, Resource
from deploybook.errors import Conflict, InvalidValue

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

# Object Read & Write in the dashboard's words; write includes read (Cloudflare docs, R2 → API → Tokens).
OBJECT_READ_WRITE = "Workers R2 Storage Bucket Item Write"
JURISDICTION = "default"
# Cloudflare docs, R2 → Buckets → Create: lower-case letters, digits and hyphens, 3 to 63, no hyphen at either end.
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")
CORS_RULE_ID = "deploybook-app"


@dataclass(frozen=True)
class BucketState:
    """A bucket as it is; ``location`` is where Cloudflare put it, empty if not made yet."""

    name: str
    location: str = ""


class Bucket(Resource[BucketState]):
    """An R2 bucket. ``location`` is a hint that counts only when the bucket is made: it can't be changed later."""

    kind: ClassVar[str] = "R2 bucket"

    def __init__(self, name: str, *, location: str = "") -> None:
        if not BUCKET_NAME.fullmatch(name):
            raise InvalidValue(
                f"{name!r} is no name for an R2 bucket.", "Use 3 to 63 of a–z, 0–9 and -, neither first nor last a -."
            )
        self.name = name
        self.location = location

    def read(self, clouds: Connections) -> BucketState | None:
        """Operation r2-get-bucket."""
        found = clouds.cloudflare.bucket(self.name)
        return None if found is None else _bucket_state(found)

    def differences(self, state: BucketState) -> list[Change]:
        """None: a bucket has nothing that can be changed."""
        del state
        return []

    def create(self, clouds: Connections) -> BucketState:
        """Operation r2-create-bucket."""
        return _bucket_state(clouds.cloudflare.create_bucket(self.name, self.location))

    def update(self, clouds: Connections, state: BucketState, changes: list[Change]) -> BucketState:
        """Never called: ``differences`` gives none."""
        del clouds, state, changes
        raise NotImplementedError

    def delete(self, clouds: Connections, state: BucketState) -> None:
        """Operation r2-delete-bucket; one with objects in it stays."""
        del state
        try:
            clouds.cloudflare.delete_bucket(self.name)
        except Conflict as error:
            hint = (
                "Move or remove its objects (aws s3 rm --recursive), then run destroy again; what is gone stays gone."
            )
            raise Conflict(
                "Cloudflare", error.operation, error.message, hint, "bucket-not-empty", error.status, error.code
            ) from None

    def planned(self) -> BucketState:
        """The name is known in advance."""
        return BucketState(self.name)


@dataclass(frozen=True)
class TokenState:
    """A bucket's token as it is. ``value`` is there only just after it was made or rolled."""

    id: str
    status: str = "active"
    policies: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = ()
    value: SecretStr | None = None


class BucketToken(Resource[TokenState]):
    """An account-owned API token for the objects of one bucket: read, write, list, and nothing else.

    S3 credentials follow from it: access key id = its id, secret = SHA-256 hex of its value (Cloudflare docs, R2 → Authenticate).
    ``held`` is what the vault has; a token whose secret was lost is rolled, never made twice.
    """

    kind: ClassVar[str] = "R2 token"
    absent_entry: ClassVar[str] = "r2-keys"
    drift_entry: ClassVar[str] = "token-scope"

    def __init__(self, name: str, bucket: str, *, held: Mapping[str, SecretStr], rotate: bool = False) -> None:
        self.name = name
        self.bucket = bucket
        self._held = held
        self._rotate = rotate
        self._group = ""

    def read(self, clouds: Connections) -> TokenState | None:
        """By name: Cloudflare lets several tokens bear one name, so two of them are a Conflict for the operator to settle."""
        found = [token for token in clouds.cloudflare.tokens() if token["name"] == self.name]
        if len(found) > 1:
            raise Conflict(
                "Cloudflare",
                "find the token",
                f"There are {len(found)} tokens named {self.name} in the account.",
                "Delete those that nothing uses, or give another token_name.",
                "token-name-ambiguous",
            )
        self._account = clouds.cloudflare.account_id
        if not found:
            return None
        self._group = clouds.cloudflare.permission_group(OBJECT_READ_WRITE)
        return _token_state(found[0])

    def differences(self, state: TokenState) -> list[Change]:
        """Scope, status, and whether the vault holds this token's secret."""
        changes = []
        if state.status != "active":
            changes.append(Change("status", state.status, "active"))
        if state.policies != (self._wanted_policy(),):
            changes.append(Change("scope", "not this bucket's objects alone", "read and write objects of this bucket"))
        held_id = self._held.get("R2_ACCESS_KEY_ID")
        if "R2_SECRET_ACCESS_KEY" not in self._held or held_id is None or held_id.get_secret_value() != state.id:
            changes.append(Change("secret", "not in the vault", "rolled", entry="r2-keys"))
        elif self._rotate:
            changes.append(Change("secret", "in the vault", "rolled", requested=True))
        return changes

    def create(self, clouds: Connections) -> TokenState:
        """Operation account-api-tokens-create-token."""
        self._group = clouds.cloudflare.permission_group(OBJECT_READ_WRITE)
        made = clouds.cloudflare.create_token(self.name, self._policies())
        return _token_state(made, SecretStr(made["value"]))

    def update(self, clouds: Connections, state: TokenState, changes: list[Change]) -> TokenState:
        """Narrow it again, or roll it, or both."""
        fields = {change.field for change in changes}
        if fields & {"status", "scope"}:
            clouds.cloudflare.update_token(state.id, self.name, self._policies())
        value = clouds.cloudflare.roll_token(state.id) if "secret" in fields else None
        return TokenState(state.id, "active", (self._wanted_policy(),), value)

    def delete(self, clouds: Connections, state: TokenState) -> None:
        """Operation account-api-tokens-delete-token; whoever uses its credentials is refused from then on."""
        clouds.cloudflare.delete_token(state.id)

    def planned(self) -> TokenState:
        """Its id is known only when it is made."""
        return TokenState(id="(known after apply)")

    def one_time_secrets(self, state: TokenState) -> Mapping[str, SecretStr]:
        """The S3 credentials, as soon as the value is seen."""
        if state.value is None:
            return {}
        return {"R2_ACCESS_KEY_ID": SecretStr(state.id), "R2_SECRET_ACCESS_KEY": s3_secret(state.value)}

    def _resource(self) -> str:
        return f"com.cloudflare.edge.r2.bucket.{self._account}_{JURISDICTION}_{self.bucket}"

    def _policies(self) -> list[dict[str, Any]]:
        return [{"effect": "allow", "resources": {self._resource(): "*"}, "permission_groups": [{"id": self._group}]}]

    def _wanted_policy(self) -> tuple[str, frozenset[str], frozenset[str]]:
        return "allow", frozenset({self._resource()}), frozenset({self._group})


class Cors(Resource[list[dict[str, Any]]]):
    """One CORS rule of a bucket: the app's pages may GET, PUT and HEAD its objects. Rules of others are left as they are."""

    kind: ClassVar[str] = "CORS rule"
    absent_entry: ClassVar[str] = "cors"
    drift_entry: ClassVar[str] = "cors"

    def __init__(self, bucket: str, origin: str) -> None:
        if origin and not ORIGIN.fullmatch(origin):
            raise InvalidValue(
                f"{origin!r} is no origin.", "Give scheme and host, such as <https://HOST>, with no slash at the end."
            )
        self.name = bucket
        self.bucket = bucket
        self.origin = origin
        self.waits_for = "R2_BUCKET_NAME" if not bucket else None if origin else "NEXT_PUBLIC_APP_URL"

    def read(self, clouds: Connections) -> list[dict[str, Any]] | None:
        """All rules of the bucket, or None if ours is not among them."""
        self._others = (clouds.cloudflare.cors_rules(self.bucket) or []) if self.bucket else []
        return self._others if any(rule.get("id") == CORS_RULE_ID for rule in self._others) else None

    def differences(self, state: list[dict[str, Any]]) -> list[Change]:
        """Field by field of our rule, order aside."""
        found = next(rule for rule in state if rule.get("id") == CORS_RULE_ID)["allowed"]
        wanted = self._rule()["allowed"]
        return [
            Change(field, ", ".join(found.get(field, [])) or "none", ", ".join(wanted[field]))
            for field in wanted
            if {value.lower() for value in found.get(field, [])} != {value.lower() for value in wanted[field]}
        ]

    def create(self, clouds: Connections) -> list[dict[str, Any]]:
        """Operation r2-put-bucket-cors-policy replaces all rules: the others are sent along."""
        return self._put(clouds, [*self._others, self._rule()])

    def update(self, clouds: Connections, state: list[dict[str, Any]], changes: list[Change]) -> list[dict[str, Any]]:
        """The same, in the place of our old rule."""
        del changes
        return self._put(clouds, [self._rule() if rule.get("id") == CORS_RULE_ID else rule for rule in state])

    def delete(self, clouds: Connections, state: list[dict[str, Any]]) -> None:
        """Take our rule away, and the policy with it if no other rule is left."""
        self._put(clouds, [rule for rule in state if rule.get("id") != CORS_RULE_ID])

    def planned(self) -> list[dict[str, Any]]:
        """Our rule is known in advance."""
        return [self._rule()]

    def _put(self, clouds: Connections, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        clouds.cloudflare.put_cors_rules(self.bucket, rules)
        return rules

    def _rule(self) -> dict[str, Any]:
        # The shape of the REST API; the dashboard and S3 use other names (AllowedOrigins …).
        allowed = {
            "methods": ["GET", "PUT", "HEAD"],
            "origins": [self.origin],
            "headers": ["Content-Type", "Content-Length"],
        }
        return {"id": CORS_RULE_ID, "allowed": allowed, "exposeHeaders": ["ETag"], "maxAgeSeconds": 3600}


def s3_secret(value: SecretStr) -> SecretStr:
    """The S3 secret of a token: SHA-256 of its value in lower-case hex."""
    return SecretStr(hashlib.sha256(value.get_secret_value().encode()).hexdigest())


def _bucket_state(found: dict[str, Any]) -> BucketState:
    return BucketState(found["name"], str(found.get("location") or ""))


def _token_state(found: dict[str, Any], value: SecretStr | None = None) -> TokenState:
    policies = tuple(
        (
            policy["effect"],
            frozenset(policy["resources"]),
            frozenset(group["id"] for group in policy["permission_groups"]),
        )
        for policy in found.get("policies", [])
    )
    return TokenState(found["id"], found.get("status", "active"), policies, value)
