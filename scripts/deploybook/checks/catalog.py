"""Every rule there is, whatever it looks at: for ``--explain``, for the reports and for the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deploybook.checks.finding import Rule


def families() -> Mapping[str, Sequence[Rule[Any]]]:
    """All rules, by what they look at."""
    from deploybook.checks import app, execution, outside, specs, static

    return {
        **static.FAMILIES,
        "Only with --run": execution.RULES,
        "Only with --app": app.RULES,
        "Only with --specs": specs.RULES,
        "Only with --links": outside.RULES,
    }


def explained() -> dict[str, str]:
    """What each rule holds the guide to, by its name."""
    return {rule.name: rule.explain for family in families().values() for rule in family}
