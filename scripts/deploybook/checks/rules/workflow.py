"""This repository's own workflows: what they run is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.rules.command import problem
from deploybook.guide.shell import commands

FOLDER = ".github/workflows"
RULE = "workflow-commands"
# What begins within a word of shell: GitHub fills it in before the shell reads it.
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


def _find(tree: Tree) -> Iterator[Finding]:
    for path in sorted((tree.root / FOLDER).glob("*.yml")):
        name = path.relative_to(tree.root).as_posix()
        try:
            document = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            yield Finding(name, 1, RULE, f"the workflow is no YAML: {error}", "Correct it.")
            continue
        for line, script in _scripts(document):
            yield from _of_script(tree, name, line, script)


def _scripts(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Each ``run`` with the line of its first command."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "run" and isinstance(value, yaml.ScalarNode):
                begins_below = value.style in {"|", ">"}
                yield value.start_mark.line + (2 if begins_below else 1), value.value
            else:
                yield from _scripts(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scripts(item)


def _of_script(tree: Tree, name: str, line: int, script: str) -> Iterator[Finding]:
    try:
        parsed = commands(_EXPRESSION.sub("VALUE", script))
    except ValueError as error:
        yield Finding(name, line, RULE, f"this script does not parse: {error}", "Correct it.")
        return
    for command in parsed:
        if wrong := problem(tree, command.words):
            yield Finding(name, line + command.line, RULE, *wrong)


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        RULE,
        "Every command of this repository's own workflows is one that its program accepts: a target of the Makefile, a command and "
        "options of deploybook's own, a module that is there, or a command of another tool that somebody looked up "
        "(checks/facts/tools.toml). "
        "A workflow that runs at night must not be the first to find out.",
        _find,
    ),
)
