"""The repository's GitHub workflows: which secrets and variables of the repository they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from deploybook.checks.app.reads import Read

FOLDER = ".github/workflows"
READ = re.compile(r"\b(secrets|vars)\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*'([A-Za-z_]\w*)'\s*\])")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
# GitHub itself gives each run this one.
AUTOMATIC = "GITHUB_TOKEN"


@dataclass(frozen=True)
class Workflow:
    """What one workflow reads: ``secrets.X``, and ``vars.X``."""

    secrets: tuple[Read, ...]
    variables: tuple[Read, ...]


def scan(path: str, text: str) -> Workflow:
    """Read a workflow; raises yaml.YAMLError."""
    result: dict[str, list[Read]] = {"secrets": [], "vars": []}
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for expression, line in _expressions(root):
        for match in READ.finditer(expression):
            name = (match[2] or match[3]).upper()
            at = line + expression.count("\n", 0, match.start())
            if name != AUTOMATIC:
                result[match[1]].append(Read(name, path, at))
    return Workflow(tuple(result["secrets"]), tuple(result["vars"]))


def _expressions(node: yaml.Node | None, bare: bool = False) -> Iterator[tuple[str, int]]:
    """Every `${{ … }}` with its line, and the conditions (`if:`), which need no brackets."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _expressions(value, bare=key.value == "if")
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _expressions(item)
    elif isinstance(node, yaml.ScalarNode):
        # The text of a block begins on the line after its mark.
        line = node.start_mark.line + (2 if node.style in {"|", ">"} else 1)
        if bare:
            yield node.value, line
        else:
            for match in EXPRESSION.finditer(node.value):
                yield match[0], line + node.value.count("\n", 0, match.start())
