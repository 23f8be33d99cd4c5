"""A runbook's parameters as a table: type and default from its notebook, what is allowed from the contract."""

from __future__ import annotations

import json

from deploybook.contract.parameters import Parameter
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, plain, table
from deploybook.runbook.notebook_file import NotebookParameter, read_parameters


def every_parameter(guide: Guide) -> str:
    """The table of each runbook, under its section's title."""
    written = [slug for slug in guide.contract.order() if guide.has_runbook(slug)]
    return "\n".join(f"## {guide.contract.section(slug).title}\n\n{parameters_table(guide, slug)}" for slug in written)


def parameters_table(guide: Guide, slug: str) -> str:
    """One row for each parameter, in the notebook's order."""
    rows = []
    for declared in read_parameters(guide.layout.notebook(slug)).values():
        rule = guide.contract.parameters.get(declared.name)
        purpose = rule.description if rule else declared.help
        default = code(json.dumps(declared.default, ensure_ascii=False))
        if rule and rule.named:
            default = code(rule.named.replace("{environment}", "<ENVIRONMENT>"))
            default += "".join(f"; {code(name) or 'the default'} in {where}" for where, name in rule.named_in.items())
        rows.append([code(declared.name), default, _allowed(declared, rule), plain(purpose)])
    return table(("Parameter", "Default", "Allowed", "What it does"), rows)


def _allowed(declared: NotebookParameter, rule: Parameter | None) -> str:
    if rule and rule.choices is not None:
        return ", ".join(code(choice) if choice else "empty" for choice in rule.choices)
    if rule and rule.pattern is not None:
        return code(rule.pattern)
    if rule and (rule.minimum is not None or rule.maximum is not None):
        return f"{rule.minimum} to {rule.maximum}"
    return {"str": "any text", "int": "a whole number", "float": "a number", "bool": "`true`, `false`"}[
        declared.type.__name__
    ]
