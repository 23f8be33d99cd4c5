"""The environments of a checkout: those with a state or settings."""

from __future__ import annotations

from pathlib import Path

from deploybook.contract.model import Contract
from deploybook.contract.nearest import did_you_mean, mistyped
from deploybook.contract.validation import DEFAULT_ENVIRONMENT
from deploybook.errors import InvalidValue
from deploybook.layout import Layout

# What each environment has in the state's folder, behind its name.
SUFFIXES = (".env", ".held.json", ".made.json", ".pins.json", ".last_writes.json", ".observed.json")


def known_environments(layout: Layout, contract: Contract) -> list[str]:
    """The names of the environments that have a vault, a ledger, pins, last writes or a settings file, in alphabetical order."""
    names = {_name(path) for path in _files(layout.state) if path.name.endswith(SUFFIXES)}
    names |= {path.stem for path in _files(layout.root / "runbooks" / "parameters") if path.suffix == ".yaml"}
    return sorted(name for name in names if _is_name(contract, name))


def require_environment(layout: Layout, contract: Contract, environment: str) -> None:
    """Raise UnknownParameter for an unknown environment: it has nothing to verify, compare or destroy.

    The default one is left to say what it lacks.
    """
    environments = known_environments(layout, contract)
    if environment in environments or environment == DEFAULT_ENVIRONMENT:
        return
    hint = (
        f"There are {', '.join(environments)}."
        if environments
        else "None was made from this checkout, and none has a settings file."
    )
    raise mistyped(f"There is no environment {environment}.", environment, environments, hint)


def doubt_about(layout: Layout, contract: Contract, environment: str) -> str:
    """A warning before another new environment is begun; empty if the environment is known, or is the first."""
    environments = known_environments(layout, contract)
    if environment in environments or not environments:
        return ""
    near = did_you_mean(environment, environments)
    return (
        f"{environment} is a new environment: nothing is known of it here. {near}There are {', '.join(environments)}."
    )


def _is_name(contract: Contract, name: str) -> bool:
    try:
        contract.parameters["environment"].validate_value("environment", name)
    except InvalidValue:
        return False
    return True


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _name(path: Path) -> str:
    return path.name.partition(".")[0]
