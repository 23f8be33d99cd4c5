"""Values that a page states and that the contract, a runbook or the code has: defaults, numbers, counts, exit codes, modes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts.knowledge import default_of, words
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.exit_codes import meanings
from deploybook.guide.links import CHECKLIST
from deploybook.guide.page import Heading, Page, Paragraph
from deploybook.runbook.events import SIGNS
from deploybook.runbook.modes import Mode

_NAMES = dict(
    enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1)
)
_WORDS = {word: number for number, word in _NAMES.items()}
_COUNTED = re.compile(
    rf"\b(?P<last>last )?(?P<count>{'|'.join(_WORDS)}) (?P<what>variables|names|lines|secrets|keys|sections|modes|more lines|ids)\b"
)
_QUANTITY = re.compile(
    r"(?<![\w.])(?P<number>\d+) (?P<unit>hex digits|digits|bytes|characters|seconds|minutes|hours|days|MB)\b"
    r"(?:[`*]*<!-- = (?P<source>[^>]+) -->)?"
)
CONTRACT = "runbooks/contract.toml"
_FOR_READERS = re.compile(r"(?:why|costs|takes) = ")
_DEFAULT = re.compile(r"`(?P<value>[^`]+)`<!-- = (?P<slug>[a-z][a-z0-9_]*) (?P<name>[a-z][a-z0-9_]*) -->")
# A constant may be in seconds, or in hex digits, which are two to a byte.
_FACTORS = {"bytes": (1, 2), "minutes": (1, 60), "hours": (1, 3600), "days": (1, 86400), "MB": (1, 1024 * 1024)}
# A runbook imports the packages of the clouds that it deals with.
_IMPORTED = re.compile(r"^from deploybook\.clouds import (?P<names>[\w, ]+)$", re.MULTILINE)


def _defaults(tree: Tree) -> Iterator[Finding]:
    """The table of names tells the runbooks' own defaults."""
    page = tree.pages.get(CHECKLIST)
    for row in page.rows if page else ():
        if row.head[:1] != ("Placeholder",):
            continue
        for name in re.findall(r"<([A-Z_]+)>", row.cells[0].text):
            default = default_of(tree, name.lower())
            if default is not None and row.cells[1].text != (default or "none"):
                message = f"the default of {name.lower()} is {default or 'none'}, not {row.cells[1].text}"
                yield Finding(CHECKLIST, row.line, "default-current", message, f"Write {default or 'none'}.")
            elif default is None and any(span.kind == "code" for span in row.cells[1].spans):
                message = f"no runbook has a parameter {name.lower()}, so it has no default"
                yield Finding(CHECKLIST, row.line, "default-current", message, "Write none, or correct the name.")


def _quantities(tree: Tree) -> Iterator[Finding]:
    """Every quantity has, right after it, the mark that binds it to what the program goes by."""
    places = [(page.path, *quantity) for page in tree.pages.values() for quantity in _quantities_in(page)]
    for path, line, match in [*places, *_quantities_of_sections(tree)]:
        problem = _unbound(tree, match)
        if problem:
            quantity = f"{match['number']} {match['unit']}"
            hint = f"Write {quantity}<!-- = SOURCE --> as docs/STYLE.md says, or correct the number."
            yield Finding(path, line, "quantity-bound", f"{quantity} {problem}", hint)


def _quantities_of_sections(tree: Tree) -> Iterator[tuple[str, int, re.Match[str]]]:
    """What the contract says to a reader of each section: the pages have it in generated parts."""
    for number, line in enumerate(tree.text(CONTRACT).splitlines(), 1):
        if _FOR_READERS.match(line):
            yield from ((CONTRACT, number, match) for match in _QUANTITY.finditer(line))


def _quantities_in(page: Page) -> Iterator[tuple[int, re.Match[str]]]:
    blocks = {line for block in page.blocks for line in range(block.line, block.line + block.text.count("\n") + 2)}
    for number, line in enumerate(page.text.splitlines(), 1):
        if page.by_hand(number) and number not in blocks:
            yield from ((number, match) for match in _QUANTITY.finditer(line))


def _unbound(tree: Tree, match: re.Match[str]) -> str:
    """What is wrong with a quantity's binding; empty if the program has the same number."""
    source = match["source"]
    if not source:
        return "is bound to nothing"
    bound = _number(tree, source.strip())
    if bound is None:
        return f"is bound to {source.strip()}, which is not there"
    factors = _FACTORS.get(match["unit"], (1,))
    if any(int(match["number"]) * factor == bound for factor in factors):
        return ""
    return f"is bound to {source.strip()}, which is {bound:g}"


def _number(tree: Tree, source: str) -> float | None:
    """The number that a mark names; None if there is none.

    A constant of the package, ``clouds/render/deploy.py LIMIT_SECONDS``; a runbook's default, ``vercel deploy_minutes``; the length that
    the contract's pattern gives a variable, ``R2_ACCESS_KEY_ID``; or a provider's own number, ``words: 30 seconds``.
    """
    if source.startswith("words: "):
        looked_up = source.removeprefix("words: ")
        return float(looked_up.split(" ")[0]) if looked_up in words("quantities") else None
    place, _, name = source.partition(" ")
    if place.endswith(".py"):
        module = tree.sources.modules.get(place)
        return module.constants.get(name) if module else None
    if name:
        parameter = tree.parameters.get(place, {}).get(name)
        return float(parameter.default) if parameter and isinstance(parameter.default, int) else None
    patterns = [variable.pattern for variable in tree.contract.variables if variable.name == place]
    length = re.search(r"\{(\d+)\}", patterns[0]) if patterns else None
    return float(length[1]) if length else None


def _bound_defaults(tree: Tree) -> Iterator[Finding]:
    """A value that is marked with a runbook's parameter is its default."""
    for page in tree.pages.values():
        for number, line in enumerate(page.text.splitlines(), 1):
            for match in _DEFAULT.finditer(line) if page.by_hand(number) else ():
                parameter = tree.parameters.get(match["slug"], {}).get(match["name"])
                default = str(parameter.default) if parameter else None
                if default is None:
                    message = f"the runbook {match['slug']} has no parameter {match['name']}"
                    yield Finding(page.path, number, "default-bound", message, "Correct the mark.")
                elif default != match["value"]:
                    message = f"the default of {match['name']} is {default}, not {match['value']}"
                    yield Finding(page.path, number, "default-bound", message, f"Write `{default}`.")


def _counts(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        slug = page.path.split("/")[-1][:-3]
        pieces: list[Heading | Paragraph] = [*page.headings, *page.paragraphs]
        for piece in pieces:
            for match in _COUNTED.finditer(piece.text.lower()) if page.by_hand(piece.line) else ():
                allowed = _allowed(tree, slug if slug in tree.contract.order() else "", match)
                if allowed and _WORDS[match["count"]] not in allowed:
                    line = piece.line + piece.text.count("\n", 0, match.start())
                    hint = f"It is {' or '.join(_NAMES.get(number, str(number)) for number in sorted(allowed))}."
                    message = f"“{match[0]}” is not what the contract counts"
                    yield Finding(page.path, line, "count-current", message, hint)


def _allowed(tree: Tree, slug: str, match: re.Match[str]) -> set[int]:
    """What can be counted by a word; empty where nothing tells. The last sections are those after this one."""
    contract, counted = tree.contract, match["what"]
    if counted == "sections" and slug and match["last"]:
        return {len(contract.order()) - 1 - contract.order().index(slug)}
    if counted == "sections":
        return {len(contract.order())}
    if counted == "modes":
        return {len(Mode)}
    if not slug:
        return set()
    produced = {variable.name for variable in contract.produced_by(slug)}
    places = [consumer.name for consumer in contract.consumers_set_by(slug)]
    counts = {len(produced)}
    for place in places:
        names = {variable.name for variable in contract.consumed_by(place) if not variable.optional}
        counts |= {len(names), len(names - produced)}
    if counted == "secrets":
        counts |= {len(places)}
    if counted == "ids":
        counts |= {len([name for name in produced if name.endswith("_ID")])}
    return counts - {0}


def _exit_codes(tree: Tree) -> Iterator[Finding]:
    codes = set(meanings())
    for page in tree.pages.values():
        for row in page.rows:
            if (
                row.head
                and row.head[0].lower() == "exit code"
                and row.cells[0].text not in {str(code) for code in codes}
            ):
                message = f"there is no exit code {row.cells[0].text}"
                yield Finding(
                    page.path, row.line, "exit-code", message, f"They are {', '.join(map(str, sorted(codes)))}."
                )
        for paragraph in page.paragraphs:
            for match in re.finditer(r"exits?(?: with| code| code is)? `?(\d+)\b", paragraph.text):
                if int(match[1]) not in codes:
                    line = paragraph.line + paragraph.text.count("\n", 0, match.start())
                    hint = f"They are {', '.join(map(str, sorted(codes)))}."
                    yield Finding(page.path, line, "exit-code", f"there is no exit code {match[1]}", hint)


def _tables(tree: Tree) -> Iterator[Finding]:
    tables = {"Mode": [mode.value for mode in Mode], "Sign": list(dict.fromkeys(SIGNS.values()))}
    for page in tree.pages.values():
        for first, wanted in tables.items():
            rows = [row for row in page.rows if row.head[:1] == (first,)]
            have = [row.cells[0].text for row in rows]
            if (rows and set(have) != set(wanted)) or len(have) != len(set(have)):
                message = f"the table has {', '.join(have)}"
                yield Finding(page.path, rows[0].line, "table-whole", message, f"They are {', '.join(wanted)}.")


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "default-current",
        "The defaults in the checklist's table of names are those of the runbooks' parameters.",
        _defaults,
    ),
    Rule(
        "quantity-bound",
        "A quantity with a unit (15 minutes, 32 hex digits) is followed by a comment that binds it to a named constant, a runbook's "
        "default, the length in a variable's pattern, or a provider's number in words.toml, and is that number.",
        _quantities,
    ),
    Rule(
        "default-bound",
        "A value that is followed by a comment with a runbook and its parameter, `<!-- = render dockerfile_path -->`, is the parameter's "
        "default.",
        _bound_defaults,
    ),
    Rule(
        "count-current",
        "Where a page counts sections, modes, or a section's variables, names, keys and secrets, the contract counts as many.",
        _counts,
    ),
    Rule("exit-code", "Every exit code that a page names is one that the command line can end with.", _exit_codes),
    Rule("table-whole", "A table of the modes or of the signs has each of them once, and no other.", _tables),
)
