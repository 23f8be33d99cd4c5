"""A finding: where a statement of the guide is not true, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Subject = TypeVar("Subject")


class Severity(StrEnum):
    """What a finding means for production; only an error makes the command fail. The values are SARIF's levels."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, order=True)
class Finding:
    """One false statement. ``path`` is relative to what was checked, ``line`` counts from 1, ``rule`` is the name of its rule.

    ``others`` are further places (path, line) of the same cause; ``subjects`` are the names that it is about, if it is about names.
    """

    path: str
    line: int
    rule: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR
    others: tuple[tuple[str, int], ...] = ()
    subjects: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """A kind of false statement: its name, what it holds the guide to and why (for ``--explain``), and how it is looked for."""

    name: str
    explain: str
    find: Callable[[Subject], Iterable[Finding]]
