"""The contract: every section, provider, consumer, variable, credential and parameter, and what follows from them.

Read from ``runbooks/contract.toml``; nothing else in the project defines one of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator

from deploybook.contract.definitions import Consumer, Credential, Property, Provider, Section, Variable
from deploybook.contract.nearest import mistyped, nearest
from deploybook.contract.tables import Tables
from deploybook.errors import InvalidValue, UnknownParameter


class Contract(Tables):
    """The contract, and what follows from its tables. Construction also refuses sections that need each other in a cycle."""

    @model_validator(mode="after")
    def _has_an_order(self) -> Self:
        self.order()
        return self

    def section(self, slug: str) -> Section:
        """The section of this slug; raises UnknownParameter naming those that exist."""
        for section in self.sections:
            if section.slug == slug:
                return section
        slugs = [section.slug for section in self.sections]
        raise mistyped(f"There is no section {slug}.", slug, slugs, f"Use one of {', '.join(slugs)}.")

    def variable(self, name: str) -> Variable:
        """The variable of this name; raises UnknownParameter, with the name that it may have been meant to be."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        names = [variable.name for variable in self.variables]
        otherwise = "" if nearest(name, names) else "Define it in runbooks/contract.toml."
        raise mistyped(f"{name} is not in the contract.", name, names, otherwise)

    def origin(self, variable: Variable) -> Variable:
        """The variable whose value this one has: itself, or the one that it is another name for."""
        return self.variable(variable.same_as) if variable.same_as else variable

    def property_of(self, name: str) -> Property:
        """The property of this name; raises UnknownParameter."""
        for entry in self.properties:
            if entry.name == name:
                return entry
        names = [entry.name for entry in self.properties]
        raise mistyped(f"There is no property {name}.", name, names, f"Use one of {', '.join(names)}.")

    def named(self, parameter: str, value: object, environment: str) -> object:
        """A parameter's value in an environment: an empty name is the environment's own."""
        rule = self.parameters.get(parameter)
        return rule.resolved(value, environment) if rule else value

    def produced_by(self, slug: str) -> list[Variable]:
        """What the section records."""
        return [variable for variable in self.variables if variable.section == slug]

    def consumed_by(self, consumer: str) -> list[Variable]:
        """The variables that are set at one consumer, such as ``vercel`` or ``modal:render-auth``."""
        return [variable for variable in self.variables if consumer in variable.consumers]

    def consumer(self, name: str) -> Consumer:
        """The consumer of this name; raises UnknownParameter."""
        for consumer in self.consumers:
            if consumer.name == name:
                return consumer
        names = [consumer.name for consumer in self.consumers]
        raise mistyped(f"There is no consumer {name}.", name, names, f"Use one of {', '.join(names)}.")

    def provider(self, name: str) -> Provider:
        """The provider of this name; raises UnknownParameter."""
        for provider in self.providers:
            if provider.name == name:
                return provider
        raise UnknownParameter(
            f"There is no provider {name}.", f"Use one of {', '.join(provider.name for provider in self.providers)}."
        )

    def consumers_set_by(self, slug: str) -> list[Consumer]:
        """The consumers whose variables the section sets."""
        return [consumer for consumer in self.consumers if consumer.section == slug]

    def checks_the_whole(self, slug: str) -> bool:
        """Whether the section checks the whole application: it sets no variable at a provider."""
        return any(consumer.provider is None for consumer in self.consumers_set_by(slug))

    def needed_by(self, slug: str) -> list[Variable]:
        """The variables that other sections produce and that this section sets at a consumer."""
        places = {consumer.name for consumer in self.consumers_set_by(slug)}
        needed = [self.origin(variable) for variable in self.variables if places & set(variable.consumers)]
        wanted = {variable.name for variable in needed if variable.section and variable.section != slug}
        return [variable for variable in self.variables if variable.name in wanted]

    def taken_by(self, slug: str) -> list[str]:
        """The names of the variables, required or not, that the section reads from the vault and does not produce."""
        places = {consumer.name for consumer in self.consumers_set_by(slug)}
        origins = {self.origin(variable).name for variable in self.variables if places & set(variable.consumers)}
        return [
            variable.name
            for variable in self.variables
            if variable.name in origins
            and variable.section != slug
            and variable.value is None
            and not variable.credential
        ]

    def predecessors(self, slug: str) -> set[str]:
        """The sections that must have run before this one can."""
        return {variable.section for variable in self.needed_by(slug) if variable.section and not variable.optional}

    def comes_after(self, slug: str) -> set[str]:
        """The sections that must have ended before this one starts, if they run at all."""
        return self.predecessors(slug) | set(self.section(slug).after)

    def all_predecessors(self, slug: str) -> list[str]:
        """All sections that this one needs, directly or through others, in the contract's order."""
        return self._ordered(_closure(self.predecessors, slug))

    def all_before(self, slug: str) -> list[str]:
        """All sections that must have ended before this one starts, directly or through others, in the contract's order."""
        return self._ordered(_closure(self.comes_after, slug))

    def order(self) -> list[str]:
        """The slugs in an order in which each section comes after those it needs; ties keep the order of the file."""
        return list(self._in_order)

    @cached_property
    def _in_order(self) -> tuple[str, ...]:
        waiting = [section.slug for section in self.sections]
        ordered: list[str] = []
        while waiting:
            ready = next((slug for slug in waiting if self.comes_after(slug) <= set(ordered)), None)
            if ready is None:
                raise ValueError(f"the sections {', '.join(waiting)} need each other in a cycle")
            waiting.remove(ready)
            ordered.append(ready)
        return tuple(ordered)

    def credentials_for(self, slug: str) -> list[Credential]:
        """The operator's credentials that a section reads."""
        return [credential for credential in self.credentials if slug in credential.sections]

    def credentials_of(self, provider: Provider) -> list[Credential]:
        """The operator's credentials at one provider."""
        return [credential for credential in self.credentials if credential.provider == provider.name]

    def operator_names(self) -> frozenset[str]:
        """Every environment variable under which an operator may hold a credential, a variable or an endpoint of the guide's."""
        names = {credential.name for credential in self.credentials} | {variable.name for variable in self.variables}
        return frozenset(names.union(*({*provider.endpoints, *provider.tool_variables} for provider in self.providers)))

    def operator_prefixes(self) -> tuple[str, ...]:
        """The providers' own prefixes: every environment variable that begins with one belongs to the operator."""
        return tuple(prefix for provider in self.providers for prefix in provider.prefixes)

    def is_operators(self, name: str) -> bool:
        """Whether an environment variable belongs to the operator's use of the providers."""
        return name in self.operator_names() or name.startswith(self.operator_prefixes())

    def _ordered(self, slugs: Collection[str]) -> list[str]:
        return [slug for slug in self.order() if slug in slugs]


def _closure(before: Callable[[str], set[str]], slug: str) -> set[str]:
    reached: set[str] = set()
    waiting = [slug]
    while waiting:
        new = before(waiting.pop()) - reached
        reached |= new
        waiting += new
    return reached


def parse_contract(text: str, source: str = "contract.toml") -> Contract:
    """Parse a contract from TOML text; raises InvalidValue with the first problem."""
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
