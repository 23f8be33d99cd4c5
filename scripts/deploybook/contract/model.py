"""The contract: every section, variable, credential and parameter, and what follows from them.

Read from ``runbooks/contract.toml``; nothing else in the project defines a variable.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from deploybook.errors import InvalidValue, UnknownParameter

# The section that sets the variables at each consumer. A consumer is a place in the outside world, or a later section.
CONSUMERS = {
    "vercel": "vercel",
    "render": "render",
    "modal:r2-credentials": "modal",
    "modal:render-auth": "modal",
    "github": "ci_cd",
    "end_to_end": "end_to_end",
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Model):
    """One section of the checklist and its runbook; ``outcome`` is its *Done when* sentence.

    ``after`` names sections that it must not run beside, though it takes no variable from them.
    """

    slug: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    outcome: str
    after: tuple[str, ...] = ()


class Variable(_Model):
    """A variable of the application. Exactly one of ``section``, ``value``, ``same_as``, ``credential`` or ``optional`` feeds it.

    One that is the ``same_as`` another is as secret as that one, and has its form: the contract fills both in.
    """

    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    section: str | None = None
    value: str | None = None
    same_as: str | None = None
    credential: bool = False
    optional: bool = False
    consumers: tuple[str, ...] = ()
    secret: bool = False
    pattern: str = r"\S+"
    example: str = ""
    description: str

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        sources = [self.section, self.value, self.same_as, self.credential or None]
        given = sum(source is not None for source in sources)
        if given > 1 or (given == 0 and not self.optional):
            raise ValueError(f"{self.name} needs exactly one of section, value, same_as or credential")
        if self.same_as and self.model_fields_set & {"secret", "pattern", "example"}:
            raise ValueError(f"{self.name} takes secret, pattern and example from {self.same_as}: leave them out")
        if self.section and not re.fullmatch(self.pattern, self.example):
            raise ValueError(f"the example of {self.name} does not match its own pattern")
        return self

    def validate_value(self, value: str) -> None:
        """Raise InvalidValue unless ``value`` has this variable's form. A secret is never quoted in the message."""
        if re.fullmatch(self.pattern, value):
            return
        if value != value.strip():
            problem = "has white space at its start or end"
        elif self.secret:
            problem = f"is {len(value)} characters long and does not match {self.pattern}"
        else:
            problem = f"is {value!r} and does not match {self.pattern}"
        raise InvalidValue(f"{self.name} {problem}.", f"Give it as: {self.description}")


class Credential(_Model):
    """An operator's own credential or identifier, read from the environment and never passed on unless the contract says so."""

    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    sections: tuple[str, ...]
    secret: bool = False
    made_at: str
    permissions: str
    check: str


class Parameter(_Model):
    """The rule for one runbook parameter; its type and default stand in the notebook."""

    pattern: str | None = None
    choices: tuple[str, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None
    description: str

    def validate_value(self, name: str, value: object) -> None:
        """Raise InvalidValue, naming the parameter and what is allowed."""
        if self.choices is not None and value not in self.choices:
            allowed = ", ".join(repr(choice) for choice in self.choices)
            raise InvalidValue(f"Parameter {name} is {value!r}.", f"Use one of {allowed}.")
        if self.pattern is not None and not (isinstance(value, str) and re.fullmatch(self.pattern, value)):
            raise InvalidValue(f"Parameter {name} is {value!r}.", self.description)
        below = self.minimum is not None and isinstance(value, int) and value < self.minimum
        above = self.maximum is not None and isinstance(value, int) and value > self.maximum
        if below or above:
            raise InvalidValue(f"Parameter {name} is {value!r}.", f"Use {self.minimum} to {self.maximum}.")


class Placeholder(_Model):
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


class Contract(_Model):
    """The whole contract. Construction refuses duplicates, unknown names, a consumer without producer, and cycles."""

    sections: tuple[Section, ...] = Field(alias="section")
    variables: tuple[Variable, ...] = Field(alias="variable")
    credentials: tuple[Credential, ...] = Field(alias="credential")
    parameters: dict[str, Parameter]
    placeholders: dict[str, Placeholder] = Field(default_factory=dict)

    @field_validator("variables")
    @classmethod
    def _another_name_is_no_other_thing(cls, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        origins = {variable.name: variable for variable in variables}
        return tuple(_like(variable, origins.get(variable.same_as or "")) for variable in variables)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        _refuse_duplicates("section", [section.slug for section in self.sections])
        _refuse_duplicates("variable", [variable.name for variable in self.variables])
        _refuse_duplicates("credential", [credential.name for credential in self.credentials])
        slugs = {section.slug for section in self.sections}
        for section in self.sections:
            if unknown := set(section.after) - slugs:
                raise ValueError(f"section {section.slug} comes after the unknown section {sorted(unknown)[0]}")
        for variable in self.variables:
            _check_references(variable, slugs, self)
        for credential in self.credentials:
            unknown = set(credential.sections) - slugs
            if unknown:
                raise ValueError(f"credential {credential.name} names the unknown section {sorted(unknown)[0]}")
        for name, placeholder in self.placeholders.items():
            if placeholder.parameter and placeholder.parameter not in self.parameters:
                raise ValueError(f"placeholder {name} stands for the unknown parameter {placeholder.parameter}")
            if placeholder.section and placeholder.section not in slugs:
                raise ValueError(f"placeholder {name} is known after the unknown section {placeholder.section}")
        self.order()
        return self

    def section(self, slug: str) -> Section:
        """The section of this slug; raises UnknownParameter naming those that exist."""
        for section in self.sections:
            if section.slug == slug:
                return section
        known = ", ".join(section.slug for section in self.sections)
        raise UnknownParameter(f"There is no section {slug}.", f"Use one of {known}.")

    def variable(self, name: str) -> Variable:
        """The variable of this name; raises UnknownParameter."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise UnknownParameter(f"{name} is not in the contract.", "Define it in runbooks/contract.toml.")

    def origin(self, variable: Variable) -> Variable:
        """The variable whose value this one has: itself, or the one that it is another name for."""
        return self.variable(variable.same_as) if variable.same_as else variable

    def produced_by(self, slug: str) -> list[Variable]:
        """What the section records."""
        return [variable for variable in self.variables if variable.section == slug]

    def consumed_by(self, consumer: str) -> list[Variable]:
        """What must be set at one consumer, such as ``vercel`` or ``modal:render-auth``."""
        return [variable for variable in self.variables if consumer in variable.consumers]

    def needed_by(self, slug: str) -> list[Variable]:
        """What the section takes from the vault: produced by other sections, consumed by a place that this one sets."""
        places = {place for place, section in CONSUMERS.items() if section == slug}
        needed = [self.origin(variable) for variable in self.variables if places & set(variable.consumers)]
        wanted = {variable.name for variable in needed if variable.section and variable.section != slug}
        return [variable for variable in self.variables if variable.name in wanted]

    def predecessors(self, slug: str) -> set[str]:
        """The sections that must have run before this one can."""
        return {variable.section for variable in self.needed_by(slug) if variable.section and not variable.optional}

    def comes_after(self, slug: str) -> set[str]:
        """The sections that must have ended before this one starts, if they run at all."""
        return self.predecessors(slug) | set(self.section(slug).after)

    def order(self) -> list[str]:
        """The slugs in an order in which each section comes after those it needs; ties keep the order of the file."""
        waiting = [section.slug for section in self.sections]
        done: list[str] = []
        while waiting:
            ready = next((slug for slug in waiting if self.comes_after(slug) <= set(done)), None)
            if ready is None:
                raise ValueError(f"the sections {', '.join(waiting)} need each other in a cycle")
            waiting.remove(ready)
            done.append(ready)
        return done

    def credentials_for(self, slug: str) -> list[Credential]:
        """The operator's credentials that a section reads."""
        return [credential for credential in self.credentials if slug in credential.sections]


def _refuse_duplicates(kind: str, names: list[str]) -> None:
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"the {kind} {sorted(repeated)[0]} is defined twice")


def _like(variable: Variable, origin: Variable | None) -> Variable:
    if origin is None:
        return variable
    return variable.model_copy(update={"secret": origin.secret, "pattern": origin.pattern, "example": origin.example})


def _check_references(variable: Variable, slugs: set[str], contract: Contract) -> None:
    if variable.section and variable.section not in slugs:
        raise ValueError(f"{variable.name} is produced by the unknown section {variable.section}")
    for consumer in variable.consumers:
        if CONSUMERS.get(consumer) not in slugs:
            raise ValueError(f"{variable.name} names the unknown consumer {consumer}")
    names = {each.name for each in contract.variables}
    if variable.same_as and variable.same_as not in names:
        raise ValueError(f"{variable.name} is the same as the unknown {variable.same_as}")
    if variable.same_as and contract.variable(variable.same_as).same_as:
        raise ValueError(f"{variable.name} is the same as {variable.same_as}, itself another's name: name the origin")
    if variable.credential and variable.name not in {each.name for each in contract.credentials}:
        raise ValueError(f"{variable.name} has no producer: no credential of that name")


def parse_contract(text: str, source: str = "contract.toml") -> Contract:
    """The contract from TOML text; raises InvalidValue with the first thing that is wrong."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
        return Contract.model_validate(data)
    except tomllib.TOMLDecodeError as problem:
        raise InvalidValue(f"{source} is not TOML: {problem}.", "Correct the line that it names.") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise InvalidValue(
            f"{source} is not a contract: {place + ': ' if place else ''}{message}.", "Correct it."
        ) from None


@cache
def load_contract(path: Path) -> Contract:
    """The contract in a file; raises InvalidValue if it is absent or wrong."""
    if not path.is_file():
        raise InvalidValue(f"There is no contract at {path}.", "Run deploybook in a checkout of the guide.")
    return parse_contract(path.read_text(encoding="utf-8"), path.name)
