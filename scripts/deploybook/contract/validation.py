"""That values have the form which the contract gives them, looked at whenever they leave the vault, and how a broken one is repaired."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from pydantic import SecretStr

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.errors import InvalidValue, MissingVariable

# The environment that commands mean where none is named.
DEFAULT_ENVIRONMENT = "production"


def broken(contract: Contract, held: Mapping[str, SecretStr], names: Iterable[str]) -> list[Variable]:
    """Those of the named variables whose value in ``held`` does not have the contract's form; another's name stands for the other."""
    origins = {contract.origin(contract.variable(name)).name: None for name in names}
    variables = [contract.variable(name) for name in origins if name in held]
    return [variable for variable in variables if not variable.matches(held[variable.name].get_secret_value())]


def refuse_broken(contract: Contract, held: Mapping[str, SecretStr], names: Iterable[str], environment: str) -> None:
    """Raise InvalidValue naming each of the variables whose value in the vault has not its form, never a value."""
    variables = broken(contract, held, names)
    if not variables:
        return
    first, listed = variables[0], ", ".join(variable.name for variable in variables)
    has = "has not its form" if len(variables) == 1 else "have not their form"
    problem = first.problem(held[first.name].get_secret_value())
    message = f"{listed} in the vault of {environment} {has}: {first.name} {problem}."
    raise InvalidValue(message, repair(first, environment))


def refuse_missing(variables: Iterable[Variable], held: Container[str], environment: str) -> None:
    """Raise MissingVariable naming those of the operator's values that are not ``held``, and the commands that set them."""
    lacking = [variable.name for variable in variables if variable.name not in held]
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
    return f"deploybook env set {name}{_in(environment)}"


def repair(variable: Variable, environment: str) -> str:
    """What an operator does about a value that is not right."""
    given = f"Run {set_command(variable.name, environment)} and give the right value"
    if variable.rotates:
        renewed = f"deploybook run {variable.section} --mode apply -p rotate true{_in(environment)}"
        return f"{given}, or {renewed} if it is lost."
    return f"{given}."


def _in(environment: str) -> str:
    return "" if environment == DEFAULT_ENVIRONMENT else f" --environment {environment}"
