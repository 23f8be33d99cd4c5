"""Claims have names: what a runbook tests, what the contract says that it tests, and what the clouds' packages offer to test."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from deploybook.checks.facts.tested_claims import claims_of
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule


def _named(tree: Tree) -> Iterator[Finding]:
    for slug, notebook in tree.runbooks.items():
        section, tested = tree.contract.section(slug), claims_of(notebook)
        path = tree.layout.contract.relative_to(tree.root).as_posix()
        for claim, count in Counter(section.claims).items():
            line = _line(tree.text(path), claim)
            if claim not in tested:
                message = f"the section {slug} claims “{claim}”, which its runbook does not test"
                yield Finding(path, line, "claim-tested", message, "Test it in the runbook, or take the claim out.")
            elif count > 1:
                message = f"the section {slug} claims “{claim}” twice"
                yield Finding(path, line, "claim-tested", message, "Keep one of them.")
        for claim in sorted(tested.keys() - set(section.claims)):
            message = f"the runbook tests “{claim}”, which its section in the contract does not name"
            hint = "Add it to proves, if the outcome rests on it, or to also_checks."
            yield Finding(notebook.path, tested[claim].line, "claim-tested", message, hint)
        if not section.proves:
            message = f"the outcome of the section {slug} rests on no check"
            yield Finding(path, _line(tree.text(path), f'slug = "{slug}"'), "claim-tested", message, "Fill in proves.")


def _line(text: str, words: str) -> int:
    start = text.find(words)
    return text.count("\n", 0, max(start, 0)) + 1


def _offered(tree: Tree) -> Iterator[Finding]:
    """A test that a package of the clouds offers and no runbook uses is a proof that was taken out."""
    used = {
        node.attr
        for notebook in tree.notebooks.values()
        for cell in notebook.cells
        for node in ast.walk(cell.module)
        if isinstance(node, ast.Attribute)
    }
    for file in sorted((tree.root / "scripts/deploybook/clouds").glob("*/__init__.py")):
        path = file.relative_to(tree.root).as_posix()
        text = tree.text(path)
        for name in _public_functions(text):
            if name not in used:
                message = f"no runbook calls {file.parent.name}.{name}"
                hint = "Call it in the section's runbook, or take it out of __all__."
                yield Finding(path, _line(text, f'"{name}"'), "check-called", message, hint)


def _public_functions(text: str) -> list[str]:
    """The names in ``__all__`` that are functions by their form: those in small letters."""
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            names: list[str] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            return [name for name in names if name.islower()]
    return []


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "claim-tested",
        "Each section of the contract names the checks of its runbook: those that its outcome rests on, and the others. A runbook that "
        "lacks one of them, and one that tests what the contract does not name, has lost or gained a claim that no page speaks of.",
        _named,
    ),
    Rule(
        "check-called",
        "A check that a package of the clouds offers is called by a runbook: otherwise nothing tests what it was written to test.",
        _offered,
    ),
)
