"""Commands that the guide tells the reader to type: the program, its subcommands, options, sections and parameters exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import click

from deploybook.checks.facts import tools
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.errors import ConfigurationError, InvalidValue
from deploybook.guide.entries import pattern
from deploybook.guide.page import Block, Heading, Page, Paragraph
from deploybook.guide.shell import commands, named
from deploybook.runbook.notebook_file import parse_parameter

RULE = "command-exists"
# A word in capitals stands for what the reader writes there.
_STANDS_FOR = re.compile(r"[A-Z][A-Z0-9_/]*")


def _find(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        for line, text, refusals in _told(page):
            try:
                parsed = commands(text)
            except ValueError:
                continue  # block-parses tells
            for command in parsed:
                wrong = problem(tree, command.words)
                if wrong and not any(refusal.fullmatch(wrong[0].lower()) for refusal in refusals):
                    yield Finding(page.path, line + command.line, RULE, *wrong)


def _told(page: Page) -> Iterator[tuple[int, str, list[re.Pattern[str]]]]:
    """Blocks of commands, and commands told within a sentence; in generated parts too, which a generator could get wrong."""
    for block in page.blocks:
        if block.language == "sh":
            yield block.line + 1, block.text, _refusals(page, block)
    for span in page.spans:
        if span.kind == "code" and is_command(span.text):
            yield span.line, span.text, []


def _refusals(page: Page, block: Block) -> list[re.Pattern[str]]:
    """The Check of an entry marked .at-the-command shows a command that is refused: with the entry's own messages, and no others."""
    pieces = [piece for piece in page.pieces if piece.title == block.title]
    before = [piece for piece in pieces if piece.line < block.line]
    heading = next((piece.line for piece in before if isinstance(piece, Heading)), 0)
    if not heading or ".at-the-command" not in page.text.splitlines()[heading - 1]:
        return []
    begun = [
        piece.text.split(" ")[0]
        for piece in before
        if isinstance(piece, Paragraph) and piece.text.startswith(("Check", "Fix"))
    ]
    outputs = [piece.text for piece in before if isinstance(piece, Block) and piece.language == "text"]
    messages = "\n".join(outputs).splitlines() if begun[-1:] == ["Check"] else []
    return [pattern(message.lower()) for message in messages]


def is_command(text: str) -> bool:
    """Whether a code span is a command with an argument; a bare ``make`` or ``modal`` is only a name."""
    name, _, rest = text.removeprefix(".venv/bin/").partition(" ")
    return bool(rest) and (name in OURS or name in tools.known()) and "…" not in text


def problem(tree: Tree, words: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with one command, and what to do; None if nothing is."""
    words = [words[0].removeprefix(".venv/bin/"), *words[1:]]
    check = OURS.get(words[0])
    if check:
        return check(tree, words[1:])
    if wrong := tools.problem(words):
        return wrong, "Correct it; if it is right, add it to checks/facts/tools.toml with where you looked it up."
    return None


def _deploybook(tree: Tree, arguments: Sequence[str]) -> tuple[str, str] | None:
    command = tree.cli
    path, rest = ["deploybook"], list(arguments)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            return (
                f"{' '.join(path)} has no command {rest[0]}.",
                f"{' '.join(path)} has {', '.join(sorted(command.commands))}.",
            )
        command = command.commands[rest[0]]
        path.append(rest.pop(0))
    return _parsed(tree, command, " ".join(path), rest)


def _parsed(tree: Tree, command: click.Command, path: str, rest: list[str]) -> tuple[str, str] | None:
    try:
        context = command.make_context(path, rest, resilient_parsing=False)
    except click.exceptions.Exit:
        return None
    except click.NoSuchOption as error:
        return f"There is no option {error.option_name}.", f"`{path} --help` shows what it takes."
    except click.UsageError as error:
        # Told within a sentence, a command need not be whole.
        if isinstance(error, click.MissingParameter):
            return None
        return f"`{path}` would refuse this: {error.format_message()}", f"`{path} --help` shows what it takes."
    except InvalidValue as error:
        return str(error), error.hint
    sections = [slug for slug in context.params.get("sections") or () if not _STANDS_FOR.fullmatch(slug)]
    unknown = next((slug for slug in sections if slug not in tree.notebooks), None)
    if unknown:
        return f"there is no section {unknown}", f"Use one of {', '.join(tree.contract.order())}."
    for name, value in context.params.get("pairs") or ():
        if wrong := parameter_problem(tree, name, value, sections or None):
            return wrong
    return None


def parameter_problem(
    tree: Tree, name: str, value: str, sections: Sequence[str] | None = None
) -> tuple[str, str] | None:
    """What is wrong with ``-p name value`` for some sections (default: any)."""
    if _STANDS_FOR.fullmatch(name):
        return None
    having = {slug: declared[name] for slug, declared in tree.parameters.items() if name in declared}
    fitting = [parameter for slug, parameter in having.items() if sections is None or slug in sections]
    if not fitting:
        return f"no selected runbook has a parameter {name}", f"{', '.join(having) or 'No runbook'} has it."
    plain = named(value)
    if plain and not _STANDS_FOR.fullmatch(plain):
        try:
            parse_parameter(tree.contract, fitting[0], plain)
        except ConfigurationError as error:
            return str(error), error.hint
    return None


def _make(tree: Tree, arguments: Sequence[str]) -> tuple[str, str] | None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", tree.text("Makefile"), re.MULTILINE))
    unknown = next((argument for argument in arguments if argument not in targets), None)
    return (f"make has no target {unknown}", f"It has {', '.join(sorted(targets))}.") if unknown else None


def _python(tree: Tree, arguments: Sequence[str]) -> tuple[str, str] | None:
    if len(arguments) < 2 or arguments[0] != "-m":
        return None
    path = arguments[1].replace(".", "/")
    below = "scripts/" if path.startswith("deploybook") else ""
    if any(tree.exists(f"{below}{path}{ending}") for ending in (".py", "/__main__.py")) or (
        not below and not tree.exists("tests")
    ):
        return None
    return f"there is no module {arguments[1]}", "Correct its name."


OURS = {"deploybook": _deploybook, "make": _make, "python": _python}

RULES: tuple[Rule[Tree], ...] = (
    Rule(
        RULE,
        "Every command that a page shows, in a block or in a sentence, is one that its program accepts: a command and options of "
        "deploybook's own (asked of click itself), sections and parameters that exist with values that keep their rule, a target "
        "of the Makefile, or a command of another tool that somebody looked up (checks/facts/tools.toml). A reader who pastes it must "
        "not meet a usage error.",
        _find,
    ),
)
