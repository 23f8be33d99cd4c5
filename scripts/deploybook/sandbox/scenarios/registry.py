"""The troubles by the entry that explains them: how each is made, and what a person does where only a dashboard can mend it."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deploybook.sandbox.service import Context

Act = Callable[[Context], Awaitable[None]]

# A module for each service; whoever looks a trouble up loads them.
MODULES = ("network", "cloudflare", "turso", "modal", "vercel", "render", "github")


@dataclass
class Trouble:
    """One trouble. ``by_hand`` is the part of the fix that has no command: what the entry tells a person to do at a dashboard."""

    entry: str
    how: str
    make: Act
    by_hand: Act | None = None


_TROUBLES: dict[str, Trouble] = {}


def trouble(entry: str) -> Callable[[Act], Act]:
    """The decorated function brings the sandbox into the state of this entry; its docstring says how the world gets there."""

    def register(make: Act) -> Act:
        if entry in _TROUBLES:
            raise ValueError(f"the trouble of {entry} is defined twice")
        _TROUBLES[entry] = Trouble(entry, (make.__doc__ or "").strip(), make)
        return make

    return register


def by_hand(entry: str) -> Callable[[Act], Act]:
    """The decorated function does at the dashboard what the entry's fix tells a person to do there."""

    def register(act: Act) -> Act:
        _TROUBLES[entry].by_hand = act
        return act

    return register


def troubles() -> dict[str, Trouble]:
    """Every trouble by its entry."""
    for name in MODULES:
        importlib.import_module(f"{__package__}.{name}")
    return _TROUBLES
