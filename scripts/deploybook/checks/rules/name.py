"""Names that a page uses beside variables: placeholders, parameters, paths, routes, addresses, and everything else that is set as code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts import tools
from deploybook.checks.facts.knowledge import knowledge, words
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.rules.command import is_command, parameter_problem
from deploybook.checks.rules.variable import VARIABLE, all_text
from deploybook.guide.links import CHECKLIST
from deploybook.guide.page import Page, Span
from deploybook.guide.shell import PLACEHOLDER

_OPTION = re.compile(r"(?P<option>--?[a-z][\w-]*)(?: (?P<value>.+))?")
_PARAMETER = re.compile(r"-p (?P<name>\w+)(?: (?P<value>\S+))?")
_PATH = re.compile(r"(?:\.{0,2}/)?[\w.<>…-]+(?:/[\w.<>*…-]+)+/?")
_URL = re.compile(r"https?://(?P<host>[^/\s\"'?]+)(?P<path>/[^\s\"'?]*)?")
_STANDS_FOR = re.compile(r"[A-Z]+(?:\.[a-z]+)?|<[A-Z_]+>")


def _placeholders(tree: Tree) -> Iterator[Finding]:
    facts = knowledge(tree)
    used: set[str] = set()
    for page in tree.pages.values():
        explained = set(
            re.findall(r"in place of <([A-Z_]+)>", " ".join(paragraph.text for paragraph in page.paragraphs))
        )
        for line, text in all_text(page):
            for match in PLACEHOLDER.finditer(text):
                if not _in_table_of_names(page, line):
                    used.add(match[1])
                if match[1] not in facts.placeholders | facts.variables | explained:
                    hint = f"Add it to the table of names in {CHECKLIST}, or correct it."
                    message = f"nobody is told what to write for <{match[1]}>"
                    yield Finding(
                        page.path, line + text.count("\n", 0, match.start()), "placeholder-exists", message, hint
                    )
    checklist = tree.pages.get(CHECKLIST)
    for name, line in facts.placeholder_lines.items():
        if checklist and name not in used:
            message = f"no page uses <{name}>"
            yield Finding(CHECKLIST, line, "placeholder-exists", message, "Take it out of the table, or correct it.")


def _in_table_of_names(page: Page, line: int) -> bool:
    return page.path == CHECKLIST and any(row.line == line for row in page.rows)


def _parameters(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        slug = page.path.split("/")[-1][:-3]
        sections = [slug] if page.path.startswith("docs/sections/") else None
        for span in _codes(page):
            for match in _PARAMETER.finditer(span.text if not is_command(span.text) else ""):
                if wrong := parameter_problem(tree, match["name"], match["value"] or "", sections):
                    yield Finding(page.path, span.line, "parameter-exists", *wrong)


def _codes(page: Page) -> Iterator[Span]:
    return (span for span in page.spans if span.kind == "code" and page.by_hand(span.line))


def _paths(tree: Tree) -> Iterator[Finding]:
    facts = knowledge(tree)
    for page in tree.pages.values():
        for line, text in [*((span.line, span.text) for span in _codes(page)), *_block_words(page)]:
            if _PATH.fullmatch(text) and not facts.has_path(tree, page.path, text):
                hint = "Correct it, or let the code or a default say it."
                yield Finding(page.path, line, "path-exists", f"there is no {text}", hint)


def _block_words(page: Page) -> Iterator[tuple[int, str]]:
    for block in page.blocks:
        if block.language == "sh" and page.by_hand(block.line):
            for number, line in enumerate(block.text.splitlines(), 1):
                for word in line.split():
                    yield block.line + number, re.sub(r"^<(?=/)", "", word.strip("\"';`"))


def _addresses(tree: Tree) -> Iterator[Finding]:
    facts = knowledge(tree)
    for page in tree.pages.values():
        for line, text in all_text(page):
            for match in _URL.finditer(text):
                if not facts.has_address(match["host"], match["path"] or ""):
                    place = line + text.count("\n", 0, match.start())
                    message = f"nothing in deploybook speaks to {match[0].rstrip('.,')}"
                    yield Finding(page.path, place, "route-exists", message, "Correct the address.")
            for route in re.finditer(r"(?<![\w.])/(?:api|v\d+)/[\w/.{}<>-]*[\w>}]", text):
                if not facts.has_route(route[0]):
                    place = line + text.count("\n", 0, route.start())
                    message = f"no client of deploybook calls {route[0]}"
                    yield Finding(page.path, place, "route-exists", message, "Correct the route.")
    for number, line_text in enumerate(tree.text("runbooks/contract.toml").splitlines(), 1):
        for route in re.finditer(r"`(/api/[^`]+)`", line_text):
            if not facts.has_route(route[1]):
                message = f"no client of deploybook calls {route[1]}"
                yield Finding("runbooks/contract.toml", number, "route-exists", message, "Correct the route.")


def _literals(tree: Tree) -> Iterator[Finding]:
    facts = knowledge(tree)
    for page in tree.pages.values():
        blocks = "\n".join(block.text for block in page.blocks)
        for span in _codes(page):
            text = span.text
            if is_command(text) or _PARAMETER.search(text) or _PATH.fullmatch(text) or VARIABLE.fullmatch(text):
                continue
            if text in words("literals") or facts.is_link(tree, page.path, text):
                continue
            if text.startswith("-") and _OPTION.fullmatch(text):
                if not _has_option(facts.options, blocks, text):
                    message = f"no command that the guide uses has {text}"
                    yield Finding(page.path, span.line, "name-exists", message, "Correct the option.")
            elif not facts.has_literal(text, blocks):
                message = f"nothing in the guide or its code knows `{text}`"
                hint = "Correct it; a word of a provider's own goes into checks/facts/words.toml, with its source."
                yield Finding(page.path, span.line, "name-exists", message, hint)


def _has_option(options: frozenset[str], blocks: str, text: str) -> bool:
    match = _OPTION.fullmatch(text)
    assert match
    value = match["value"] or ""
    if match["option"] == "--mode" and value:
        from deploybook.runbook.modes import Mode

        return value in {mode.value for mode in Mode}
    return (match["option"] in options or match["option"] in tools.options()) and (
        not value or text in blocks or _STANDS_FOR.fullmatch(value) is not None
    )


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "placeholder-exists",
        "Every <PLACEHOLDER> is a variable or stands in the checklist's table of names, and each in that table is used.",
        _placeholders,
    ),
    Rule(
        "parameter-exists",
        "A parameter that a sentence gives with -p is one of the section's runbook (elsewhere, of any), and its value keeps the rule.",
        _parameters,
    ),
    Rule(
        "path-exists",
        "Every path set as code or used in a command is a file of this checkout, a place where the code writes, or a parameter's default.",
        _paths,
    ),
    Rule(
        "route-exists",
        "Every address and every route of the application that a page or the contract names is one that the code calls.",
        _addresses,
    ),
    Rule(
        "name-exists",
        "Whatever else is set as code (an option, an error's code, a status, a line of a log) is known: to the package, the "
        "contract, the runbooks, the workflow, or a block on the same page; or it is a provider's word, listed with its source in "
        "checks/facts/words.toml.",
        _literals,
    ),
)
