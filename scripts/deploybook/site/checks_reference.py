"""The reference of what `deploybook check` holds the guide to, from the rules themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deploybook.checks.catalog import families
from deploybook.checks.finding import Rule
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, plain, table


def rules_reference(_: Guide) -> str:
    """A table for each family: the rule's name, and what it holds the guide to."""
    parts = [f"### {title}\n\n{_table(rules)}" for title, rules in families().items()]
    return "\n".join(parts)


def _table(rules: Sequence[Rule[Any]]) -> str:
    return table(("Rule", "What it holds the guide to"), [[code(rule.name), plain(rule.explain)] for rule in rules])
