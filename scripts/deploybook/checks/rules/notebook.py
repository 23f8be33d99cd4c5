"""Runbooks as files: their canonical form, what their title says, and what they record."""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from deploybook.checks.facts.tree import Notebook, Tree
from deploybook.checks.finding import Finding, Rule

ORDER = ["title", "parameters", "setup", "preflight", "apply", "manual", "verify", "handoff"]
NEEDED = frozenset({"title", "parameters", "setup", "preflight", "verify", "handoff"})
LINES = 12
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
BANNED = ("def ", "class ", "try:", "os.environ", "http://", "https://")
_MODES_NOTE = "dry-run, plan, apply, verify or destroy"


def canonical(text: str) -> str:
    """A notebook as it is committed: without outputs, counts and what an editor notes of its own, indented by one."""
    data = json.loads(text)
    cells = [_canonical_cell(cell) for cell in data["cells"]]
    whole = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _canonical_cell(cell: dict[str, Any]) -> dict[str, Any]:
    """The fields of nbformat 4.5 that a cell of ours has, in nbformat's order; of its metadata the tags."""
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {}
    kept = {
        "cell_type": cell["cell_type"],
        "id": cell["id"].lower(),
        "metadata": {"tags": cell["metadata"].get("tags", [])},
        "source": "".join(cell["source"]).splitlines(keepends=True),
    }
    return dict(sorted((kept | code).items()))


def _form(tree: Tree) -> Iterator[Finding]:
    for notebook in tree.notebooks.values():
        wanted = canonical(notebook.text)
        if notebook.text != wanted:
            hint = "Run deploybook check --fix."
            line = _difference(notebook.text, wanted)
            yield Finding(notebook.path, line, "notebook-form", "the notebook is not in its canonical form", hint)
        yield from _tags(notebook)
        yield from _cells(notebook)


def _difference(have: str, want: str) -> int:
    pairs = zip(have.splitlines(), want.splitlines(), strict=False)
    return next((number for number, (one, other) in enumerate(pairs, 1) if one != other), 1)


def _tags(notebook: Notebook) -> Iterator[Finding]:
    firsts = [cell.tags[0] if cell.tags else "" for cell in notebook.cells]
    yield from _pairs(notebook)
    for cell, tag in zip(notebook.cells, firsts, strict=True):
        if tag not in ORDER:
            hint = f"Use one of {', '.join(ORDER)}."
            yield Finding(notebook.path, cell.line, "notebook-form", f"a cell has the tag {tag or 'none'}", hint)
    positions = [ORDER.index(tag) for tag in firsts if tag in ORDER]
    missing = NEEDED - set(firsts)
    if positions != sorted(positions) or missing:
        problem = (
            f"it has no cell tagged {sorted(missing)[0]}" if missing else "its cells are not in the order of their tags"
        )
        yield Finding(notebook.path, 1, "notebook-form", problem, f"The order is {', '.join(ORDER)}.")


def _pairs(notebook: Notebook) -> Iterator[Finding]:
    """What is done is said right before it: text is followed by code, and the first code of a kind follows text of that kind."""
    cells = notebook.cells
    begun = {"title", "parameters", "setup"}
    for before, cell in pairwise(cells):
        tag = cell.tags[0] if cell.tags else ""
        introduced = before.kind == "markdown" and before.tags == cell.tags
        if before.kind == cell.kind == "markdown" and before.tags[:1] != ("title",):
            hint = "Put the cell that does it right after it."
            yield Finding(
                notebook.path, before.line, "notebook-form", f"nothing does what the cell {before.id} says", hint
            )
        if cell.kind == "code" and tag not in begun and not introduced:
            hint = "Put the cell that says it right before it."
            yield Finding(
                notebook.path, cell.line, "notebook-form", f"nothing says what the cell {cell.id} is for", hint
            )
        if cell.kind == "code":
            begun.add(tag)
    if cells and "rb.finish()" in notebook.code and "rb.finish()" not in cells[-1].source:
        yield Finding(notebook.path, 1, "notebook-form", "the last cell does not hand over", "Let rb.finish() be last.")
    if "Runbook.open(" in notebook.code and "rb.finish()" not in notebook.code:
        yield Finding(notebook.path, 1, "notebook-form", "the runbook does not hand over", "End it with rb.finish().")


def _cells(notebook: Notebook) -> Iterator[Finding]:
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            line = cell.line + (error.lineno or 1)
            yield Finding(
                notebook.path, line, "notebook-form", f"a cell is no Python: {error.msg}", "Correct the cell."
            )
        banned = next((word for word in BANNED if word in cell.source), "")
        long = len(cell.source.splitlines()) > LINES
        if banned or long:
            problem = f"a cell holds {banned.strip()}" if banned else f"a cell has more than {LINES} lines"
            yield Finding(notebook.path, cell.line, "notebook-form", problem, "Put the logic into the package.")


def _title(tree: Tree) -> Iterator[Finding]:
    for slug, notebook in tree.runbooks.items():
        title = next((cell for cell in notebook.cells if "title" in cell.tags), None)
        if title is None:
            continue
        for claim, wanted in _claims(tree, slug, title.source):
            if claim != wanted:
                message = f"the title says {claim or 'nothing'} where the contract says {wanted}"
                yield Finding(notebook.path, title.line, "notebook-title", message, f"Write {wanted}.")
        if f'Runbook.open("{slug}", mode, environment)' not in notebook.code:
            hint = f'Write rb = Runbook.open("{slug}", mode, environment).'
            yield Finding(notebook.path, 1, "notebook-title", "the runbook does not open its own section", hint)


def _claims(tree: Tree, slug: str, text: str) -> Iterator[tuple[str, str]]:
    """What a title says, and what the contract says of the same thing."""
    section = tree.contract.section(slug)
    first = re.search(r"^# (.*)$", text, re.MULTILINE)
    yield first[1] if first else "", section.title
    outcome = re.search(r"\*\*Done when:\*\* (.*)$", text, re.MULTILINE)
    yield _lowered(outcome[1]) if outcome else "", _lowered(section.outcome)
    back = re.search(r"section (\d+) of the checklist\]\(\.\./docs/DEPLOY_PROD_CHECKLIST\.md#(\w+)\)", text)
    yield f"section {back[1]}, {back[2]}" if back else "", f"section {tree.guide.number(slug)}, {slug}"
    produces = re.search(r"\*\*Produces\*\*(.*?)(?:\n\n|$)", text, re.DOTALL)
    yield ", ".join(sorted(_names(produces[1] if produces else ""))), _listed(tree.contract.produced_by(slug))
    needs = re.search(r"\*\*Needs\*\*(.*?)(?:\*\*Produces|$)", text, re.DOTALL)
    if needs and _names(needs[1]):
        yield ", ".join(sorted(_names(needs[1]))), _listed(tree.contract.needed_by(slug))


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _names(text: str) -> set[str]:
    return set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text))


def _listed(variables: list[Any]) -> str:
    return ", ".join(sorted(variable.name for variable in variables))


def _records(tree: Tree) -> Iterator[Finding]:
    for slug, notebook in tree.runbooks.items():
        recorded = set(re.findall(r'rb\.(?:record|manual|promised)\("([A-Z][A-Z0-9_]+)"', notebook.code))
        produced = {variable.name for variable in tree.contract.produced_by(slug)}
        mentioned = set(re.findall(r'"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"', notebook.code))
        for name in sorted(recorded - produced):
            hint = f"Let the contract say that {slug} produces it, or take it out."
            message = f"the runbook records {name}, which this section does not produce"
            yield Finding(notebook.path, notebook.line_of(f'"{name}"'), "notebook-variables", message, hint)
        twice = [name for name in recorded if len(re.findall(rf'rb\.record\("{name}"[,)]', notebook.code)) > 1]
        optional = "NEXT_PUBLIC_APP_URL"  # recorded when it is known, and again when the first deployment brings it
        for name in sorted(set(twice) - {optional}):
            message = f"the runbook records {name} twice"
            yield Finding(
                notebook.path, notebook.line_of(f'"{name}"'), "notebook-variables", message, "Record it once."
            )
        literal = set(re.findall(r'"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"', _recording(notebook.code)))
        for name in sorted(produced - mentioned | (produced & mentioned) - literal):
            message = f"the contract says that this runbook produces {name}, which it never records"
            yield Finding(notebook.path, 1, "notebook-variables", message, f'Write rb.record("{name}", …).')
        for name in sorted(mentioned - _known(tree)):
            message = f"the runbook names {name}, which is no variable and no credential"
            yield Finding(
                notebook.path, notebook.line_of(f'"{name}"'), "notebook-variables", message, "Correct the name."
            )


def _recording(code: str) -> str:
    """The lines that record a variable, or give the name of one that is recorded."""
    return "\n".join(line for line in code.splitlines() if "rb.record(" in line or line.startswith("name ="))


def _known(tree: Tree) -> set[str]:
    contract = tree.contract
    return {variable.name for variable in contract.variables} | {credential.name for credential in contract.credentials}


def _calls(tree: Tree) -> Iterator[Finding]:
    """Names that a cell takes from the package exist there."""
    for notebook in tree.notebooks.values():
        for cell in notebook.cells:
            if cell.kind != "code":
                continue
            for line, name in _attributes(cell.source):
                if name not in tree.sources.names and name not in tree.sources.module_names:
                    message = f"the cell uses {name}, which nothing in deploybook defines"
                    yield Finding(notebook.path, cell.line + line, "notebook-names", message, "Correct the name.")


def _attributes(source: str) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.value.lineno, node.arg


def _used(tree: Tree) -> Iterator[Finding]:
    """A parameter that no cell reads changes nothing; a name that nothing gives a value stops the run."""
    for slug, notebook in tree.notebooks.items():
        declared = set(tree.parameters[slug])
        stored: set[str] = set(declared)
        loaded: dict[str, int] = {}
        for cell in notebook.cells:
            for node in ast.walk(cell.module) if "parameters" not in cell.tags else ():
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    loaded.setdefault(node.id, cell.line + node.lineno)
                elif isinstance(node, ast.Name):
                    stored.add(node.id)
                elif isinstance(node, ast.ImportFrom | ast.Import):
                    stored |= {alias.asname or alias.name for alias in node.names}
        for name in sorted(declared - set(loaded)):
            line = notebook.line_of(f"{name}: ")
            yield Finding(
                notebook.path, line, "notebook-names", f"no cell reads the parameter {name}", "Use it, or take it out."
            )
        for name in sorted(set(loaded) - stored - set(dir(builtins))):
            yield Finding(
                notebook.path, loaded[name], "notebook-names", f"nothing gives {name} a value", "Correct the name."
            )


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "notebook-form",
        "A runbook is committed in one form: no outputs, no counts, ids in small letters, indented by one, its cells tagged in "
        f"the fixed order, each of at most {LINES} lines and without logic of its own. --fix repairs what can be repaired.",
        _form,
    ),
    Rule(
        "notebook-title",
        "A runbook's title cell says what the contract says: title, outcome, place in the checklist, what it needs and produces; "
        "and it opens its own section.",
        _title,
    ),
    Rule(
        "notebook-variables",
        "A runbook records the variables that the contract says its section produces, no other, and names no variable that there is not.",
        _records,
    ),
    Rule(
        "notebook-names",
        "What a runbook's cells call exists in the package, every parameter is read, and every name has a value.",
        lambda tree: [*_calls(tree), *_used(tree)],
    ),
)
