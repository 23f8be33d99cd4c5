"""The form of a section: its parts, its steps, the danger before the instruction, the same words as its runbook."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.page import Block, Page, Paragraph, Piece

PARTS = ["Steps", "Or run it", "Verify", "Undo", "If it fails"]
_STEP = re.compile(r"\[[ x]\] ")


def steps(page: Page) -> list[list[Piece]]:
    """The pieces of each step, in their order."""
    result: dict[int, list[Piece]] = {}
    for piece in page.pieces:
        if piece.part == "Steps" and piece.step:
            result.setdefault(piece.step, []).append(piece)
    return [pieces for _, pieces in sorted(result.items())]


def step_name(pieces: list[Piece]) -> str:
    """The bold words that a step begins with; empty if it does not."""
    first = pieces[0]
    if not isinstance(first, Paragraph) or not _STEP.match(first.text):
        return ""
    return next((span.text.rstrip(".") for span in first.spans if span.kind == "strong"), "")


def written(tree: Tree) -> Iterator[tuple[str, Page]]:
    """The sections that have a page."""
    for slug in tree.contract.order():
        if page := tree.section_page(slug):
            yield slug, page


def _parts(tree: Tree) -> Iterator[Finding]:
    for slug, page in written(tree):
        have = [heading.text for heading in page.headings if heading.level == 2]
        if have != PARTS:
            hint = f"Give it the parts {', '.join(PARTS)}, in this order."
            yield Finding(page.path, 1, "section-parts", f"its parts are {', '.join(have) or 'none'}", hint)
        if not page.headings or page.headings[0].text != tree.contract.section(slug).title:
            hint = f"Write # {tree.contract.section(slug).title}."
            yield Finding(page.path, 1, "section-parts", "the first line is not the section's title", hint)
        for name in (f"section-head {slug}", f"verified {slug}", f"or-run-it {slug}", f"seen {slug}", f"claims {slug}"):
            if name not in page.generated.values():
                hint = f"Write <!-- generated: {name} --> where it belongs; it says when the section is done."
                yield Finding(page.path, 1, "section-parts", f"the generated part {name} is missing", hint)
        yield from _ends(page, slug)
    for slug in tree.contract.order():
        for path in (f"docs/sections/{slug}.md", f"runbooks/{slug}.ipynb"):
            if not tree.exists(path):
                hint = "Write it, or take the section out of the contract."
                yield Finding("runbooks/contract.toml", 1, "section-parts", f"the {slug} section has no {path}", hint)
    for path in tree.pages:
        if path.startswith("docs/sections/") and path.split("/")[-1][:-3] not in tree.contract.order():
            hint = "Remove it, or define the section in the contract."
            yield Finding(path, 1, "section-parts", "this file belongs to no section of the contract", hint)


def _ends(page: Page, slug: str) -> Iterator[Finding]:
    """What must be said after the steps."""
    by_part = {part: [piece for piece in page.pieces if piece.part == part] for part in PARTS}
    for part, mode in (("Verify", "verify"), ("Undo", "destroy")):
        if not _says(by_part[part], f"deploybook run {slug} --mode {mode}"):
            hint = f"Show deploybook run {slug} --mode {mode} there."
            yield Finding(
                page.path, _line(by_part[part]), "section-parts", f"*{part}* does not show how to run it", hint
            )
    for line in _unseen(by_part["Verify"]):
        message = "*Verify* does not say what to see after this command"
        yield Finding(page.path, line, "section-parts", message, "Write **You should see** before the next command.")
    links = [span for piece in by_part["If it fails"] if isinstance(piece, Paragraph) for span in piece.spans]
    if not any("troubleshooting.md#" in span.target for span in links):
        hint = "Link to the entries that help."
        yield Finding(
            page.path, _line(by_part["If it fails"]), "section-parts", "*If it fails* leads to no entry", hint
        )


def _unseen(pieces: list[Piece]) -> Iterator[int]:
    """The line of each block of commands after which, up to the next, nothing says what to see; the first line if there is no block."""
    blocks = [number for number, piece in enumerate(pieces) if isinstance(piece, Block) and piece.language == "sh"]
    for first, last in itertools.pairwise([*(blocks or [0]), len(pieces)]):
        if not any(isinstance(piece, Paragraph) and _sees(piece) for piece in pieces[first:last]):
            yield _line(pieces[first:last])


def _says(pieces: list[Piece], words: str) -> bool:
    return any(words in piece.text for piece in pieces if isinstance(piece, Paragraph | Block))


def _line(pieces: list[Piece]) -> int:
    return pieces[0].line if pieces else 1


def _steps(tree: Tree) -> Iterator[Finding]:
    for slug, page in written(tree):
        numbered = steps(page)
        numbers = re.findall(r"^(\d+)\. \[[ x]\] ", page.text, re.MULTILINE)
        if numbers != [str(number) for number in range(1, len(numbers) + 1)]:
            message = f"the steps are numbered {', '.join(numbers)}"
            yield Finding(
                page.path, _line(numbered[0]) if numbered else 1, "step-form", message, "Number them 1, 2, 3 …."
            )
        for pieces in numbered:
            yield from _step(page, pieces)
        yield from _references(page, slug, len(numbered))


def _step(page: Page, pieces: list[Piece]) -> Iterator[Finding]:
    line, name = pieces[0].line, step_name(pieces)
    if not name:
        hint = "Write `1. [ ] **Its name.**`, then at most one sentence."
        yield Finding(page.path, line, "step-form", "a step does not begin with a box and its name in bold", hint)
    sees = [paragraph for paragraph in pieces if isinstance(paragraph, Paragraph) and _sees(paragraph)]
    if not sees:
        yield Finding(page.path, line, "step-form", f"the step {name} does not say what you should see", "Say it.")
    for number, piece in enumerate(pieces):
        if isinstance(piece, Paragraph) and piece.warning and number != 1:
            hint = "Put the warning right after the step's name: a reader acts as he reads."
            yield Finding(
                page.path, piece.line, "danger-first", f"the danger of the step {name} comes after something else", hint
            )


def _sees(paragraph: Paragraph) -> bool:
    return any(span.kind == "strong" and span.text == "You should see" for span in paragraph.spans)


def _references(page: Page, slug: str, count: int) -> Iterator[Finding]:
    for paragraph in page.paragraphs:
        for match in re.finditer(r"\bstep (\d+)\b", paragraph.text):
            if int(match[1]) > count:
                line = paragraph.line + paragraph.text.count("\n", 0, match.start())
                yield Finding(
                    page.path, line, "step-form", f"the {slug} section has no step {match[1]}", f"It has {count}."
                )


def _dangers(tree: Tree) -> Iterator[Finding]:
    """Outside of steps: a part's warning stands before the block that it warns of."""
    for _, page in written(tree):
        for index, piece in enumerate(page.pieces):
            if piece.part != "Undo" or not isinstance(piece, Paragraph) or not piece.warning:
                continue
            before = [block for block in page.pieces[:index] if block.part == "Undo" and isinstance(block, Block)]
            if before:
                hint = "Put the warning before the first command."
                yield Finding(
                    page.path, piece.line, "danger-first", "the danger comes after the command that it warns of", hint
                )


def _dangers_of_steps(tree: Tree) -> Iterator[Finding]:
    for _, page in written(tree):
        for pieces in steps(page):
            yield from (finding for finding in _step(page, pieces) if finding.rule == "danger-first")


def _form(tree: Tree) -> Iterator[Finding]:
    return (finding for finding in _steps(tree) if finding.rule == "step-form")


def _order(tree: Tree) -> Iterator[Finding]:
    for slug, page in written(tree):
        notebook = tree.runbooks.get(slug)
        if notebook is None:
            continue
        text = "\n".join(cell.source for cell in notebook.cells if cell.kind == "markdown")
        headings = [heading for heading in re.findall(r"^## (.*)$", text, re.MULTILINE) if heading != "Verify"]
        names = [step_name(pieces) for pieces in steps(page)]
        if names != headings:
            wrong = next((name for name in names if name not in headings), "") or next(
                (heading for heading in headings if heading not in names), "the order"
            )
            line = next((pieces[0].line for pieces in steps(page) if step_name(pieces) == wrong), 1)
            hint = f"Let {notebook.path} have the headings {', '.join(names)}."
            yield Finding(page.path, line, "step-names", f"steps and runbook differ in {wrong}", hint)


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "section-parts",
        "A section has its title, Done when, Steps, Or run it, Verify, Undo and If it fails, in this order; Verify and Undo show their "
        "commands, Verify says after each what to see, and If it fails leads to entries. A reader who knows one section finds his way "
        "in each.",
        _parts,
    ),
    Rule(
        "step-form",
        "A step is numbered, begins with a box and its name in bold, and says what you should see; a step that the text refers to exists.",
        _form,
    ),
    Rule(
        "danger-first",
        "A warning stands before the instruction that it warns of: a reader acts as he reads.",
        lambda tree: [*_dangers_of_steps(tree), *_dangers(tree)],
    ),
    Rule(
        "step-names",
        "The steps of a section are the headings of its runbook, Verify aside, in the same order and words: what one does by hand "
        "is what the runbook does.",
        _order,
    ),
)
