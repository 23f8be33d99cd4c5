"""What a provider's own variables are compared with, and what may come out of it; no value leaves a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from deploybook.contract.consumers import ConsumerVariable
from deploybook.contract.definitions import Variable

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.state.last_writes import LastWrites


class DriftStatus(StrEnum):
    """How a variable stands at a consumer, beside the vault."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"
    OTHER_TARGET = "set for another target"
    ONLY_THERE = "only there"
    UNTELLABLE = "cannot be told"
    NOT_ASKED = "not asked"

    @property
    def is_difference(self) -> bool:
        """Whether something has to be done about it."""
        return self in {DriftStatus.DIFFERS, DriftStatus.MISSING, DriftStatus.OTHER_TARGET}


@dataclass(frozen=True)
class VariableDrift:
    """A status, and a detail from the provider, if there is one; never a value.

    ``entry`` is the troubleshooting entry where it is not the variable's: for a value that is right and kept wrongly.
    """

    standing: DriftStatus
    detail: str = ""
    entry: str = ""


ConsumerDrift = dict[str, VariableDrift]


@dataclass(frozen=True)
class Wanted:
    """What the contract sends to one consumer, and the values known for it: a variable that nobody set yet has none."""

    consumer: str
    variables: tuple[Variable, ...]
    values: Mapping[str, ConsumerVariable]


class Compare(Protocol):
    """A provider's comparison: reads, and gives a finding for each wanted variable that is wished for or is there."""

    def __call__(
        self, clouds: Connections, wanted: Wanted, last_writes: LastWrites, parameters: Mapping[str, Any]
    ) -> ConsumerDrift:
        """``parameters`` are those of the provider's runbook: they name the project, the worker, the place."""


def findings(wanted: Wanted, present: Mapping[str, object], judged: Mapping[str, VariableDrift]) -> ConsumerDrift:
    """A finding for each wanted variable: ``judged`` where its value is known, else by whether it is ``present``.

    An optional variable may be set there alone, by hand; one that is set nowhere gets no finding.
    """
    drifts: ConsumerDrift = {}
    for variable in wanted.variables:
        name = variable.name
        if name in wanted.values:
            drifts[name] = judged.get(name, VariableDrift(DriftStatus.EQUAL))
        elif name in present:
            lost = VariableDrift(DriftStatus.DIFFERS, "not in the vault")
            drifts[name] = VariableDrift(DriftStatus.ONLY_THERE) if variable.optional else lost
        elif not variable.optional:
            drifts[name] = VariableDrift(DriftStatus.MISSING, "not in the vault either")
    return drifts
