"""Checks that values match the contract's patterns whenever they leave the vault, and says how to repair one that does not."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from pydantic import SecretStr

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.errors import InvalidValue, MissingVariable

# The environment that commands use when none is named.
DEFAULT_ENVIRONMENT = "production"


def broken(contract: Contract, vault_values: Mapping[str, SecretStr], names: Iterable[str]) -> list[Variable]:
    """The named variables whose value does not match its pattern; a variable that has another's value counts as that one."""
    origins = {contract.origin(contract.variable(name)).name: None for name in names}
    variables = [contract.variable(name) for name in origins if name in vault_values]
    return [variable for variable in variables if not variable.matches(vault_values[variable.name].get_secret_value())]


def refuse_broken(
    contract: Contract, vault_values: Mapping[str, SecretStr], names: Iterable[str], environment: str
) -> None:
    """Raise InvalidValue that names each variable whose value does not match its pattern. It never quotes a value."""
    variables = broken(contract, vault_values, names)
    if not variables:
        return
    first, listed = variables[0], ", ".join(variable.name for variable in variables)
    has = "has the wrong form" if len(variables) == 1 else "have the wrong form"
    problem = first.problem(vault_values[first.name].get_secret_value())
    message = f"{listed} in the vault of {environment} {has}: {first.name} {problem}."
    raise InvalidValue(message, repair(first, environment))


def refuse_missing(variables: Iterable[Variable], stored: Container[str], environment: str) -> None:
    """Raise MissingVariable that names the variables which are not ``stored``, and the commands that set them."""
    lacking = [variable.name for variable in variables if variable.name not in stored]
    if not lacking:
        return
    are, them = ("is", "it") if len(lacking) == 1 else ("are", "them")
    raise MissingVariable(
        f"{', '.join(lacking)} {are} not in the vault of {environment}, and only you can give {them}.",
        f"Run {' && '.join(set_command(name, environment) for name in lacking)}.",
        "not-in-the-vault",
    )


def operator_values(contract: Contract, slugs: Iterable[str]) -> list[Variable]:
    """The values that only the operator has and that these sections set somewhere, in the contract's order."""
    places = {consumer.name for slug in slugs for consumer in contract.consumers_set_by(slug)}
    return [variable for variable in contract.variables if variable.from_operator and places & set(variable.consumers)]


def set_command(name: str, environment: str) -> str:
    """The command that puts a variable's value into the vault."""
    return f"deploybook env set {name}{in_environment(environment)}"


def obtain(variable: Variable, environment: str, slug: str) -> str:
    """The hint for a value that an earlier section makes and the vault lacks, where ``slug`` needs it."""
    if variable.copied_from:
        return f"Copy it ({variable.copied_from}), then run {copy_command(variable, [slug], environment)}."
    return f"Run deploybook run {variable.section} --mode apply{in_environment(environment)} first."


def copy_command(variable: Variable, slugs: Iterable[str], environment: str) -> str:
    """The command that reads a value which a person copied, has its section prove it, and goes on with the sections that need it."""
    sections = " ".join(dict.fromkeys([str(variable.section), *slugs]))
    read = f"read -rs {variable.name} && export {variable.name}"
    return f"{read} && deploybook run {sections} --mode apply{in_environment(environment)}"


def repair(variable: Variable, environment: str) -> str:
    """The hint for a value that does not match: the command that replaces it."""
    advice = f"Run {set_command(variable.name, environment)} and enter the right value"
    if variable.rotates:
        renewed = f"deploybook run {variable.section} --mode apply -p rotate true{in_environment(environment)}"
        return f"{advice}, or {renewed} if it is lost."
    return f"{advice}."


def in_environment(environment: str) -> str:
    """The option that names an environment, with the blank before it; empty for the default one."""
    return "" if environment == DEFAULT_ENVIRONMENT else f" --environment {environment}"
