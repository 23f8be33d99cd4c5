"""The variables that a page names: each exists, is told of where it comes in, and belongs to the section that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts.knowledge import knowledge
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.page import Page

VARIABLE = re.compile(r"(?<![\w/<.$-])[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9](?![\w>(…-])")
# `s/^R2_(ACCESS_KEY_ID|…)`: the rest of a name.
_PART_OF_A_NAME = re.compile(r"_\([A-Z0-9_|]+\)")
_READ = re.compile(r"read -rs ([A-Za-z_]\w*) && export")
_TYPED = re.compile(r"read -rs (?P<name>[A-Za-z_]\w*)(?: && export (?P<exported>[A-Za-z_]\w*))?")
_PUT = re.compile(r"\$(?P<value>[A-Z]\w*)\"? \| (?:gh secret set|vercel env add) (?P<name>[A-Z]\w*)")
_USED = re.compile(r"\$\{?#?(?P<name>[A-Za-z_][A-Za-z0-9_]*)")
_SET = re.compile(
    r"(?:^|[\s;(])(?:export )?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=|read -rs (?P<read>[A-Za-z_]\w*)|for (?P<each>\w+) in"
)
# The shell's own.
_SHELL = frozenset({"EDITOR", "HOME", "PATH", "PWD"})


def _variables(tree: Tree) -> Iterator[Finding]:
    facts = knowledge(tree)
    for page in tree.pages.values():
        own = _read_and_used(page)
        for line, text in all_text(page):
            for match in VARIABLE.finditer(_PART_OF_A_NAME.sub(lambda part: " " * len(part[0]), text)):
                if match[0] not in facts.variables | facts.codes | own:
                    place = line + text.count("\n", 0, match.start())
                    message = f"{match[0]} is no variable, no credential and no setting of the guide's"
                    yield Finding(page.path, place, "variable-exists", message, "Correct the name.")
    for notebook in tree.notebooks.values():
        for cell in notebook.cells:
            for match in VARIABLE.finditer(cell.source) if cell.kind == "markdown" else ():
                if match[0] not in facts.variables:
                    message = f"{match[0]} is no variable, no credential and no setting of the guide's"
                    yield Finding(notebook.path, cell.line, "variable-exists", message, "Correct the name.")


def _read_and_used(page: Page) -> set[str]:
    """What a page has the reader type in, if the page goes on to use it."""
    text = "\n".join(block.text for block in page.blocks)
    return {name for name in _READ.findall(text) if len(re.findall(rf"\b{name}\b", text)) > 2}


def all_text(page: Page) -> Iterator[tuple[int, str]]:
    """Every text of a page with the line that it begins in, without what a generator wrote."""
    for paragraph in page.paragraphs:
        if page.by_hand(paragraph.line):
            yield paragraph.line, paragraph.text
    for block in page.blocks:
        if page.by_hand(block.line):
            yield block.line + 1, block.text


def _shell_variables(tree: Tree) -> Iterator[Finding]:
    """``$name`` in a block of commands has a value: set before it on the page, or in the operator's shell."""
    facts = knowledge(tree)
    for page in tree.pages.values():
        available = set(_SHELL) | facts.variables
        for block in page.blocks:
            if block.language != "sh":
                continue
            available |= {name for match in _SET.finditer(block.text) for name in match.groups() if name}
            for used in _USED.finditer(block.text):
                if used["name"] not in available:
                    line = block.line + 1 + block.text.count("\n", 0, used.start())
                    yield Finding(
                        page.path, line, "variable-exists", f"nothing on the page sets ${used['name']}", "Set it first."
                    )


def _typed(tree: Tree) -> Iterator[Finding]:
    """What a command has the reader type in is exported under the same name, or used by a later command of the same block."""
    for page in tree.pages.values():
        for line, text in all_text(page):
            for typed in _TYPED.finditer(text):
                used = {use["name"] for use in _USED.finditer(text, typed.end())}
                if typed["exported"] == typed["name"] or (not typed["exported"] and typed["name"] in used):
                    continue
                if not typed["exported"] and (line, text) not in [
                    (block.line + 1, block.text) for block in page.blocks
                ]:
                    continue
                message = f"{typed['name']} is typed in, and then not it but {typed['exported'] or 'nothing'} is used"
                place = line + text.count("\n", 0, typed.start())
                yield Finding(page.path, place, "variable-exists", message, "Let both be the same name.")


def _documented(tree: Tree) -> Iterator[Finding]:
    """A section's own page tells of what the section produces, and of the credentials that it takes."""
    for slug in tree.contract.order():
        page = tree.section_page(slug)
        if page is None:
            continue
        page_text = "\n".join(text for _, text in all_text(page))
        names = [variable.name for variable in tree.contract.produced_by(slug)]
        names += [
            credential.name for credential in tree.contract.credentials_for(slug) if slug == credential.sections[0]
        ]
        for name in names:
            if not re.search(rf"(?<!\w){name}(?!\w)", page_text):
                message = f"the section does not say where {name} comes in"
                yield Finding(page.path, 1, "variable-documented", message, "Name it in the step that it belongs to.")


def _belong(tree: Tree) -> Iterator[Finding]:
    """A section's steps name what the section produces, needs, sets somewhere or is given."""
    contract = tree.contract
    for slug in contract.order():
        page = tree.section_page(slug)
        places = {consumer.name for consumer in contract.consumers_set_by(slug)}
        allowed = {variable.name for variable in contract.produced_by(slug) + contract.needed_by(slug)}
        allowed |= {variable.name for variable in contract.variables if places & set(variable.consumers)}
        # A fixed value may be told of where it does not count; another name stands for the same thing.
        allowed |= {
            variable.name
            for variable in contract.variables
            if variable.value is not None or variable.same_as in allowed
        }
        allowed |= {credential.name for credential in contract.credentials_for(slug)}
        allowed |= set(re.findall(r'"([A-Z][A-Z0-9_]+)"', tree.runbooks[slug].code)) if slug in tree.runbooks else set()
        for line, text in all_text(page) if page else ():
            for message, at in _misplaced(text, knowledge(tree).own - allowed):
                place = line + text.count("\n", 0, at)
                yield Finding(f"docs/sections/{slug}.md", place, "variable-belongs", message, "Correct the name.")


def _misplaced(text: str, strange: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Names that do not belong, and commands that put the value of one variable where another is kept; where in the text."""
    named = [(match[0], match.start()) for match in VARIABLE.finditer(text)]
    named += [(match["name"], match.start()) for match in _USED.finditer(text)]
    yield from ((f"{name} has nothing to do with this section", at) for name, at in named if name in strange)
    for put in _PUT.finditer(text):
        if put["value"] != put["name"]:
            yield f"{put['value']} is put into {put['name']}", put.start()


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "variable-exists",
        "Every name in the form of a variable is one: of the contract, of the operator's credentials, of the settings that the "
        "code reads, or of a provider's tool (checks/facts/words.toml); what a block of commands reads is set on the page or "
        "exported by the operator; and what the reader types in is what is exported or used.",
        lambda tree: [*_variables(tree), *_shell_variables(tree), *_typed(tree)],
    ),
    Rule(
        "variable-documented",
        "A section's page says where each variable that it produces comes from, and where each credential that it needs first goes.",
        _documented,
    ),
    Rule(
        "variable-belongs",
        "A section's page names the variables that it produces, needs, sets somewhere or is given, and its own credentials, no others.",
        _belong,
    ),
)
