"""The check that runs nothing: every rule, on one tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deploybook.checks import (
    block_rules,
    command_rules,
    contract_rules,
    deployed_rules,
    entry_rules,
    fix_rules,
    generated_rules,
    link_rules,
    name_rules,
    notebook_rules,
    quoted_rules,
    section_rules,
    told_rules,
    variable_rules,
    workflow_rules,
)
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.readable import READABLE
from deploybook.checks.tree import Tree

FAMILIES: dict[str, tuple[Rule[Tree], ...]] = {
    "What must be readable at all": (READABLE, *contract_rules.RULES[:1]),
    "The contract": contract_rules.RULES[1:],
    "Runbooks": notebook_rules.RULES,
    "Generated parts": generated_rules.RULES,
    "Sections and steps": section_rules.RULES,
    "Names": variable_rules.RULES + name_rules.RULES,
    "Commands and blocks": command_rules.RULES + block_rules.RULES,
    "Links and images": link_rules.RULES,
    "Troubleshooting": entry_rules.RULES + fix_rules.RULES,
    "What is told": told_rules.RULES + quoted_rules.RULES,
    "What is deployed": deployed_rules.RULES,
    "Workflows": workflow_rules.RULES,
}
RULES: tuple[Rule[Tree], ...] = tuple(rule for family in FAMILIES.values() for rule in family)
# While one of these finds something, the others could not go by what they read.
FIRST = FAMILIES["What must be readable at all"]


def check(root: Path, rules: Iterable[Rule[Tree]] = RULES) -> list[Finding]:
    """Every finding in the checkout at ``root``, by path and line."""
    tree = Tree(root)
    for rule in FIRST:
        if found := sorted(set(rule.find(tree))):
            return found
    return sorted({finding for rule in rules if rule not in FIRST for finding in rule.find(tree)})
