"""What a section reads of the vault: always under the contract's patterns, and as strictly as its mode demands."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from pydantic import SecretStr

from deploybook.contract.consumers import ConsumerVariable, require, variables_for
from deploybook.contract.model import Contract
from deploybook.contract.validation import broken, obtain, operator_values, refuse_broken, refuse_missing
from deploybook.errors import MissingVariable
from deploybook.runbook.modes import Mode
from deploybook.state.vault import Vault


class SectionValues:
    """The vault's values as one section may read them. A mode that makes or checks needs them all; ``destroy`` takes what is there.

    Every method raises InvalidValue for a value that does not match its pattern, except in ``destroy``, which must not stop there.
    """

    def __init__(self, slug: str, mode: Mode, contract: Contract, vault: Vault) -> None:
        self._slug = slug
        self._mode = mode
        self._contract = contract
        self._vault = vault

    def present(self, names: Collection[str]) -> dict[str, SecretStr]:
        """The named values; raises MissingVariable for one that is not there, which ``plan`` and ``destroy`` leave out."""
        stored = self._valid(names)
        missing = [name for name in names if name not in stored]
        if missing and self._mode.checks:
            raise MissingVariable(
                f"{missing[0]} is not in the vault of {self._vault.environment}.",
                obtain(self._contract.variable(missing[0]), self._vault.environment, self._slug),
                "not-in-the-vault",
            )
        return {name: stored[name] for name in names if name in stored}

    def stored(self, names: Collection[str]) -> dict[str, SecretStr]:
        """Those of the named values that the vault has. In a mode that makes, the section's own are not checked: it repairs them."""
        own = {variable.name for variable in self._contract.produced_by(self._slug)} if self._mode.makes else set()
        values = self._valid(set(names) - own)
        return {name: value for name, value in values.items() if name in names}

    def at_consumer(self, consumer: str, recorded: Mapping[str, SecretStr]) -> dict[str, ConsumerVariable]:
        """What the contract sets at a consumer, from the vault and from what this run has recorded; raises as ``present`` does."""
        values = self._vault.all() | dict(recorded)
        if self._mode is Mode.DESTROY:
            names = [variable.name for variable in self._contract.consumed_by(consumer)]
            unusable = {variable.name for variable in broken(self._contract, values, names)}
            values = {name: value for name, value in values.items() if name not in unusable}
        pushed, missing = variables_for(self._contract, consumer, values, os.environ, self._vault.environment)
        if self._mode.checks:
            require(self._contract, missing, self._slug, self._vault.environment)
        return pushed

    def lacking(self) -> set[str]:
        """The variables that this section needs and the vault does not have, as in a dry run of this section alone."""
        return set(self._needs()) - self._vault.all().keys()

    def require_needs(self) -> None:
        """Refuse now what would fail later: a value that does not match, or, if the mode makes or checks, a missing one."""
        if self._mode is Mode.DESTROY:
            return
        values = self._valid(self._contract.taken_by(self._slug))
        if self._mode.makes or self._mode is Mode.VERIFY:
            refuse_missing(operator_values(self._contract, [self._slug]), values, self._vault.environment)
            self.present(self._needs())

    def _needs(self) -> list[str]:
        return [variable.name for variable in self._contract.needed_by(self._slug) if not variable.optional]

    def _valid(self, names: Collection[str]) -> dict[str, SecretStr]:
        """All values of the vault; raises InvalidValue if one of the named ones does not match its pattern."""
        values = self._vault.all()
        if self._mode is not Mode.DESTROY:
            refuse_broken(self._contract, values, names, self._vault.environment)
        return values
