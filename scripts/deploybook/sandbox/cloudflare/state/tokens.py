"""API tokens and the limit on calls. No HTTP: what exists, who owns it, whether it is alive."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import string
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from deploybook.sandbox.cloudflare.state.policies import Policy
from deploybook.sandbox.cloudflare.state.refusals import no_token
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.service import issue_id

# ``partials/fundamentals/api-rate-limits.mdx``
CALLS, WINDOW, BURST = 1200, 300.0, 200
MOST = {"user": 50, "account": 500}
_PREFIX = {"user": "cfut_", "account": "cfat_"}
_ALPHABET = string.ascii_letters + string.digits


def now() -> datetime:
    """The present, to the second, as tokens state times."""
    return datetime.now(UTC).replace(microsecond=0)


def issue_value(owner: str) -> str:
    """A token value: prefix, 40 characters, checksum (``fundamentals/api/get-started/token-formats.mdx``)."""
    body = _PREFIX[owner] + "".join(secrets.choice(_ALPHABET) for _ in range(40))
    return f"{body}{zlib.crc32(body.encode()):08x}"


def digest(value: str) -> str:
    """What is kept of a value, and at the same time the S3 secret that R2 derives from it."""
    return hashlib.sha256(value.encode()).hexdigest()


@dataclass(frozen=True)
class Condition:
    """Client addresses from which a token works."""

    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    def admits(self, address: str) -> bool:
        """Whether a client at ``address`` may use the token."""
        client = ipaddress.ip_address(address)
        inside, outside = (
            [client in ipaddress.ip_network(cidr, strict=False) for cidr in cidrs]
            for cidrs in (self.inside, self.outside)
        )
        return (not inside or any(inside)) and not any(outside)


@dataclass(frozen=True)
class Token:
    """A token without its value, which exists only in the answers that show it."""

    name: str
    owner: str
    policies: tuple[Policy, ...]
    secret: str
    id: str = field(default_factory=issue_id)
    disabled: bool = False
    issued_on: datetime = field(default_factory=now)
    modified_on: datetime = field(default_factory=now)
    last_used_on: datetime | None = None
    expires_on: datetime | None = None
    not_before: datetime | None = None
    condition: Condition | None = None

    @property
    def status(self) -> str:
        """``active``, ``disabled`` or ``expired``."""
        if self.expires_on and datetime.now(UTC) >= self.expires_on:
            return "expired"
        return "disabled" if self.disabled else "active"

    def works(self, address: str) -> bool:
        """Whether the token is accepted from ``address`` just now."""
        begun = not self.not_before or datetime.now(UTC) >= self.not_before
        return self.status == "active" and begun and (not self.condition or self.condition.admits(address))


@dataclass
class Tokens:
    """The tokens, oldest first. They are immutable: a change replaces one."""

    by_id: dict[str, Token] = field(default_factory=dict)

    def keep(self, token: Token) -> None:
        """Add a token, or replace it in its place; names need not be unique, the number is limited."""
        if token.id not in self.by_id and len(self.of(token.owner)) >= MOST[token.owner]:
            raise Refusal(400, f"The maximum number of {token.owner} tokens has been reached.", 1006)
        self.by_id[token.id] = token

    def of(self, owner: str) -> list[Token]:
        """The tokens of a user, or of the account."""
        return [token for token in self.by_id.values() if token.owner == owner]

    def get(self, owner: str, token_id: str) -> Token:
        """One token."""
        token = self.by_id.get(token_id)
        if token is None or token.owner != owner:
            raise no_token()
        return token

    def remove(self, owner: str, token_id: str) -> None:
        """Forget a token."""
        del self.by_id[self.get(owner, token_id).id]

    def find(self, value: str) -> Token | None:
        """The token that has this value."""
        sought = digest(value)
        return next((token for token in self.by_id.values() if secrets.compare_digest(token.secret, sought)), None)

    def used(self, token: Token) -> None:
        """Note that a token was used."""
        self.by_id[token.id] = replace(token, last_used_on=now())


@dataclass
class CallLimit:
    """1200 calls in five minutes over all tokens, 200 in a second; who passes the first is shut out for five minutes."""

    clock: Callable[[], float] = time.monotonic
    _calls: deque[float] = field(default_factory=deque)
    _blocked_until: float = 0.0

    def check(self) -> None:
        """Count a call or refuse it with 429."""
        at = self.clock()
        while self._calls and self._calls[0] <= at - WINDOW:
            self._calls.popleft()
        if at >= self._blocked_until and len(self._calls) >= CALLS:
            self._blocked_until = at + WINDOW
        if at < self._blocked_until:
            raise self._refusal(self._blocked_until - at)
        recent = len(self._calls) >= BURST and self._calls[-BURST] > at - 1
        if recent:
            raise self._refusal(1)
        self._calls.append(at)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()
        self._blocked_until = 0.0

    def _refusal(self, seconds: float) -> Refusal:
        wait = max(1, round(seconds))
        reset = datetime.fromtimestamp(time.time() + wait, UTC)
        headers = {
            "retry-after": str(wait),
            "x-ratelimit-limit": str(CALLS),
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": f"{reset:%a, %d %b %Y %H:%M:%S} GMT",
        }
        message = f"More than {CALLS} requests per {WINDOW:.0f} seconds reached. "
        return Refusal(429, message + "Please wait and consider throttling your request speed", 10000, headers=headers)
