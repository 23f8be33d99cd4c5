"""A secret of our own making: 32 random bytes in hex, kept once made, replaced on request, or taken over from elsewhere."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from deploybook.clouds.resource import Change, Resource
from deploybook.errors import InvalidValue, VerificationFailed

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

BYTES = 32
FORM = re.compile(rf"[0-9a-f]{{{BYTES * 2}}}")


class SharedSecret(Resource[SecretStr]):
    """A generated secret that lives in the vault alone. ``stored`` are the vault's values; ``imported`` replaces it if set."""

    kind: ClassVar[str] = "secret"

    def __init__(
        self, name: str, *, stored: Mapping[str, SecretStr], rotate: bool = False, imported: SecretStr | None = None
    ) -> None:
        self.name = name
        self.variables = (name,)
        self._stored = stored.get(name)
        self._rotate = rotate
        self._imported = imported
        if imported is not None:
            require_form(name, imported)

    def known(self, state: SecretStr | None, vault_values: Mapping[str, SecretStr]) -> bool:
        """It lives in the vault alone."""
        del state
        return self.name in vault_values

    def read(self, clouds: Connections) -> SecretStr | None:
        """What the vault has."""
        del clouds
        return self._stored

    def differences(self, state: SecretStr) -> list[Change]:
        """Whether it is of the right form, and whether another one is asked for."""
        if self._imported is not None:
            return [] if self._imported == state else [Change("value", "kept", "imported", requested=True)]
        if not FORM.fullmatch(state.get_secret_value()):
            return [Change("form", "not 32 bytes in hex", "32 bytes in hex", requested=self._rotate, replaces=True)]
        return [Change("value", "kept", "new", requested=True)] if self._rotate else []

    def create(self, clouds: Connections) -> SecretStr:
        """Take over the imported one, or make one."""
        del clouds
        return self._imported or SecretStr(secrets.token_hex(BYTES))

    def update(self, clouds: Connections, state: SecretStr, changes: list[Change]) -> SecretStr:
        """The same."""
        del state, changes
        return self.create(clouds)

    def delete(self, clouds: Connections, state: SecretStr) -> None:
        """Nothing at a provider: ``finish`` takes it out of the vault."""

    def planned(self) -> SecretStr:
        """Made only by ``apply``."""
        return SecretStr("")

    def one_time_secrets(self, state: SecretStr) -> Mapping[str, SecretStr]:
        """The value itself."""
        return {self.name: state}


def may_import(name: str, secret: SecretStr | None) -> str:
    """A secret that is to be taken over has the right form; raises InvalidValue if not."""
    if secret is None:
        return "none given"
    require_form(name, secret)
    return "it has"


def require_form(name: str, secret: SecretStr) -> None:
    """Raise InvalidValue unless the secret is 64 lower-case hex digits; the value itself is never shown."""
    value = secret.get_secret_value()
    if FORM.fullmatch(value):
        return
    if any(character.isspace() for character in value):
        raise InvalidValue(
            f"{name} contains white space.",
            "Export it without the blank or line break, for example with printf %s.",
            "webhook-401",
        )
    raise InvalidValue(
        f"{name} is {len(value)} characters long.", f"It is {BYTES} bytes in hex: {BYTES * 2} of 0–9 and a–f."
    )


def has_form(name: str, vault_values: Mapping[str, SecretStr]) -> str:
    """The vault's secret is 32 bytes in hex, without white space."""
    try:
        require_form(name, vault_values[name])
    except InvalidValue as error:
        raise VerificationFailed(error.message, error.hint, error.entry) from None
    return f"{BYTES} bytes in hex"
