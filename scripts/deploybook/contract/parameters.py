"""What the contract says of the runbooks' parameters, and of the placeholders in the guide's commands."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from deploybook.contract.definitions import Definition
from deploybook.contract.nearest import nearest_accepted
from deploybook.errors import InvalidValue


class Parameter(Definition):
    """The rule for one runbook parameter; its type and default stand in the notebook.

    ``named`` is what an empty one means, with ``{environment}`` in it, so that two environments never share a name by accident;
    ``named_in`` has the exceptions, by environment. ``once``: it is for one run, and no settings file keeps it. ``external``: it names
    something of the operator's that the sandbox does not have. ``required_to`` has, by section, the modes that cannot do without it,
    unless there is what ``instead`` names: another parameter, or an environment variable. ``entries`` are the sections' entries for
    one that is missing; ``example`` is shown where it is asked for.
    """

    pattern: str | None = None
    named: str = ""
    named_in: dict[str, str] = Field(default_factory=dict)
    choices: tuple[str, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None
    once: bool = False
    external: bool = False
    required_to: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    entries: dict[str, str] = Field(default_factory=dict)
    instead: dict[str, str] = Field(default_factory=dict)
    example: str = ""
    description: str

    def validate_value(self, name: str, value: object) -> None:
        """Raise InvalidValue, naming the parameter and what is allowed."""
        if self.named and value == "":
            return
        if self.choices is not None and value not in self.choices:
            allowed = ", ".join(repr(choice) for choice in self.choices)
            raise self._refusal(name, value, f"Use one of {allowed}.")
        if self.pattern is not None and not self._matches(value):
            raise self._refusal(name, value, self.description)
        below = self.minimum is not None and isinstance(value, int) and value < self.minimum
        above = self.maximum is not None and isinstance(value, int) and value > self.maximum
        if below or above:
            raise InvalidValue(f"Parameter {name} is {value!r}.", f"Use {self.minimum} to {self.maximum}.")

    def _matches(self, value: object) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern or "", value) is not None

    def _refusal(self, name: str, value: object, allowed: str) -> InvalidValue:
        """The error for a value of another form, with the one that was probably meant."""
        near = nearest_accepted(value, self._matches, self.choices or ()) if isinstance(value, str) else ""
        return InvalidValue(f"Parameter {name} is {value!r}.", allowed).suggesting(str(value), near)

    def resolved(self, value: object, environment: str) -> object:
        """The value, or the environment's own name for one that is empty."""
        if value != "" or not self.named:
            return value
        return self.named_in.get(environment, self.named.replace("{environment}", environment))


class Placeholder(Definition):
    """A word in angle brackets of the guide's commands that is no variable, nor a parameter of the same name.

    ``parameter`` is the one whose value stands there, else ``pattern`` is its form; ``section`` is where it becomes known.
    """

    description: str
    parameter: str | None = None
    pattern: str | None = None
    section: str | None = None

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        if (self.parameter is None) == (self.pattern is None):
            raise ValueError("a placeholder has either a parameter or a pattern")
        return self
