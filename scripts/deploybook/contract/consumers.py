"""The contract's variables for one consumer, each with the value from its own source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.contract.validation import DEFAULT_ENVIRONMENT, obtain, refuse_broken, refuse_missing
from deploybook.errors import MissingVariable


@dataclass(frozen=True)
class ConsumerVariable:
    """One variable as a consumer should have it; ``secret`` says whether the consumer must hide it."""

    name: str
    value: SecretStr
    secret: bool


def variables_for(
    contract: Contract,
    consumer: str,
    vault_values: Mapping[str, SecretStr],
    environ: Mapping[str, str],
    environment: str = DEFAULT_ENVIRONMENT,
) -> tuple[dict[str, ConsumerVariable], list[str]]:
    """The variables of a consumer (``vercel``, ``modal:r2-credentials`` …) by name, and the required ones that have no value yet.

    The operator's credentials come from ``environ``. An optional variable without a value is left out.
    Raises InvalidValue for a value that does not match its pattern; ``environment`` names the vault in the command that repairs it.
    """
    refuse_broken(contract, vault_values, [variable.name for variable in contract.consumed_by(consumer)], environment)
    pushed: dict[str, ConsumerVariable] = {}
    missing: list[str] = []
    for variable in contract.consumed_by(consumer):
        origin = contract.origin(variable)
        value = _value(origin, vault_values, environ)
        if value is not None:
            pushed[variable.name] = ConsumerVariable(variable.name, value, variable.secret)
        elif not variable.optional:
            missing.append(variable.name)
    return pushed, missing


def require(contract: Contract, missing: list[str], slug: str, environment: str) -> None:
    """Raise MissingVariable for a missing credential of the operator's, else for the first missing variable of another section."""
    own = [contract.origin(contract.variable(name)) for name in missing]
    refuse_missing([variable for variable in own if variable.from_operator], (), environment)
    for name in missing:
        origin = contract.origin(contract.variable(name))
        if origin.credential:
            raise MissingVariable(
                f"{origin.name} is not set.", f"Export {origin.name}; the prerequisites say where it is made."
            )
        if origin.section != slug:
            raise MissingVariable(
                f"{origin.name} is not in the vault of {environment}.",
                obtain(origin, environment, slug),
                "not-in-the-vault",
            )


def _value(origin: Variable, vault_values: Mapping[str, SecretStr], environ: Mapping[str, str]) -> SecretStr | None:
    if origin.value is not None:
        return SecretStr(origin.value)
    if origin.credential:
        return SecretStr(environ[origin.name]) if environ.get(origin.name) else None
    return vault_values.get(origin.name)
