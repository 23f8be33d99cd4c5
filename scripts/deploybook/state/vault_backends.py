"""Where a vault's values lie: in a file of their own, or in the operating system's keyring."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import keyring
import keyring.errors

from deploybook.errors import ConfigurationError, InvalidValue, VaultUnreadable
from deploybook.state.atomic import prove_writable, remove_durably, sweep_leftovers, write_private
from deploybook.state.vault_text import VaultSyntaxError, VaultText

BACKEND_VARIABLE = "DEPLOYBOOK_VAULT"
# The keyring's name for the one password of a vault.
USER = "vault"
# Beside an earlier version's entry: the checkout that took it over.
CLAIM = "claimed-by"
# Room on the disk that a run is to find before it asks a provider for a secret that is shown once.
ROOM = 64 * 1024


class Backend(Protocol):
    """Where the values lie. The vault's lock is held during ``change`` and ``prove_writable``."""

    name: str

    def read(self) -> dict[str, str]:
        """Every value; empty if there is none. Raises ConfigurationError if they cannot be read whole."""

    def change(self, values: Mapping[str, str], removed: Collection[str] = ()) -> None:
        """Store values and remove others, all or none. Raises ConfigurationError if that is not possible."""

    def prove_writable(self) -> None:
        """Raise ConfigurationError if ``change`` could not store anything now."""


class FileBackend:
    """One ``.env`` file, readable by its owner only. A symbolic link is followed, and stays a link."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, str]:
        """Every value; a file that others can read, or that cannot be read whole, is refused."""
        return self._text().values()

    def change(self, values: Mapping[str, str], removed: Collection[str] = ()) -> None:
        """Replace the file atomically; lines that are not concerned stay as they are. Without any line left it is removed."""
        before = self._text()
        after = before.without(removed).changed(values)
        with self._write_errors():
            sweep_leftovers(self.path)
            if after.empty:
                remove_durably(self.path.resolve())
            elif str(after) != str(before):
                write_private(self.path, str(after))

    def prove_writable(self) -> None:
        """Write as much as the vault has, and some room, beside it."""
        size = len(str(self._text()).encode()) + ROOM
        with self._write_errors():
            prove_writable(self.path, size)

    def _text(self) -> VaultText:
        _require_private_folder(self.path.parent)
        data = self._bytes()
        if data is None:
            return VaultText()
        if not data.strip(b"\0 \t\r\n"):
            raise VaultUnreadable(
                f"{self.path} holds nothing: deploybook never writes such a file.",
                f"Restore it from a backup. If this environment never had a vault, run rm {shlex.quote(str(self.path))}.",
            )
        try:
            return VaultText.parse(data)
        except VaultSyntaxError as error:
            raise VaultUnreadable(
                f"{self.path}, line {error.line}: {error.problem}. Nothing was read from it, and nothing written.",
                f"Correct line {error.line}: one NAME='value' on a line, saved as UTF-8.",
            ) from None

    def _bytes(self) -> bytes | None:
        try:
            status = self.path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise VaultUnreadable(f"{self.path} is not a file.", "Move away what is in the vault's place.")
            if status.st_mode & 0o077:
                raise ConfigurationError(
                    f"{self.path} can be read by other users.",
                    f"Run chmod 600 {shlex.quote(str(self.path))}, and rotate the secrets in it.",
                    "vault-open",
                )
            return self.path.read_bytes()
        except FileNotFoundError:
            self._require_folder_of_link()
            return None
        except (OSError, RuntimeError) as problem:
            raise VaultUnreadable(
                f"{self.path} cannot be read ({_reason(problem)}).",
                "Make it a file of yours again: ls -l shows what it is, and whose.",
            ) from None

    def _require_folder_of_link(self) -> None:
        if self.path.is_symlink() and not self.path.resolve().parent.is_dir():
            raise VaultUnreadable(
                f"{self.path} is a link to {self.path.resolve()}, whose folder does not exist.",
                "Mount or make that folder, or remove the link.",
            )

    @contextlib.contextmanager
    def _write_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise unwritable(self.path, problem) from None


class KeyringBackend:
    """One entry in the system's keyring for the whole environment of this checkout, so that a change is atomic there too.

    The entry's name holds a random identity, which the checkout keeps in ``checkout-id``: two checkouts never share an entry.
    An entry of an earlier version, named by the environment alone, is copied once, by the first checkout that asks for it, and by each that
    has used this environment before. It is emptied when the checkout that claimed it forgets its last value.
    """

    name = "keyring"

    def __init__(self, directory: Path, environment: str) -> None:
        self._directory = directory
        self._environment = environment
        self._earlier = f"deploybook:{environment}"
        # Asked before this process makes a lock or a record of its own.
        self._used_before = any(directory.glob(f"{environment}.*"))

    def read(self) -> dict[str, str]:
        """Every value; those of an earlier version's entry if this checkout has none of its own yet."""
        with _keyring_errors():
            stored = keyring.get_password(self._service(), USER) or self._migrated()
        return _parsed(stored) if stored else {}

    def change(self, values: Mapping[str, str], removed: Collection[str] = ()) -> None:
        """Replace the entry; without any value left, empty an earlier version's too."""
        kept = {name: value for name, value in self.read().items() if name not in removed} | dict(values)
        with _keyring_errors():
            keyring.set_password(self._service(), USER, json.dumps(kept))
            if not kept and keyring.get_password(self._earlier, CLAIM) == _identity(self._directory):
                keyring.set_password(self._earlier, USER, json.dumps({}))

    def prove_writable(self) -> None:
        """Ask for the entry, which a locked keyring refuses."""
        self.read()

    def _service(self) -> str:
        return f"{self._earlier}:{_identity(self._directory)}"

    def _migrated(self) -> str | None:
        stored = keyring.get_password(self._earlier, USER)
        if not stored:
            return None
        identity = _identity(self._directory)
        owner = keyring.get_password(self._earlier, CLAIM)
        if owner not in {None, identity} and not self._used_before:
            return None
        _parsed(stored)
        keyring.set_password(self._service(), USER, stored)
        if owner is None:
            keyring.set_password(self._earlier, CLAIM, identity)
        return stored


def unwritable(path: Path, problem: Exception) -> ConfigurationError:
    """The error for a state file that cannot be written and is as it was before."""
    return ConfigurationError(
        f"{path} cannot be written ({_reason(problem)}); it is unchanged.",
        f"Make room, or the folder writable, in {path.parent}, then run this again.",
        "vault-unreadable",
    )


def _require_private_folder(folder: Path) -> None:
    if folder.is_dir() and folder.stat().st_mode & 0o022:
        raise ConfigurationError(
            f"{folder} can be changed by other users, and the vaults in it replaced.",
            f"Run chmod 700 {shlex.quote(str(folder))}, and check that the values in it are yours.",
            "vault-open",
        )


def _identity(directory: Path) -> str:
    """The checkout's own random name, made when it is first asked for."""
    path = directory / "checkout-id"
    try:
        if not path.exists():
            write_private(path, secrets.token_hex(8) + "\n")
        identity = path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise unwritable(path, problem) from None
    if len(identity) != 16 or not identity.isalnum():
        raise VaultUnreadable(
            f"{path} is damaged: it names this checkout's entries in the keyring.", f"Restore {path}."
        )
    return identity


def _parsed(stored: str) -> dict[str, str]:
    try:
        values: dict[str, str] = json.loads(stored)
        return {str(name): str(value) for name, value in values.items()}
    except (ValueError, AttributeError):
        raise VaultUnreadable(
            "The keyring's entry for this environment is not what deploybook wrote.",
            "Look at the entry whose name begins with deploybook: in the keyring's own program.",
        ) from None


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or type(problem).__name__


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


def chosen_backend(directory: Path, environment: str, environ: Mapping[str, str] = os.environ) -> Backend:
    """The backend that ``DEPLOYBOOK_VAULT`` names; raises InvalidValue for another word."""
    chosen = environ.get(BACKEND_VARIABLE, "file")
    if chosen == "keyring":
        return KeyringBackend(directory, environment)
    if chosen != "file":
        raise InvalidValue(f"{BACKEND_VARIABLE} is {chosen!r}.", "Use file or keyring.")
    return FileBackend(directory / f"{environment}.env")
