"""A finding: where a statement of the guide is not true, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Subject = TypeVar("Subject")


@dataclass(frozen=True, order=True)
class Finding:
    """One false statement. ``path`` is relative to what was checked, ``line`` counts from 1, ``rule`` is the name of its rule."""

    path: str
    line: int
    rule: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """A kind of false statement: its name, what it holds the guide to and why (for ``--explain``), and how it is looked for."""

    name: str
    explain: str
    find: Callable[[Subject], Iterable[Finding]]
