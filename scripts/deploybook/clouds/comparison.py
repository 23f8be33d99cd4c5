"""What a provider's own variables are compared with, and what may come out of it; no value leaves a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from deploybook.contract.consumers import Pushed
from deploybook.contract.model import Variable

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.state.last_writes import Observed


class Standing(StrEnum):
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
        return self in {Standing.DIFFERS, Standing.MISSING, Standing.OTHER_TARGET}


@dataclass(frozen=True)
class Finding:
    """A standing, and what more the provider told, if anything; never a value.

    ``entry`` is the troubleshooting entry where it is not the variable's: for a value that is right and kept wrongly.
    """

    standing: Standing
    detail: str = ""
    entry: str = ""


Findings = dict[str, Finding]


@dataclass(frozen=True)
class Wanted:
    """What the contract sends to one consumer, and the values known for it: a variable that nobody set yet has none."""

    consumer: str
    variables: tuple[Variable, ...]
    values: Mapping[str, Pushed]


class Compare(Protocol):
    """A provider's comparison: reads, and gives a finding for each wanted variable that is wished for or is there."""

    def __call__(
        self, clouds: Connections, wanted: Wanted, observed: Observed, parameters: Mapping[str, Any]
    ) -> Findings:
        """``parameters`` are those of the provider's runbook: they name the project, the worker, the place."""


def findings(wanted: Wanted, present: Mapping[str, object], judged: Mapping[str, Finding]) -> Findings:
    """A finding for each wanted variable: ``judged`` where its value is known, else by whether it is ``present``.

    An optional variable may be set there alone, by hand; one that is set nowhere gets no finding.
    """
    found: Findings = {}
    for variable in wanted.variables:
        name = variable.name
        if name in wanted.values:
            found[name] = judged.get(name, Finding(Standing.EQUAL))
        elif name in present:
            lost = Finding(Standing.DIFFERS, "not in the vault")
            found[name] = Finding(Standing.ONLY_THERE) if variable.optional else lost
        elif not variable.optional:
            found[name] = Finding(Standing.MISSING, "not in the vault either")
    return found
