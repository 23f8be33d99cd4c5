"""The vault: variables that one section produces and another consumes, kept between runs.

Default backend: ``<state>/<environment>.env``, mode 0600, replaced atomically under a lock. ``DEPLOYBOOK_VAULT=keyring`` keeps the
values in the operating system's keyring instead.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import SecretStr

from deploybook.errors import InvalidValue, VaultLocked, VaultUnreadable
from deploybook.state.held_names import HeldNames
from deploybook.state.vault_backends import BACKEND_VARIABLE, Backend, chosen_backend, unwritable

LOCK_SECONDS = 10.0


class Vault:
    """The values of one environment. ``put`` has stored them durably when it returns.

    Every method raises VaultUnreadable for a vault that cannot be read whole, and for one that held values and is gone.
    """

    def __init__(self, directory: Path, environment: str, backend: Backend | None = None) -> None:
        self.environment = environment
        self.path = directory / f"{environment}.env"
        self._backend = backend or chosen_backend(directory, environment)
        self._held = HeldNames(directory, environment)

    def get(self, name: str) -> SecretStr | None:
        """One value, or None."""
        value = self._read().get(name)
        return None if value is None else SecretStr(value)

    def all(self) -> dict[str, SecretStr]:
        """Every value."""
        return {name: SecretStr(value) for name, value in self._read().items()}

    def lost(self) -> list[str]:
        """The names that the vault held when it was last written and does not hold now: somebody took their lines out."""
        return sorted(self._held.read().names - self._read().keys())

    def put(self, values: Mapping[str, SecretStr]) -> None:
        """Store the values beside those already there; raises VaultLocked if another run holds the vault."""
        for name, value in values.items():
            if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in value.get_secret_value()):
                raise InvalidValue(f"{name} contains a control character.", "Enter it on one line.")
        with self._locked():
            present = self._read()
            self._backend.change({name: value.get_secret_value() for name, value in values.items()})
            self._held.write(self._backend.name, present.keys() | values.keys())

    def forget(self, *names: str) -> None:
        """Remove values; names that are absent are no error. Raises VaultLocked as ``put`` does."""
        with self._locked():
            self._held.write(self._backend.name, self._read().keys() - set(names))
            self._backend.change({}, removed=names)

    def require_writable(self) -> None:
        """Raise ConfigurationError if nothing could be stored now: to be asked before a provider shows what it shows once."""
        with self._locked():
            self._read()
            self._backend.prove_writable()

    def _read(self) -> dict[str, str]:
        values = self._backend.read()
        if not values:
            self._require_never_held()
        return values

    def _require_never_held(self) -> None:
        record = self._held.read()
        if not record.names:
            return
        if record.backend != self._backend.name:
            raise VaultUnreadable(
                f"The vault of {self.environment} is in the {record.backend}, not in the {self._backend.name}.",
                f"Run export {BACKEND_VARIABLE}={record.backend}.",
            )
        raise VaultUnreadable(
            f"The vault of {self.environment} is gone: it held {', '.join(sorted(record.names))}.",
            f"Restore {self.path} from a backup. To give its values up, run rm {shlex.quote(str(self._held.path))}.",
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # What cannot be read is refused before so much as a lock is made.
        self._read()
        try:
            # Beside the file that is really written: two links to one vault share one lock.
            real = self.path.resolve()
            real.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(real.with_suffix(".lock"), timeout=LOCK_SECONDS, mode=0o600):
                yield
        except Timeout:
            raise VaultLocked(
                f"The vault of {self.environment} is in use by another run.",
                "Wait for that run to end, then repeat this one.",
            ) from None
        except (OSError, RuntimeError) as problem:
            raise unwritable(self.path, problem) from None
