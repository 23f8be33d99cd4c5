"""A variable that the application's code reads, at a place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@dataclass(frozen=True, order=True)
class Read:
    """A variable read at a place. ``default`` is what the code takes in its stead, as it is written there; empty for nothing.

    ``optional``: a schema in the same file lets it be missing.
    """

    name: str
    path: str
    line: int
    default: str = ""
    optional: bool = False


@dataclass(frozen=True)
class ReaderCall:
    """A call of a function that may read the variables named in its arguments.

    ``arguments`` are those that could be a default, as written, ``""`` for others; ``default`` is what is taken instead of its result.
    """

    function: str
    names: tuple[tuple[str, int], ...]
    arguments: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True)
class Reader:
    """A function that reads the variable that it is given the name of; ``default`` is the position of the argument used without it."""

    default: int | None = None

    def reads(self, call: ReaderCall, path: str) -> list[Read]:
        """The variables that one call of it reads."""
        has_default = self.default is not None and self.default < len(call.arguments)
        default = call.arguments[self.default or 0] if has_default else call.default
        return [Read(name, path, line, default) for name, line in call.names]


@dataclass
class Accesses:
    """What one file reads itself, which of its functions read by name, and what it calls."""

    reads: list[Read] = field(default_factory=list)
    readers: dict[str, Reader] = field(default_factory=dict)
    calls: list[ReaderCall] = field(default_factory=list)


def is_name(text: str) -> bool:
    """Whether a text has the form of a variable's name: needed where code alone doesn't tell."""
    return NAME.fullmatch(text) is not None
