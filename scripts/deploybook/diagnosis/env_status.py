"""How each variable at the providers compares with the vault. All providers are asked at the same time, and no value is shown."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from deploybook.clouds.comparison import Compare, ConsumerDrift, DriftStatus, VariableDrift, Wanted
from deploybook.clouds.connections import Connections
from deploybook.contract.consumers import variables_for
from deploybook.contract.definitions import Comparison, Consumer, Provider
from deploybook.contract.model import Contract
from deploybook.errors import DeploybookError, MissingVariable
from deploybook.state.last_writes import LastWrites


@dataclass(frozen=True)
class ComparedProvider:
    """A provider with the consumers that can be compared there, and the credentials without which it is not asked."""

    provider: Provider
    consumers: tuple[Consumer, ...]
    credentials: tuple[str, ...]

    @property
    def title(self) -> str:
        """The provider's title."""
        return self.provider.title

    def comparison(self) -> Compare:
        """``compare`` of ``clouds/<provider>/comparing.py``, imported here so that a provider that is not asked costs no time."""
        compare: Compare = importlib.import_module(f"deploybook.clouds.{self.provider.name}.comparing").compare
        return compare


def compared_providers(contract: Contract, comparison: Comparison | None = None) -> tuple[ComparedProvider, ...]:
    """The providers with a consumer that can be compared, or compared in this one way, in the order of the consumers."""
    by_provider: dict[str, list[Consumer]] = {}
    for consumer in contract.consumers:
        if consumer.provider and consumer.compared and comparison in {None, consumer.compared}:
            by_provider.setdefault(consumer.provider, []).append(consumer)
    return tuple(_compared(contract, contract.provider(name), at) for name, at in by_provider.items())


def _compared(contract: Contract, provider: Provider, consumers: Sequence[Consumer]) -> ComparedProvider:
    required = tuple(credential.name for credential in contract.credentials_of(provider) if not credential.optional)
    return ComparedProvider(provider, tuple(consumers), required)


@dataclass(frozen=True)
class Status:
    """Drift by consumer, then by variable. ``unasked`` and ``problems`` say, by provider, why there is nothing to compare."""

    by_consumer: Mapping[str, ConsumerDrift]
    unasked: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, DeploybookError] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, VariableDrift]:
        """One variable's drift, by consumer."""
        return {consumer: drift[name] for consumer, drift in self.by_consumer.items() if name in drift}

    def differences(self) -> list[str]:
        """What something has to be done about, as ``NAME at CONSUMER: standing``."""
        return [
            f"{name} at {consumer}: {variable.standing}"
            for consumer, drift in self.by_consumer.items()
            for name, variable in drift.items()
            if variable.standing.is_difference
        ]


@dataclass(frozen=True)
class Question:
    """What a comparison needs. ``parameters`` are those of each section's runbook, by section."""

    contract: Contract
    stored: Mapping[str, SecretStr]
    environ: Mapping[str, str]
    last_writes: LastWrites
    parameters: Mapping[str, Mapping[str, Any]]

    def wanted(self, consumer: str) -> Wanted:
        """What one consumer should have."""
        values, _ = variables_for(self.contract, consumer, self.stored, self.environ)
        return Wanted(consumer, tuple(self.contract.consumed_by(consumer)), values)


def ask(question: Question, clouds: Connections, providers: Sequence[ComparedProvider]) -> Status:
    """Compare at every provider with its credentials set. A provider that refuses is a problem and stops no other."""
    by_consumer: dict[str, ConsumerDrift] = {}
    unasked: dict[str, str] = {}
    problems: dict[str, DeploybookError] = {}
    with ThreadPoolExecutor(max(len(providers), 1)) as pool:
        answers = pool.map(lambda provider: _ask_provider(question, clouds, provider), providers)
        for provider, answer in zip(providers, answers, strict=True):
            if isinstance(answer, MissingVariable):
                unasked[provider.title] = str(answer)
            elif isinstance(answer, DeploybookError):
                problems[provider.title] = answer
            by_consumer |= answer if isinstance(answer, dict) else _unknown(question, provider, answer)
    return Status(by_consumer, unasked, problems)


def _ask_provider(
    question: Question, clouds: Connections, provider: ComparedProvider
) -> dict[str, ConsumerDrift] | DeploybookError:
    for name in provider.credentials:
        if not question.environ.get(name):
            return MissingVariable(f"{name} is not set.", f"Export {name}; the prerequisites say where it is made.")
    try:
        compare = provider.comparison()
        return {
            consumer.name: compare(
                clouds,
                question.wanted(consumer.name),
                question.last_writes,
                question.parameters.get(consumer.section, {}),
            )
            for consumer in provider.consumers
        }
    except DeploybookError as error:
        return error


def _unknown(question: Question, provider: ComparedProvider, reason: DeploybookError) -> dict[str, ConsumerDrift]:
    standing = DriftStatus.NOT_ASKED if isinstance(reason, MissingVariable) else DriftStatus.UNTELLABLE
    return {
        consumer.name: {
            variable.name: VariableDrift(standing)
            for variable in question.contract.consumed_by(consumer.name)
            if not variable.optional or variable.name in question.stored
        }
        for consumer in provider.consumers
    }
