"""The bucket's CORS rule for the pages of the application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.r2.bucket import Bucket
from deploybook.clouds.r2.schema import CorsRule
from deploybook.clouds.resource import Change, Resource, VaultValues, holds
from deploybook.errors import InvalidValue

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")
CORS_RULE_ID = "deploybook-app"
Rules = tuple[CorsRule, ...]


class Cors(Resource[Rules]):
    """One CORS rule of a bucket: the app's pages may GET, PUT and HEAD its objects. Rules of others are left as they are."""

    kind: ClassVar[str] = "CORS rule"
    provider: ClassVar[str] = "cloudflare"
    absent_entry: ClassVar[str] = "cors"
    drift_entry: ClassVar[str] = "cors"

    def __init__(self, bucket: str, origin: str) -> None:
        if origin and not ORIGIN.fullmatch(origin):
            raise InvalidValue(
                f"{origin!r} is not an origin.",
                "Use scheme and host, such as <https://HOST>, with no slash at the end.",
            )
        self.name = bucket
        self.bucket = bucket
        self.origin = origin
        # It goes with the bucket, so that nothing is removed before Cloudflare has agreed that the bucket is empty.
        self.deleted_with = self.within = (Bucket.kind, bucket)
        self.waits_for = "R2_BUCKET_NAME" if not bucket else None if origin else "NEXT_PUBLIC_APP_URL"

    def page(self, clouds: Connections, state: Rules) -> str:
        """The bucket's settings, in which the rules stand."""
        del state
        return dashboards.r2(clouds, "default", "buckets", self.bucket, "settings")

    def known(self, state: Rules | None, vault_values: VaultValues) -> bool:
        """The vault names the bucket."""
        del state
        return holds(vault_values, "R2_BUCKET_NAME", self.bucket)

    def read(self, clouds: Connections) -> Rules | None:
        """All rules of the bucket, or None if ours is not among them."""
        self._others = (clouds.cloudflare.cors_rules(self.bucket) or ()) if self.bucket else ()
        return self._others if any(rule.id == CORS_RULE_ID for rule in self._others) else None

    def differences(self, state: Rules) -> list[Change]:
        """Field by field of our rule, order aside."""
        present = next(rule for rule in state if rule.id == CORS_RULE_ID).allowed
        wanted = self._rule().allowed
        return [
            Change(field, ", ".join(getattr(present, field)) or "none", ", ".join(getattr(wanted, field)))
            for field in ("methods", "origins", "headers")
            if _lower(getattr(present, field)) != _lower(getattr(wanted, field))
        ]

    def create(self, clouds: Connections) -> Rules:
        """Operation r2-put-bucket-cors-policy replaces all rules: the others are sent along."""
        return self._put(clouds, (*self._others, self._rule()))

    def update(self, clouds: Connections, state: Rules, changes: list[Change]) -> Rules:
        """The same, in the place of our old rule."""
        del changes
        return self._put(clouds, tuple(self._rule() if rule.id == CORS_RULE_ID else rule for rule in state))

    def delete(self, clouds: Connections, state: Rules) -> None:
        """Take our rule away, and the policy with it if no other rule is left."""
        self._put(clouds, tuple(rule for rule in state if rule.id != CORS_RULE_ID))

    def planned(self) -> Rules:
        """Our rule is known in advance."""
        return (self._rule(),)

    def _put(self, clouds: Connections, rules: Rules) -> Rules:
        clouds.cloudflare.put_cors_rules(self.bucket, rules)
        return rules

    def _rule(self) -> CorsRule:
        # The shape of the REST API; the dashboard and S3 use other names (AllowedOrigins …).
        allowed = {
            "methods": ["GET", "PUT", "HEAD"],
            "origins": [self.origin],
            "headers": ["Content-Type", "Content-Length"],
        }
        rule = {"id": CORS_RULE_ID, "allowed": allowed, "exposeHeaders": ["ETag"], "maxAgeSeconds": 3600}
        return CorsRule.model_validate(rule)


def _lower(values: tuple[str, ...]) -> set[str]:
    return {value.lower() for value in values}
