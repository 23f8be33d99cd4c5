"""What is dangerous is warned of where it is done: each warning of a section comes from a property of the contract."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.rules.section import step_name, steps, written
from deploybook.contract.definitions import Property
from deploybook.guide.page import Block, Page, Paragraph, Piece

PATH = "runbooks/contract.toml"


def _told(tree: Tree) -> Iterator[Finding]:
    for each in tree.contract.properties:
        line = tree.contract_line(f'name = "{each.name}"')
        page = tree.pages.get(each.page)
        if page is None:
            yield Finding(PATH, line, "danger-told", f"there is no page {each.page}", "Correct the property's page.")
        elif not any(_warns_of(page, piece.line, each) for piece in _at(page, each.place)):
            message = f"nothing warns of {each.name} in *{each.place}*"
            hint = f"Write <!-- generated: warning {each.name} --> there, before the instruction."
            yield Finding(each.page, _first(page, each.place), "danger-told", message, hint)
        yield from _untried(tree, each, line)
    for _, page in written(tree):
        for piece in page.pieces:
            if isinstance(piece, Paragraph) and piece.warning and page.by_hand(piece.line):
                hint = "Give the contract the property that it warns of, and generate the warning."
                yield Finding(page.path, piece.line, "danger-told", "this warning is typed by hand", hint)


def _untried(tree: Tree, each: Property, line: int) -> Iterator[Finding]:
    for test in each.tests if tree.exists("tests") else ():
        path, _, name = test.partition("::")
        if not tree.exists(path) or f"def {name}(" not in tree.text(path):
            message = f"the property {each.name} is tried by {test}, which is not there"
            yield Finding(PATH, line, "danger-told", message, "Name the test that tries it.")


def _before(tree: Tree) -> Iterator[Finding]:
    """A block with a dangerous command has the warning before it, in the same step or part."""
    for page in tree.pages.values():
        for each in tree.contract.properties:
            if each.page != page.path or not each.commands:
                continue
            for piece in page.pieces:
                if not isinstance(piece, Block) or not any(command in piece.text for command in each.commands):
                    continue
                warned = [
                    other for other in page.pieces if other.line < piece.line and _warns_of(page, other.line, each)
                ]
                if not any(_together(other, piece) for other in warned):
                    message = f"this block does what {each.name} warns of, and nothing warns of it here"
                    hint = f"Write <!-- generated: warning {each.name} --> before it."
                    yield Finding(page.path, piece.line, "danger-before", message, hint)


def _together(one: Piece, other: Piece) -> bool:
    return one.title == other.title and one.step == other.step


def _warns_of(page: Page, line: int, each: Property) -> bool:
    name, *arguments = page.generated.get(line, "").split() or [""]
    return name == "warning" and each.name in arguments


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
        "danger-before",
        "A block that holds a dangerous command, as the contract's property names it, has that property's warning before it in the same "
        "step.",
        _before,
    ),
)
