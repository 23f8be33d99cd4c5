"""``python -m tests.checks.bindings [FILE…]``: each bound sentence of the guide, and under it the body of what it rests on.

For a second reader, who asks of every pair: does this fail if the sentence is false? A body that was printed once is named after that.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.checks.trees import tree_at

from deploybook.checks.facts.evidence import RECORD, Bound, parse_register
from deploybook.checks.facts.said import said
from deploybook.checks.facts.tree import Cell, Notebook, Tree
from deploybook.checks.static import RULES

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = (*sorted((ROOT / "scripts/deploybook/sandbox/scenarios").glob("*.py")), ROOT / "tests/e2e/machine.py")


def body(tree: Tree, bound: Bound, evidence: str) -> str:
    """What a piece of evidence does: code where it is code, else what the contract or the rule says."""
    kind, _, name = evidence.partition(" ")
    match kind:
        case "test":
            path, _, function = name.partition("::")
            return _function(ROOT / path, function)
        case "claim":
            return _claim(tree, *name.split(": ", 1))
        case "scenario":
            return "\n".join(source for path in SCENARIOS if (source := _decorated(path, name)))
        case "property":
            return next((repr(each) for each in tree.contract.properties if each.name == name), "")
        case "rule":
            return next((rule.explain for rule in RULES if rule.name == name), "")
        case _:
            return "" if not bound.text.startswith("[") else _block(tree, bound)


@cache
def _module(path: Path) -> tuple[str, ast.Module]:
    text = path.read_text(encoding="utf-8")
    return text, ast.parse(text)


def _source(path: Path, node: ast.stmt) -> str:
    lines = _module(path)[0].splitlines()
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    return textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno]))


def _function(path: Path, name: str) -> str:
    nodes = [node for node in ast.walk(_module(path)[1]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return "\n".join(_source(path, node) for node in nodes if node.name == name)


def _decorated(path: Path, scenario: str) -> str:
    nodes = [node for node in _module(path)[1].body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return "\n".join(
        _source(path, node)
        for node in nodes
        if any(f'"{scenario}"' in ast.unparse(each).replace("'", '"') for each in node.decorator_list)
    )


def _claim(tree: Tree, slug: str, claim: str) -> str:
    calls = [(cell, node) for cell in tree.notebooks[slug].cells for node in _calls(cell) if claim in ast.unparse(node)]
    return "\n".join(f"{ast.unparse(node)}\n{_checked(tree.notebooks[slug], node)}" for _, node in calls)


def _calls(cell: Cell) -> Iterator[ast.Call]:
    return (node for node in ast.walk(cell.module) if isinstance(node, ast.Call) and "rb." in ast.unparse(node.func))


def _checked(notebook: Notebook, call: ast.Call) -> str:
    """The function that a claim's call hands over, from the package that the runbook imports."""
    imported = {
        name
        for match in re.findall(r"^from deploybook.clouds import (.+)$", notebook.code, re.M)
        for name in match.split(", ")
    }
    for argument in call.args:
        if (
            isinstance(argument, ast.Attribute)
            and isinstance(argument.value, ast.Name)
            and argument.value.id in imported
        ):
            function = getattr(importlib.import_module(f"deploybook.clouds.{argument.value.id}"), argument.attr)
            return inspect.getsource(function)
    return ""


def _block(tree: Tree, bound: Bound) -> str:
    for path, page in tree.pages.items():
        if any(sentence.text == bound.text for sentence in said(tree).get(path, ())):
            from deploybook.guide.sentences import block_name

            return next((block.text for block in page.blocks if block_name(block) == bound.text), "")
    return ""


def main(paths: Sequence[str]) -> None:
    """Print the pages that the paths name a part of; all of them without any."""
    tree = tree_at(ROOT)
    printed = set[str]()
    for path, sentences in parse_register(tree.text(RECORD)).pages.items():
        if paths and not any(part in path for part in paths):
            continue
        for bound in sentences:
            print(f"\n## {path} · {bound.place}\n{bound.text}")
            for evidence in bound.evidence:
                print(f"<- {evidence}")
                text = body(tree, bound, evidence)
                if evidence not in printed or evidence == "run":
                    print(textwrap.indent(text or "(nothing)", "    "))
                printed.add(evidence)


if __name__ == "__main__":
    main(sys.argv[1:])
