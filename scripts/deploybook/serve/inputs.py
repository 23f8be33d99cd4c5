"""What was typed into the pages for one environment: credentials and parameters, in this process's memory and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from deploybook.contract.model import Contract
from deploybook.errors import InvalidValue, UnknownParameter


@dataclass
class Inputs:
    """Of one environment."""

    credentials: dict[str, SecretStr] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


class Memory:
    """The inputs of each environment."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._inputs: dict[str, Inputs] = {}

    def of(self, environment: str) -> Inputs:
        """Those of one environment."""
        return self._inputs.setdefault(environment, Inputs())

    def secrets(self) -> list[SecretStr]:
        """All that must not be seen."""
        secret = {credential.name for credential in self._contract.credentials if credential.secret}
        return [
            value for inputs in self._inputs.values() for name, value in inputs.credentials.items() if name in secret
        ]

    def keep(self, environment: str, values: Mapping[str, str]) -> dict[str, str]:
        """Keep each value that has its form; returns what is wrong with the others, by name, without the value. An empty one forgets.

        Raises UnknownParameter for a name that is neither a credential nor a parameter.
        """
        problems: dict[str, str] = {}
        for name, value in values.items():
            if problem := self._keep(self.of(environment), name, value):
                problems[name] = problem
        return problems

    def _keep(self, inputs: Inputs, name: str, value: str) -> str:
        credential = next((credential for credential in self._contract.credentials if credential.name == name), None)
        if credential is None and name not in self._contract.parameters:
            raise UnknownParameter(f"There is no credential or parameter {name}.", "Reload the page.")
        if not value:
            inputs.credentials.pop(name, None)
            inputs.parameters.pop(name, None)
        elif credential:
            if problem := credential.problem(value):
                return f"{name} {problem}."
            inputs.credentials[name] = SecretStr(value)
        else:
            try:
                self._contract.parameters[name].validate_value(name, value)
            except InvalidValue as problem:
                return f"{problem} {problem.hint}"
            inputs.parameters[name] = value
        return ""
