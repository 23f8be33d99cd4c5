"""What is proved: scenarios with stable names, the source that proves them, and their outcomes."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Protocol

# Of each worker's share: small enough that nobody waits long for the slowest, and that little is lost with a worker.
CHUNKS_OF_A_WORKER = 4


@dataclass(frozen=True)
class Scenario:
    """One independent proof. ``bench`` names what has to be set up for it, which others with the same one share."""

    name: str
    bench: str = ""


@dataclass(frozen=True)
class Proof:
    """What came of one scenario. ``detail`` is a line for a person, ``data`` is JSON for whoever looks closer."""

    holds: bool
    detail: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A proof with the scenario's name, the seconds that it took (without its bench), and where that was."""

    name: str
    holds: bool
    detail: str = ""
    seconds: float = 0.0
    where: str = ""
    data: dict[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Lists the scenarios of one kind, and proves them. It is looked up by name in a process of its own, on whatever machine."""

    def scenarios(self) -> list[Scenario]:
        """All of them, in an order that does not change; those of one bench stand together. Takes no time."""

    def open(self, bench: str) -> AbstractContextManager[Callable[[str], Proof]]:
        """Set a bench up. Each call proves one scenario by its name, and leaves the bench as it was."""


@dataclass(frozen=True)
class Chunk:
    """Scenarios of one bench that one worker proves one after the other."""

    scenarios: tuple[Scenario, ...]

    @property
    def bench(self) -> str:
        """Their bench."""
        return self.scenarios[0].bench


def load_source(target: str) -> Source:
    """The source that ``module:name`` names."""
    module, _, name = target.partition(":")
    source: Source = getattr(importlib.import_module(module), name)()
    return source


def shard(scenarios: Sequence[Scenario], number: int, of: int) -> list[Scenario]:
    """The part ``number`` (from 1) of ``of`` parts, as equal as can be and each in one piece: a bench is set up in few of them."""
    first, end = (len(scenarios) * cut // of for cut in (number - 1, number))
    return list(scenarios[first:end])


def chunks(scenarios: Iterable[Scenario], workers: int) -> list[Chunk]:
    """The scenarios in pieces of one bench each, so many that every worker is at work to the end."""
    every = list(scenarios)
    size = max(1, math.ceil(len(every) / (workers * CHUNKS_OF_A_WORKER)))
    pieces = []
    for _, group in groupby(every, key=lambda scenario: scenario.bench):
        members = list(group)
        pieces += [Chunk(tuple(members[start : start + size])) for start in range(0, len(members), size)]
    return pieces


def without(chunk: Chunk, names: Iterable[str]) -> Chunk | None:
    """What is left of a chunk once these are proved; None if nothing is."""
    proved = set(names)
    unproved = tuple(scenario for scenario in chunk.scenarios if scenario.name not in proved)
    return replace(chunk, scenarios=unproved) if unproved else None
