"""What apps and artifacts are kept under: environments, secrets and proxy tokens, and the clock that dates them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from deploybook.sandbox.modal.state.identifiers import object_id
from deploybook.sandbox.modal.state.refusals import (
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
    spend_limit_reached,
)

DEFAULT_ENVIRONMENT = "main"
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,64}")


class Creation(Enum):
    """What to do about a named object that is, or is not, there already (Modal's ObjectCreationType)."""

    LOOK_UP = auto()
    IF_MISSING = auto()
    FAIL_IF_EXISTS = auto()
    OVERWRITE = auto()


@dataclass
class Environment:
    """A namespace of the workspace; ``suffix`` goes into the host name of its web endpoints."""

    object_id: str
    name: str
    suffix: str
    created_at: float


@dataclass
class Secret:
    """Named (or, with an empty name, anonymous) values; they never leave through the API."""

    object_id: str
    name: str
    environment: str
    values: dict[str, str]
    created_at: float
    created_by: str
    last_used_at: float = 0.0


@dataclass
class ProxyToken:
    """What a caller of an endpoint with ``requires_proxy_auth`` sends as Modal-Key and Modal-Secret."""

    token_id: str
    token_secret: str


class Namespace:
    """The named things of one workspace. ``changes`` counts mutations, so that a journal can tell reads apart."""

    name = "sandbox"
    username = "sandbox-operator"

    def __init__(self) -> None:
        self.changes = 0
        self.spend_limit_reached = False
        self._last_instant = 0.0
        self.environments: dict[str, Environment] = {}
        self.secrets: dict[str, Secret] = {}
        self.proxy_tokens: dict[str, ProxyToken] = {}
        self.add_environment(DEFAULT_ENVIRONMENT)

    def require_budget(self, operation: str) -> None:
        """Refuse what costs money once the limit of a billing cycle is reached; what costs none goes on."""
        if self.spend_limit_reached:
            raise spend_limit_reached(operation)

    def instant(self) -> float:
        """Now, later than any instant given before: lists page by creation time, so two objects never share one."""
        self._last_instant = max(time.time(), self._last_instant + 1e-5)
        return self._last_instant

    def environment(self, name: str) -> Environment:
        """The environment of this name; the default one for an empty name."""
        environment = self.environments.get(name or DEFAULT_ENVIRONMENT)
        if environment is None:
            raise not_found(f"Environment '{name}' not found")
        return environment

    def add_environment(self, name: str) -> Environment:
        """Create an environment."""
        if name in self.environments:
            raise already_exists(f"Environment '{name}' already exists")
        if not _NAME.fullmatch(name):
            raise invalid_argument(f"Invalid environment name: '{name}'")
        suffix = "" if name == DEFAULT_ENVIRONMENT else name.lower()
        self.environments[name] = Environment(object_id("en"), name, suffix, self.instant())
        self.changes += 1
        return self.environments[name]

    def secret(self, secret_id: str) -> Secret:
        """The secret with this id."""
        if secret_id not in self.secrets:
            raise not_found(f"Secret with id '{secret_id}' not found")
        return self.secrets[secret_id]

    def named_secret(
        self, name: str, environment: str, creation: Creation, values: Mapping[str, str], required: Iterable[str]
    ) -> Secret:
        """Look up or create a named secret. ``IF_MISSING`` leaves an existing one's values as they are."""
        place = self.environment(environment).name
        if not _NAME.fullmatch(name):
            raise invalid_argument(f"Invalid Secret name: '{name}'")
        secret = next(
            (
                candidate
                for candidate in self.secrets.values()
                if candidate.name == name and candidate.environment == place
            ),
            None,
        )
        if secret is None:
            if creation is Creation.LOOK_UP:
                raise not_found(f"Secret '{name}' not found in environment '{place}'")
            secret = self.add_secret(name, place, values)
        elif creation is Creation.FAIL_IF_EXISTS:
            raise already_exists(f"Secret '{name}' already exists in environment '{place}'")
        elif creation is Creation.OVERWRITE:
            secret.values = _checked(values)
            self.changes += 1
        missing = [key for key in required if key not in secret.values]
        if missing:
            raise failed_precondition(f"Secret '{name}' is missing key(s): {', '.join(missing)}")
        return secret

    def add_secret(self, name: str, environment: str, values: Mapping[str, str]) -> Secret:
        """Create a secret; one without a name is reached by its id only and stays out of lists."""
        place = self.environment(environment).name
        made = Secret(object_id("st"), name, place, _checked(values), self.instant(), self.username)
        self.secrets[made.object_id] = made
        self.changes += 1
        return made

    def update_secret(self, secret_id: str, updates: Mapping[str, str | None]) -> None:
        """Merge: keys that are not mentioned stay; a key without a value is taken out."""
        secret = self.secret(secret_id)
        merged = {key: value for key, value in {**secret.values, **updates}.items() if value is not None}
        secret.values = _checked(merged)
        self.changes += 1

    def list_secrets(self, environment: str, limit: int, created_before: float) -> list[Secret]:
        """Named secrets, newest first, a page of at most ``limit``."""
        place = self.environment(environment).name
        named = [candidate for candidate in self.secrets.values() if candidate.name and candidate.environment == place]
        named.sort(key=lambda secret: secret.created_at, reverse=True)
        return [candidate for candidate in named if not created_before or candidate.created_at < created_before][
            : limit or 100
        ]

    def add_proxy_token(self) -> ProxyToken:
        """A token with which endpoints that ask for proxy authorisation may be called."""
        made = ProxyToken(object_id("wk"), object_id("ws"))
        self.proxy_tokens[made.token_id] = made
        self.changes += 1
        return made

    def delete_secret(self, secret_id: str) -> None:
        """Delete for good; apps that use it fail at their next container start."""
        del self.secrets[self.secret(secret_id).object_id]
        self.changes += 1


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    for key in values:
        if not key or "=" in key or "\0" in key:
            raise invalid_argument(f"Invalid key: '{key}'")
    return dict(values)
