"""The check that runs nothing: every rule, on one tree."""

from __future__ import annotations

from collections.abc import Iterable

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.rules import (
    agreement,
    block,
    claims,
    command,
    contract,
    danger,
    deployed,
    entry,
    evidence,
    fix,
    generated,
    link,
    name,
    notebook,
    prose,
    quotation,
    review,
    section,
    shape,
    status,
    values,
    variable,
    workflow,
)
from deploybook.checks.rules.readable import READABLE

FAMILIES: dict[str, tuple[Rule[Tree], ...]] = {
    "What must be readable at all": (READABLE, *contract.RULES[:1]),
    "The contract": contract.RULES[1:],
    "Runbooks": notebook.RULES + claims.RULES,
    "Generated parts": generated.RULES,
    "Sections and steps": section.RULES,
    "Names": variable.RULES + name.RULES,
    "Commands and blocks": command.RULES + block.RULES,
    "Links and images": link.RULES,
    "Troubleshooting": entry.RULES + fix.RULES,
    "Values and quotations": values.RULES + status.RULES + quotation.RULES,
    "Prose": prose.RULES,
    "Shape": shape.RULES,
    "What a sentence rests on": evidence.RULES + agreement.RULES + danger.RULES,
    "What a person has read": review.RULES,
    "What is deployed": deployed.RULES,
    "Workflows": workflow.RULES,
}
RULES: tuple[Rule[Tree], ...] = tuple(rule for family in FAMILIES.values() for rule in family)
# While one of these finds something, the others could not go by what they read.
FIRST = FAMILIES["What must be readable at all"]


def check(tree: Tree, rules: Iterable[Rule[Tree]] = RULES) -> list[Finding]:
    """Every finding in a checkout, by path and line."""
    for rule in FIRST:
        if findings := sorted(set(rule.find(tree))):
            return findings
    return sorted({finding for rule in rules if rule not in FIRST for finding in rule.find(tree)})
