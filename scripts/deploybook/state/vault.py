"""The vault: variables that one section produces and another consumes, kept between runs.

Default backend: ``<state>/<environment>.env``, mode 0600, replaced atomically under a lock. ``DEPLOYBOOK_VAULT=keyring`` keeps the
values in the operating system's keyring instead.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import keyring
from dotenv import dotenv_values
from filelock import FileLock, Timeout
from pydantic import SecretStr

from deploybook.errors import ConfigurationError, InvalidValue, VaultLocked
from deploybook.state.atomic import write_private

BACKEND_VARIABLE = "DEPLOYBOOK_VAULT"
LOCK_SECONDS = 10.0


class Backend(Protocol):
    """Where the values lie. ``read`` and ``write`` take and give all of them at once."""

    def read(self) -> dict[str, str]:
        """Every value."""

    def write(self, values: Mapping[str, str]) -> None:
        """Replace every value, wholly or not at all."""


class FileBackend:
    """One ``.env`` file, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, str]:
        """Every value; a file that others can read is refused."""
        if not self.path.exists():
            return {}
        if self.path.stat().st_mode & 0o077:
            raise ConfigurationError(
                f"{self.path} can be read by other users.",
                f"Run chmod 600 {self.path}, and rotate what stands in it.",
                "vault-open",
            )
        parsed = dotenv_values(self.path, interpolate=False, encoding="utf-8")
        return {name: value for name, value in parsed.items() if value is not None}

    def write(self, values: Mapping[str, str]) -> None:
        """Replace the file atomically."""
        lines = [f"{name}='{_escape(value)}'\n" for name, value in sorted(values.items())]
        write_private(self.path, "".join(lines))


class KeyringBackend:
    """One entry in the system's keyring for the whole environment, so that a change is atomic there too."""

    def __init__(self, environment: str) -> None:
        self._service = f"deploybook:{environment}"

    def read(self) -> dict[str, str]:
        """Every value."""
        with _keyring_errors():
            stored = keyring.get_password(self._service, "vault")
        values: dict[str, str] = json.loads(stored) if stored else {}
        return values

    def write(self, values: Mapping[str, str]) -> None:
        """Replace the entry."""
        with _keyring_errors():
            keyring.set_password(self._service, "vault", json.dumps(dict(values)))


class Vault:
    """The values of one environment. ``put`` has stored them durably when it returns."""

    def __init__(self, directory: Path, environment: str, backend: Backend | None = None) -> None:
        self.environment = environment
        self.path = directory / f"{environment}.env"
        self._lock = FileLock(directory / f"{environment}.lock", timeout=LOCK_SECONDS, mode=0o600)
        self._backend = backend or _chosen_backend(self.path, environment)

    def get(self, name: str) -> SecretStr | None:
        """One value, or None."""
        value = self._backend.read().get(name)
        return None if value is None else SecretStr(value)

    def all(self) -> dict[str, SecretStr]:
        """Every value."""
        return {name: SecretStr(value) for name, value in self._backend.read().items()}

    def put(self, values: Mapping[str, SecretStr]) -> None:
        """Store the values beside those already there; raises VaultLocked if another run holds the vault."""
        for name, value in values.items():
            if any(ord(character) < 32 for character in value.get_secret_value()):
                raise InvalidValue(f"{name} contains a control character.", "Give it on one line.")
        with self._locked():
            merged = self._backend.read() | {name: value.get_secret_value() for name, value in values.items()}
            self._backend.write(merged)

    def forget(self, *names: str) -> None:
        """Remove values; names that are absent are no error."""
        with self._locked():
            kept = {name: value for name, value in self._backend.read().items() if name not in names}
            self._backend.write(kept)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with self._lock:
                yield
        except Timeout:
            raise VaultLocked(
                f"The vault of {self.environment} is held by another run.",
                "Wait for that run to end, then repeat this one.",
            ) from None


def _chosen_backend(path: Path, environment: str) -> Backend:
    chosen = os.environ.get(BACKEND_VARIABLE, "file")
    if chosen == "keyring":
        return KeyringBackend(environment)
    if chosen != "file":
        raise InvalidValue(f"{BACKEND_VARIABLE} is {chosen!r}.", "Use file or keyring.")
    return FileBackend(path)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


@contextlib.contextmanager
def _keyring_errors() -> Iterator[None]:
    try:
        yield
    except keyring.errors.KeyringError as problem:
        raise ConfigurationError(
            f"The system's keyring cannot be used: {type(problem).__name__}.",
            f"Unlock it, or unset {BACKEND_VARIABLE} to use the file.",
            "vault-locked",
        ) from None
