"""The tracking table: each variable of the contract, who produces it, who consumes it, and whether the vault has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.redact import fingerprint


@dataclass(frozen=True)
class InventoryRow:
    """One row. ``value`` is kept for its fingerprint alone."""

    variable: Variable
    source: str
    in_vault: bool
    value: SecretStr | None = None

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.variable.name

    @property
    def where(self) -> str:
        """Where its value is, in the words of the table."""
        if self.variable.value is not None:
            return "fixed"
        if self.variable.credential:
            return "in your shell" if self.value else "not in your shell"
        if self.in_vault and self.value and not self.variable.matches(self.value.get_secret_value()):
            return "has the wrong form"
        return "yes" if self.in_vault else "no"

    @property
    def fingerprint(self) -> str:
        """The fingerprint of a secret that has a value; empty for all else."""
        return fingerprint(self.value) if self.variable.secret and self.value else ""


def track(contract: Contract, vault_values: Mapping[str, SecretStr], environ: Mapping[str, str]) -> list[InventoryRow]:
    """A row for each variable, in the contract's order; credentials come from ``environ``."""
    return [_tracked(contract, variable, vault_values, environ) for variable in contract.variables]


def _tracked(
    contract: Contract, variable: Variable, vault_values: Mapping[str, SecretStr], environ: Mapping[str, str]
) -> InventoryRow:
    origin = contract.origin(variable)
    if origin.credential:
        exported = environ.get(origin.name)
        return InventoryRow(variable, source(contract, variable), False, SecretStr(exported) if exported else None)
    value = vault_values.get(origin.name)
    return InventoryRow(variable, source(contract, variable), value is not None, value)


def source(contract: Contract, variable: Variable) -> str:
    """Who produces a variable, in the words of the table."""
    if variable.section:
        return contract.section(variable.section).title
    if variable.same_as:
        return f"same as {variable.same_as}"
    if variable.value is not None:
        return "fixed"
    return "you" if variable.credential or variable.from_operator else "you, if wanted"
