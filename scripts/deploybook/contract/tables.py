"""The tables of ``runbooks/contract.toml`` as they stand there, and what each demands of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import Field, field_validator, model_validator

from deploybook.contract.definitions import (
    Consumer,
    Credential,
    Definition,
    ModeProperties,
    Property,
    Provider,
    Section,
    Variable,
)
from deploybook.contract.parameters import Parameter, Placeholder

# The parameter that the package itself reads: an environment's name breaks its rule before anything else is done.
ENVIRONMENT = "environment"


class Tables(Definition):
    """Every table. Construction refuses duplicates, unknown names, and names outside their provider's prefixes."""

    sections: tuple[Section, ...] = Field(alias="section")
    providers: tuple[Provider, ...] = Field(alias="provider")
    consumers: tuple[Consumer, ...] = Field(alias="consumer")
    variables: tuple[Variable, ...] = Field(alias="variable")
    credentials: tuple[Credential, ...] = Field(alias="credential")
    parameters: dict[str, Parameter]
    placeholders: dict[str, Placeholder] = Field(default_factory=dict)
    properties: tuple[Property, ...] = Field(alias="property", default=())
    modes: tuple[ModeProperties, ...] = Field(alias="mode", default=())

    @field_validator("variables")
    @classmethod
    def _another_name_is_no_other_thing(cls, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        origins = {variable.name: variable for variable in variables}
        return tuple(_like(variable, origins.get(variable.same_as or "")) for variable in variables)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        _refuse_duplicates("section", [section.slug for section in self.sections])
        _refuse_duplicates("provider", [provider.name for provider in self.providers])
        _refuse_duplicates("consumer", [consumer.name for consumer in self.consumers])
        _refuse_duplicates("variable", [variable.name for variable in self.variables])
        _refuse_duplicates("credential", [credential.name for credential in self.credentials])
        _refuse_duplicates("property", [entry.name for entry in self.properties])
        _refuse_duplicates("mode", [mode.name for mode in self.modes])
        _refuse_unknown_names(self)
        _refuse_other_namespaces(self)
        _refuse_what_every_runbook_lacks(self)
        return self


def _refuse_duplicates(kind: str, names: list[str]) -> None:
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"the {kind} {sorted(repeated)[0]} is defined twice")


def _like(variable: Variable, origin: Variable | None) -> Variable:
    if origin is None:
        return variable
    return variable.model_copy(update={"secret": origin.secret, "pattern": origin.pattern, "example": origin.example})


def _refuse_unknown_names(tables: Tables) -> None:
    names = {
        "section": {section.slug for section in tables.sections},
        "provider": {provider.name for provider in tables.providers},
        "consumer": {consumer.name for consumer in tables.consumers},
        "variable": {variable.name for variable in tables.variables},
        "credential": {credential.name for credential in tables.credentials},
        "parameter": set(tables.parameters),
    }
    for user, relation, kind, name in _references(tables):
        if name not in names[kind]:
            raise ValueError(f"{user} {relation} the unknown {kind} {name}")
    origins = {variable.name: variable.same_as for variable in tables.variables}
    for variable in tables.variables:
        if variable.same_as and origins[variable.same_as]:
            raise ValueError(
                f"{variable.name} is the same as {variable.same_as}, itself another's name: name the origin"
            )


def _refuse_other_namespaces(tables: Tables) -> None:
    for provider in tables.providers:
        credentials = (credential.name for credential in tables.credentials if credential.provider == provider.name)
        for name in (*provider.endpoints, *credentials):
            if not name.startswith(provider.prefixes):
                raise ValueError(f"{name} begins with no prefix of the provider {provider.name}")


def _refuse_what_every_runbook_lacks(tables: Tables) -> None:
    if ENVIRONMENT not in tables.parameters:
        raise ValueError(f"there is no parameter {ENVIRONMENT}, which every runbook has")


def _references(tables: Tables) -> Iterator[tuple[str, str, str, str]]:
    """Every reference in the contract: who refers, the relation, and the kind and name of the target."""
    for section in tables.sections:
        yield from ((f"section {section.slug}", "comes after", "section", predecessor) for predecessor in section.after)
    for provider in tables.providers:
        yield f"provider {provider.name}", "is set up by", "section", provider.section
    for consumer in tables.consumers:
        yield f"consumer {consumer.name}", "is set by", "section", consumer.section
        if consumer.provider:
            yield f"consumer {consumer.name}", "is at", "provider", consumer.provider
    for variable in tables.variables:
        yield from ((variable.name, "is set at", "consumer", consumer) for consumer in variable.consumers)
        if variable.section:
            yield variable.name, "is produced by", "section", variable.section
        if variable.same_as:
            yield variable.name, "is the same as", "variable", variable.same_as
        if variable.credential:
            yield variable.name, "is passed on from", "credential", variable.name
    for credential in tables.credentials:
        slugs = (*credential.sections, *credential.used_if_set)
        yield from ((f"credential {credential.name}", "is read by", "section", slug) for slug in slugs)
        yield f"credential {credential.name}", "is made at", "provider", credential.provider
    for name, placeholder in tables.placeholders.items():
        if placeholder.parameter:
            yield f"placeholder {name}", "stands for", "parameter", placeholder.parameter
        if placeholder.section:
            yield f"placeholder {name}", "is known after", "section", placeholder.section
