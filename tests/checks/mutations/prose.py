"""Mutations in what the pages say: names, commands, numbers, outputs, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.checks.mutations.mutation import Mutation, following, misspelt, replaced

from deploybook.checks.facts import tools
from deploybook.checks.facts.tree import Tree
from deploybook.guide.page import Page, Span
from deploybook.runbook.modes import Mode

COUNTS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"]


def mutations(tree: Tree) -> Iterator[Mutation]:
    """Those of every page, in what a person wrote."""
    for page in tree.pages.values():
        for mutation in [
            *_names(tree, page),
            *_commands(tree, page),
            *_words_of_commands(page),
            *_numbers(page),
            *_code(page),
            *_said(page),
        ]:
            if page.by_hand(page.text.count("\n", 0, mutation.start) + 1):
                yield mutation


def _names(tree: Tree, page: Page) -> Iterator[Mutation]:
    contract = tree.contract
    names = [*(each.name for each in contract.variables), *(credential.name for credential in contract.credentials)]
    variable = rf"(?<![\w<])(?:{'|'.join(sorted(names, key=len, reverse=True))})(?!\w)"
    yield from replaced("variable misspelt", page.path, page.text, variable, lambda match: misspelt(match[0]))
    yield from replaced("another variable", page.path, page.text, variable, lambda match: following(match[0], names))
    yield from replaced(
        "placeholder misspelt",
        page.path,
        page.text,
        r"<(?P<name>[A-Z][A-Z_]+)>",
        lambda match: misspelt(match["name"]),
        "name",
    )


def _commands(tree: Tree, page: Page) -> Iterator[Mutation]:
    modes, slugs = [mode.value for mode in Mode], tree.contract.order()
    path, text = page.path, page.text
    command = r"deploybook (?P<sub>[a-z]+)(?: (?P<slug>[a-z0-9_]+))?(?: --mode (?P<mode>[a-z-]+))?"
    # "deploybook" is also the subject of sentences.
    subcommands = getattr(tree.cli, "commands", {})
    yield from replaced(
        "subcommand misspelt",
        path,
        text,
        command,
        lambda match: misspelt(match["sub"]) if match["sub"] in subcommands else None,
        "sub",
    )
    yield from replaced(
        "section of a command misspelt",
        path,
        text,
        command,
        lambda match: misspelt(match["slug"]) if match["slug"] in slugs else None,
        "slug",
    )
    yield from replaced(
        "another section in a command",
        path,
        text,
        command,
        lambda match: following(match["slug"], slugs) if match["slug"] in slugs else None,
        "slug",
    )
    yield from replaced(
        "mode misspelt", path, text, r"--mode (?P<mode>[a-z-]+)", lambda match: misspelt(match["mode"]), "mode"
    )
    yield from replaced(
        "another mode", path, text, r"--mode (?P<mode>[a-z-]+)", lambda match: following(match["mode"], modes), "mode"
    )


def _words_of_commands(page: Page) -> Iterator[Mutation]:
    path, text = page.path, page.text
    yield from replaced(
        "parameter misspelt", path, text, r"-p (?P<name>[a-z_]+)", lambda match: misspelt(match["name"]), "name"
    )
    yield from replaced(
        "option misspelt",
        path,
        text,
        r"(?<![\w-])--(?P<name>[a-z][a-z-]+)",
        lambda match: misspelt(match["name"]),
        "name",
    )
    yield from replaced(
        "target of make misspelt",
        path,
        text,
        r"\bmake (?P<name>guide|test|check)\b",
        lambda match: misspelt(match["name"]),
        "name",
    )
    names = "|".join(sorted(tool for tool, commands in tools.known().items() if commands))
    theirs = rf"(?:^ *|`)(?P<tool>{names}) (?P<sub>[a-z]+)"
    yield from replaced(
        "command of another's misspelt", path, text, theirs, lambda match: misspelt(match["sub"]), "sub"
    )


def _numbers(page: Page) -> Iterator[Mutation]:
    path, text = page.path, page.text
    quantity = r"(?<![\w.])(?P<number>\d+) (?:hex digits|bytes|seconds|minutes|characters)"
    yield from replaced("quantity changed", path, text, quantity, lambda match: str(int(match["number"]) + 3), "number")
    count = rf"\b(?P<count>{'|'.join(COUNTS)}) (?:variables|names|sections|modes|keys|secrets|lines)\b"
    yield from replaced("count changed", path, text, count, lambda match: following(match["count"], COUNTS), "count")
    yield from replaced("step's number changed", path, text, r"\bstep (?P<number>\d)\b", lambda _: "9", "number")
    yield from replaced(
        "status changed", path, text, r"`(?P<status>[1-5]\d\d)`", lambda match: str(int(match["status"]) + 17), "status"
    )
    yield from replaced(
        "value in a JSON block changed",
        path,
        text,
        r'^ +"(?:Allowed|Expose|Max)\w+": .*?(?P<value>\w{3,})(?="?\]?,?$)',
        lambda match: misspelt(match["value"]),
        "value",
    )


def _code(page: Page) -> Iterator[Mutation]:
    """Any span of code, and addresses and routes."""
    path, text = page.path, page.text
    yield from replaced(
        "code misspelt",
        path,
        text,
        r"(?<![`\w])`(?P<code>[^`\n]{4,})`(?!`)",
        lambda match: misspelt(match["code"]),
        "code",
    )
    yield from replaced("route misspelt", path, text, r"/api/[a-z/]*[a-z]", lambda match: misspelt(match[0]))
    yield from replaced(
        "host misspelt",
        path,
        text,
        r"https://(?P<host>[a-z.]+\.[a-z]+\.[a-z]+|<[A-Z0-9_]+>\.[a-z0-9.]+)",
        lambda match: misspelt(match["host"]),
        "host",
    )
    yield from replaced(
        "path misspelt",
        path,
        text,
        r"(?<![\w/.])(?:runbooks|scripts|docs|\.github|\.venv)/[\w./-]*\w",
        lambda match: misspelt(match[0]),
    )


def _said(page: Page) -> Iterator[Mutation]:
    """A word left out of what is quoted as seen; a permission by another name."""
    for paragraph in page.paragraphs:
        if paragraph.text.startswith("You see"):
            for span in paragraph.spans:
                yield from _word_left_out(page, span)
    permission = r"\*(?P<name>[A-Z]\w+): read and write\*"
    yield from replaced(
        "permission misspelt", page.path, page.text, permission, lambda match: misspelt(match["name"]), "name"
    )


def _word_left_out(page: Page, span: Span) -> Iterator[Mutation]:
    words = span.text.split()
    if span.kind in {"em", "code"} and len(words) > 2:
        mark = "*" if span.kind == "em" else "`"
        shorter = " ".join([*words[:1], *words[2:]])
        pattern = rf"{re.escape(mark)}(?P<said>{re.escape(span.text)}){re.escape(mark)}"
        yield from replaced("word left out of an output", page.path, page.text, pattern, lambda _: shorter, "said")
