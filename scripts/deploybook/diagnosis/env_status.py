"""How the vault's variables stand at the places that consume them; each place is asked at the same time, and no value is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from deploybook.clouds.comparison import Compare, ConsumerDrift, DriftStatus, VariableDrift, Wanted
from deploybook.clouds.connections import Connections
from deploybook.contract.consumers import variables_for
from deploybook.contract.model import CONSUMERS, Contract
from deploybook.errors import DeploybookError, MissingVariable
from deploybook.state.last_writes import LastWrites


@dataclass(frozen=True)
class Place:
    """A provider that can be asked: by which credentials, and how its comparison is found. ``consumers`` are its places."""

    title: str
    consumers: tuple[str, ...]
    credentials: tuple[str, ...]
    comparison: Callable[[], Compare]


def _vercel() -> Compare:
    from deploybook.clouds.vercel.comparing import compare

    return compare


def _render() -> Compare:
    from deploybook.clouds.render.comparing import compare

    return compare


def _modal() -> Compare:
    from deploybook.clouds.modal.comparing import compare

    return compare


# A comparison is imported when its place is asked: the others cost no time.
PLACES = (
    Place("Vercel", ("vercel",), ("VERCEL_TOKEN",), _vercel),
    Place("Render", ("render",), ("RENDER_API_KEY",), _render),
    Place("Modal", ("modal:r2-credentials", "modal:render-auth"), ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"), _modal),
)


@dataclass(frozen=True)
class Status:
    """ConsumerDrift by consumer, then by variable. ``unasked`` and ``problems`` say, by place, why there is nothing to tell."""

    by_consumer: Mapping[str, ConsumerDrift]
    unasked: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, DeploybookError] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, VariableDrift]:
        """The findings of one variable, by consumer."""
        return {place: found[name] for place, found in self.by_consumer.items() if name in found}

    def differences(self) -> list[str]:
        """What something has to be done about, as ``NAME at CONSUMER: standing``."""
        return [
            f"{name} at {consumer}: {finding.standing}"
            for consumer, found in self.by_consumer.items()
            for name, finding in found.items()
            if finding.standing.is_difference
        ]


@dataclass(frozen=True)
class Question:
    """All that the places are asked with. ``parameters`` are those of each section's runbook, by section."""

    contract: Contract
    held: Mapping[str, SecretStr]
    environ: Mapping[str, str]
    observed: LastWrites
    parameters: Mapping[str, Mapping[str, Any]]

    def wanted(self, consumer: str) -> Wanted:
        """What one consumer should have."""
        values, _ = variables_for(self.contract, consumer, self.held, self.environ)
        return Wanted(consumer, tuple(self.contract.consumed_by(consumer)), values)


def ask(question: Question, clouds: Connections, places: Sequence[Place] = PLACES) -> Status:
    """Compare at every place whose credentials are set. A place that refuses is a problem of its own, not of the others."""
    by_consumer: dict[str, ConsumerDrift] = {}
    unasked: dict[str, str] = {}
    problems: dict[str, DeploybookError] = {}
    with ThreadPoolExecutor(len(places)) as pool:
        answers = pool.map(lambda place: _ask_place(question, clouds, place), places)
        for place, answer in zip(places, answers, strict=True):
            if isinstance(answer, MissingVariable):
                unasked[place.title] = str(answer)
            elif isinstance(answer, DeploybookError):
                problems[place.title] = answer
            by_consumer |= answer if isinstance(answer, dict) else _silent(question, place, answer)
    return Status(by_consumer, unasked, problems)


def _ask_place(question: Question, clouds: Connections, place: Place) -> dict[str, ConsumerDrift] | DeploybookError:
    for name in place.credentials:
        if not question.environ.get(name):
            return MissingVariable(f"{name} is not set.", f"Export {name}; the prerequisites say where it is made.")
    try:
        compare = place.comparison()
        parameters = question.parameters[CONSUMERS[place.consumers[0]]]
        return {
            consumer: compare(clouds, question.wanted(consumer), question.observed, parameters)
            for consumer in place.consumers
        }
    except DeploybookError as error:
        return error


def _silent(question: Question, place: Place, reason: DeploybookError) -> dict[str, ConsumerDrift]:
    standing = DriftStatus.NOT_ASKED if isinstance(reason, MissingVariable) else DriftStatus.UNTELLABLE
    return {
        consumer: {
            variable.name: VariableDrift(standing)
            for variable in question.contract.consumed_by(consumer)
            if not variable.optional or variable.name in question.held
        }
        for consumer in place.consumers
    }
