"""What is dangerous is warned of where it is done: each warning of a section comes from a property of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.rules.section import step_name, steps, written
from deploybook.contract.definitions import Property
from deploybook.guide.page import Block, Page, Paragraph, Piece
from deploybook.runbook.modes import Mode

PATH = "runbooks/contract.toml"


def _told(tree: Tree) -> Iterator[Finding]:
    for prop in tree.contract.properties:
        line = tree.contract_line(f'name = "{prop.name}"')
        page = tree.pages.get(prop.page)
        if page is None:
            yield Finding(PATH, line, "danger-told", f"there is no page {prop.page}", "Correct the property's page.")
        elif not any(_warns_of(page, piece.line, prop) for piece in _at(page, prop.place)):
            message = f"nothing warns of {prop.name} in *{prop.place}*"
            hint = f"Write <!-- generated: warning {prop.name} --> there, before the instruction."
            yield Finding(prop.page, _first(page, prop.place), "danger-told", message, hint)
        yield from _untried(tree, prop, line)
    for _, page in written(tree):
        for piece in page.pieces:
            if isinstance(piece, Paragraph) and piece.warning and page.by_hand(piece.line):
                hint = "Give the contract the property that it warns of, and generate the warning."
                yield Finding(page.path, piece.line, "danger-told", "this warning is typed by hand", hint)


def _untried(tree: Tree, prop: Property, line: int) -> Iterator[Finding]:
    for test in _absent(tree, prop.tests):
        message = f"the property {prop.name} is tried by {test}, which is not there"
        yield Finding(PATH, line, "danger-told", message, "Name the test that tries it.")


def _absent(tree: Tree, tests: Sequence[str]) -> Iterator[str]:
    """Those of some tests that are not there; none in a copy of the guide without its tests."""
    for test in tests if tree.exists("tests") else ():
        path, _, name = test.partition("::")
        if not tree.exists(path) or f"def {name}(" not in tree.text(path):
            yield test


def _modes(tree: Tree) -> Iterator[Finding]:
    names = [mode.name for mode in tree.contract.modes]
    if names != [mode.value for mode in Mode]:
        hint = f"They are {', '.join(mode.value for mode in Mode)}, in this order."
        yield Finding(PATH, tree.contract_line("[[mode]]"), "modes-told", f"the modes are {', '.join(names)}", hint)
    for mode in tree.contract.modes:
        for test in _absent(tree, mode.tests):
            message = f"what {mode.name} does is tried by {test}, which is not there"
            line = tree.contract_line(f'name = "{mode.name}"')
            yield Finding(PATH, line, "modes-told", message, "Name the test that tries it.")


def _before(tree: Tree) -> Iterator[Finding]:
    """A block with a dangerous command has the warning before it, in the same step or part."""
    for page in tree.pages.values():
        for prop in tree.contract.properties:
            if prop.page != page.path or not prop.commands:
                continue
            for piece in page.pieces:
                if not isinstance(piece, Block) or not any(command in piece.text for command in prop.commands):
                    continue
                warned = [
                    other for other in page.pieces if other.line < piece.line and _warns_of(page, other.line, prop)
                ]
                if not any(_together(other, piece) for other in warned):
                    message = f"this block does what {prop.name} warns of, and nothing warns of it here"
                    hint = f"Write <!-- generated: warning {prop.name} --> before it."
                    yield Finding(page.path, piece.line, "danger-before", message, hint)


def _together(one: Piece, other: Piece) -> bool:
    return one.title == other.title and one.step == other.step


def _warns_of(page: Page, line: int, prop: Property) -> bool:
    name, *arguments = page.generated.get(line, "").split() or [""]
    return name == "warning" and prop.name in arguments


def _at(page: Page, place: str) -> list[Piece]:
    """The pieces of a step, by its name, or below a heading."""
    for pieces in steps(page):
        if step_name(pieces) == place:
            return pieces
    return [piece for piece in page.pieces if piece.title == place]


def _first(page: Page, place: str) -> int:
    return next((piece.line for piece in _at(page, place)), 1)


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "danger-told",
        "What cannot be taken back, is shown once, replaces all, cuts off, costs, goes live or is open to others is a property in the "
        "contract, which a test tries; the warning comes from it and stands in the step that brings it about. No section has a warning of "
        "another origin.",
        _told,
    ),
    Rule(
        "modes-told",
        "The contract says of each mode what it talks to, does and proves, and names the tests that try it; the guide's tables come from "
        "it.",
        _modes,
    ),
    Rule(
        "danger-before",
        "A block that holds a dangerous command, as the contract's property names it, has that property's warning before it in the same "
        "step.",
        _before,
    ),
)
