"""The bucket's API token, from which its S3 credentials follow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import SecretStr

from deploybook.clouds import dashboards
from deploybook.clouds.r2 import schema
from deploybook.clouds.resource import Change, Evidence, Resource, VaultValues, holds
from deploybook.clouds.times import moment
from deploybook.errors import Conflict, ServiceError, UnexpectedResponse

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.state.ledger import Intent

# Object Read & Write in the dashboard's words; write includes read (Cloudflare docs, R2 → API → Tokens).
OBJECT_READ_WRITE = "Workers R2 Storage Bucket Item Write"
JURISDICTION = "default"
KEY_ID, SECRET = "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"
# The times that mark tokens: all of them past, so that a token is good at once, whatever the clocks say.
FIRST_SECOND, SECONDS_OF_MARKERS = datetime(2020, 1, 1, tzinfo=UTC), 5 * 365 * 24 * 3600

# Schema iam_status. An answer may leave it out.
KNOWN_STATUSES = frozenset({"", "active", "disabled", "expired"})


@dataclass(frozen=True)
class TokenState:
    """A bucket's token as it is. ``value`` is there only just after it was made or rolled."""

    id: str
    status: str = "active"
    issued: str = ""
    modified: str = ""
    not_before: str = ""
    policies: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = ()
    value: SecretStr | None = None


class BucketToken(Resource[TokenState]):
    """An account-owned API token for the objects of one bucket: read, write, list, and nothing else.

    S3 credentials follow from it: access key id = its id, secret = SHA-256 hex of its value (Cloudflare docs, R2 → Authenticate).
    ``stored`` are the vault's values. A token whose secret was lost is rolled, never made twice.
    """

    kind: ClassVar[str] = "R2 token"
    provider: ClassVar[str] = "cloudflare"
    known_by_id: ClassVar[bool] = True
    credential: ClassVar[bool] = True
    # The key is known, and was not made with this secret. A key that is not known may be one that is too new.
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence(403, "SignatureDoesNotMatch"),)
    # "A new or updated API key may take up to a minute" (cloudflare-docs r2/reference/consistency.mdx); until then R2 answers 401, and a
    # rotation would begin the minute again. Some seconds more: the clocks of others.
    settle_seconds: ClassVar[float] = 75.0
    absent_entry: ClassVar[str] = "r2-keys"
    drift_entry: ClassVar[str] = "token-scope"

    def __init__(self, name: str, bucket: str, *, stored: Mapping[str, SecretStr], rotate: bool = False) -> None:
        self.name = name
        self.bucket = bucket
        self.variables = (KEY_ID, SECRET)
        self._stored = stored
        self._rotate = rotate
        self._group = ""
        self._account = ""
        self._namesakes: list[schema.Token] = []

    def identity(self, state: TokenState) -> str:
        """The token's id, which is the S3 access key id as well."""
        return state.id

    def page(self, clouds: Connections, state: TokenState) -> str:
        """The account's list of R2 tokens: a token has no page of its own."""
        del state
        return dashboards.r2(clouds, "api-tokens")

    def known(self, state: TokenState | None, vault_values: VaultValues) -> bool:
        """The vault holds this very token's key id."""
        return state is not None and holds(vault_values, KEY_ID, state.id)

    def is_marked(self, state: TokenState, marker: str) -> bool:
        """``not_before``: a second long past that the request chose at random. A token made by hand has none."""
        return bool(marker) and state.not_before != "" and moment(state.not_before) == _past_second(marker)

    def born(self, state: TokenState) -> datetime | None:
        """``issued_on``."""
        return moment(state.issued)

    def read(self, clouds: Connections) -> TokenState | None:
        """By the ledger's id, else by the vault's, else by name. Cloudflare lets several tokens bear one name.

        Raises Conflict, with the ids, if neither chooses one of several, and UnexpectedResponse for a status that nobody knows.
        """
        tokens = list(clouds.cloudflare.tokens())
        self._account = clouds.cloudflare.account_id
        self._namesakes = [token for token in tokens if token.name == self.name]
        stored = self._stored.get(KEY_ID)
        ids = [self.known_id, stored.get_secret_value() if stored else ""]
        chosen = next((token for token_id in ids for token in tokens if token_id and token.id == token_id), None)
        if chosen is None and len(self._namesakes) > 1:
            raise self._ambiguous()
        chosen = chosen or next(iter(self._namesakes), None)
        if chosen is None:
            return None
        if chosen.status not in KNOWN_STATUSES:
            raise _unknown(chosen)
        self._group = clouds.cloudflare.permission_group(OBJECT_READ_WRITE)
        return _token_state(chosen)

    def strays(self, clouds: Connections, state: TokenState, lost: Sequence[Intent]) -> list[str]:
        """Tokens of this name with the marker of one of our requests that was never answered.

        Nobody can have their secret: it stood in that answer.
        """
        del clouds
        mine = {state.id} | {stored.get_secret_value() for name, stored in self._stored.items() if name == KEY_ID}
        others = [other for token in self._namesakes if (other := _token_state(token)).id not in mine]
        markers = [intent.marker for intent in lost if intent.marker]
        return [other.id for other in others if any(self.is_marked(other, marker) for marker in markers)]

    def remove_stray(self, clouds: Connections, stray_id: str) -> None:
        """Operation account-api-tokens-delete-token."""
        clouds.cloudflare.delete_token(stray_id)

    def differences(self, state: TokenState) -> list[Change]:
        """Scope, status, and whether the vault holds this token's secret."""
        changes = []
        if state.status != "active":
            changes.append(Change("status", state.status, "active"))
        if state.policies != (self._wanted_policy(),):
            changes.append(Change("scope", "not this bucket's objects alone", "read and write objects of this bucket"))
        return changes + self._secret_changes(state)

    def examine(self, clouds: Connections, state: TokenState, changes: list[Change]) -> list[Change]:
        """Try the vault's secret: one that R2 says is not this key's was rolled elsewhere, or lost with an answer."""
        store = clouds.objects({**clouds.vault_values(), **self._stored})
        if store is None or any(change.field == "secret" for change in changes) or store.bucket != self.bucket:
            return changes
        modified = moment(state.modified) or datetime.now(UTC)
        settled = (datetime.now(UTC) - modified).total_seconds() > self.settle_seconds
        try:
            store.call("list_objects_v2", MaxKeys=1)
        except ServiceError as error:
            if settled and self.is_dead(error):
                lost = f"the vault's is not this token's (it was changed on {state.modified})"
                return [*changes, Change("secret", lost, "rolled", replaces=True, entry="r2-keys")]
        return changes

    def _secret_changes(self, state: TokenState) -> list[Change]:
        if self._rotate:
            return [Change("secret", "in the vault", "rolled", requested=True, replaces=True)]
        if self.unfinished_rotation:
            return [
                Change(
                    "secret", "its rotation did not finish", "rolled", requested=True, replaces=True, entry="r2-keys"
                )
            ]
        stored_id = self._stored.get(KEY_ID)
        if SECRET not in self._stored or stored_id is None:
            return [Change("secret", "not in the vault", "rolled", replaces=True, entry="r2-keys")]
        if stored_id.get_secret_value() != state.id:
            return [Change("secret", "another token's in the vault", "rolled", replaces=True, entry="r2-keys")]
        return []

    def _ambiguous(self) -> Conflict:
        ids = ", ".join(f"{token.id} (made {token.issued_on or 'unknown'})" for token in self._namesakes)
        first = self._namesakes[0].id
        return Conflict(
            "Cloudflare",
            "find the token",
            f"There are {len(self._namesakes)} tokens named {self.name} in the account: {ids}.",
            f"Say which is this environment's, as --adopt 'R2 token/{first}', or set another token_name.",
            "token-name-ambiguous",
        )

    def create(self, clouds: Connections) -> TokenState:
        """Operation account-api-tokens-create-token."""
        self._group = clouds.cloudflare.permission_group(OBJECT_READ_WRITE)
        not_before = _past_second(self.marker).strftime("%Y-%m-%dT%H:%M:%SZ") if self.marker else ""
        made = clouds.cloudflare.create_token(self.name, self._policies(), not_before)
        return _token_state(made, made.value)

    def update(self, clouds: Connections, state: TokenState, changes: list[Change]) -> TokenState:
        """Narrow it again, or roll it, or both."""
        fields = {change.field for change in changes}
        if fields & {"status", "scope"}:
            clouds.cloudflare.update_token(state.id, self.name, self._policies())
        value = clouds.cloudflare.roll_token(state.id) if "secret" in fields else None
        return replace(state, status="active", policies=(self._wanted_policy(),), value=value)

    def delete(self, clouds: Connections, state: TokenState) -> None:
        """Operation account-api-tokens-delete-token; whoever uses its credentials is refused from then on."""
        clouds.cloudflare.delete_token(state.id)

    def planned(self) -> TokenState:
        """Its id is known only when it is made."""
        return TokenState(id="")

    def one_time_secrets(self, state: TokenState) -> Mapping[str, SecretStr]:
        """The S3 credentials, as soon as the value is seen."""
        if state.value is None:
            return {}
        return {KEY_ID: SecretStr(state.id), SECRET: s3_secret(state.value)}

    def _resource(self) -> str:
        return f"com.cloudflare.edge.r2.bucket.{self._account}_{JURISDICTION}_{self.bucket}"

    def _policies(self) -> list[dict[str, Any]]:
        return [{"effect": "allow", "resources": {self._resource(): "*"}, "permission_groups": [{"id": self._group}]}]

    def _wanted_policy(self) -> tuple[str, frozenset[str], frozenset[str]]:
        return "allow", frozenset({self._resource()}), frozenset({self._group})


def _unknown(token: schema.Token) -> UnexpectedResponse:
    message = f"Cloudflare says of the token {token.name} that it is {token.status}, which is not known here."
    hint = "Look at it in the dashboard, and report the status, so that deploybook can learn it. Nothing was changed."
    return UnexpectedResponse("Cloudflare", "find the token", message, hint)


def s3_secret(value: SecretStr) -> SecretStr:
    """The S3 secret of a token: SHA-256 of its value in lower-case hex."""
    return SecretStr(hashlib.sha256(value.get_secret_value().encode()).hexdigest())


def _token_state(token: schema.Token, value: SecretStr | None = None) -> TokenState:
    policies = tuple(
        (policy.effect, frozenset(policy.resources), frozenset(group.id for group in policy.permission_groups))
        for policy in token.policies
    )
    status = token.status or "active"
    return TokenState(token.id, status, token.issued_on, token.modified_on, token.not_before, policies, value)


def _past_second(marker: str) -> datetime:
    """The ``not_before`` that stands for a marker: one of some 150 million seconds from 2020 to 2024."""
    return FIRST_SECOND + timedelta(seconds=int(marker, 16) % SECONDS_OF_MARKERS)
