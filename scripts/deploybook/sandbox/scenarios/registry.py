"""The scenarios by the entry that explains them: how each is made, and what a person does where only a dashboard can fix it."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deploybook.sandbox.core.service import Context

Act = Callable[[Context], Awaitable[None]]

# A module for each service; whoever looks a scenario up loads them.
MODULES = ("network", "cloudflare", "turso", "modal", "vercel", "render", "application", "github")


@dataclass
class Scenario:
    """One scenario. ``by_hand`` is the part of the fix that has no command, which a person does at a dashboard."""

    entry: str
    how: str
    make: Act
    by_hand: Act | None = None


_SCENARIOS: dict[str, Scenario] = {}


def scenario(entry: str) -> Callable[[Act], Act]:
    """The decorated function brings the sandbox into the state of this entry; its docstring says how the world gets there.

    Another state that the same entry explains is named after it, and a dot: ``unexpected-response.cdn``.
    """

    def register(make: Act) -> Act:
        if entry in _SCENARIOS:
            raise ValueError(f"the scenario of {entry} is defined twice")
        _SCENARIOS[entry] = Scenario(entry, (make.__doc__ or "").strip(), make)
        return make

    return register


def by_hand(entry: str) -> Callable[[Act], Act]:
    """The decorated function does what a person does at the dashboard by the entry's fix."""

    def register(act: Act) -> Act:
        _SCENARIOS[entry].by_hand = act
        return act

    return register


def scenarios() -> dict[str, Scenario]:
    """Every scenario by its entry."""
    for name in MODULES:
        importlib.import_module(f"{__package__}.{name}")
    return _SCENARIOS
