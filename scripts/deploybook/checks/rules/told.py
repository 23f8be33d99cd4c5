"""What a page tells that the contract, a runbook or the code knows: defaults, numbers, counts, exit codes, modes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts.knowledge import default_of
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.exit_codes import meanings
from deploybook.guide.links import CHECKLIST
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
)
_SECONDS = {"seconds": (1,), "minutes": (1, 60), "hours": (1, 3600), "days": (1, 86400), "MB": (1, 1024 * 1024)}
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
                yield Finding(CHECKLIST, row.line, "default-told", message, f"Write {default or 'none'}.")
            elif default is None and any(span.kind == "code" for span in row.cells[1].spans):
                message = f"no runbook has a parameter {name.lower()}, so it has no default"
                yield Finding(CHECKLIST, row.line, "default-told", message, "Write none, or correct the name.")


def _quantities(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        slug = page.path.split("/")[-1][:-3]
        for paragraph in page.paragraphs:
            for found in _QUANTITY.finditer(paragraph.text) if page.by_hand(paragraph.line) else ():
                if not re.search(rf"\b{re.escape(found[0])}\b", tree.sources.text) and not _known_quantity(
                    tree, slug, int(found["number"]), found["unit"]
                ):
                    line = paragraph.line + paragraph.text.count("\n", 0, found.start())
                    message = f"nothing that this page is about knows {found[0]}"
                    yield Finding(
                        page.path, line, "number-told", message, "Correct the number, or let the code say it."
                    )


def _known_quantity(tree: Tree, slug: str, number: int, unit: str) -> bool:
    lengths = {int(length) for each in tree.contract.variables for length in re.findall(r"\{(\d+)\}", each.pattern)}
    if unit in {"hex digits", "digits"}:
        return number in lengths
    if unit == "bytes":
        return number * 2 in lengths
    slugs = [slug] if slug in tree.runbooks else list(tree.runbooks)
    folders = {folder for one in slugs for folder in _folders(tree, one)}
    modules = tree.sources.below(
        *(f"clouds/{folder}" for folder in folders), *(f"sandbox/{folder}" for folder in folders)
    )
    known = {each for module in modules for each in module.numbers}
    known |= {each.default for one in slugs for each in tree.parameters[one].values() if isinstance(each.default, int)}
    return any(number * factor in known for factor in _SECONDS.get(unit, (1,)))


def _folders(tree: Tree, slug: str) -> set[str]:
    """Where the code stands that a section goes by: of the clouds that its runbook imports, and of the providers that it asks."""
    imported = {name for found in _IMPORTED.finditer(tree.runbooks[slug].code) for name in found["names"].split(", ")}
    providers = {each.provider for each in tree.contract.credentials if slug in (*each.sections, *each.used_if_set)}
    return imported | providers


def _counts(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        slug = page.path.split("/")[-1][:-3]
        for paragraph in page.paragraphs:
            for found in _COUNTED.finditer(paragraph.text.lower()) if page.by_hand(paragraph.line) else ():
                allowed = _allowed(tree, slug if slug in tree.contract.order() else "", found)
                if allowed and _WORDS[found["count"]] not in allowed:
                    line = paragraph.line + paragraph.text.count("\n", 0, found.start())
                    hint = f"It is {' or '.join(_NAMES.get(each, str(each)) for each in sorted(allowed))}."
                    message = f"“{found[0]}” is not what the contract counts"
                    yield Finding(page.path, line, "count-told", message, hint)


def _allowed(tree: Tree, slug: str, found: re.Match[str]) -> set[int]:
    """What can be counted by a word; empty where nothing tells. The last sections are those after this one."""
    contract, what = tree.contract, found["what"]
    if what == "sections" and slug and found["last"]:
        return {len(contract.order()) - 1 - contract.order().index(slug)}
    if what == "sections":
        return {len(contract.order())}
    if what == "modes":
        return {len(Mode)}
    if not slug:
        return set()
    produced = {variable.name for variable in contract.produced_by(slug)}
    places = [consumer.name for consumer in contract.consumers_set_by(slug)]
    counts = {len(produced)}
    for place in places:
        names = {each.name for each in contract.consumed_by(place) if not each.optional}
        counts |= {len(names), len(names - produced)}
    if what == "secrets":
        counts |= {len(places)}
    if what == "ids":
        counts |= {len([name for name in produced if name.endswith("_ID")])}
    return counts - {0}


def _exit_codes(tree: Tree) -> Iterator[Finding]:
    known = set(meanings())
    for page in tree.pages.values():
        for row in page.rows:
            if (
                row.head
                and row.head[0].lower() == "exit code"
                and row.cells[0].text not in {str(each) for each in known}
            ):
                message = f"there is no exit code {row.cells[0].text}"
                yield Finding(
                    page.path, row.line, "exit-code", message, f"They are {', '.join(map(str, sorted(known)))}."
                )
        for paragraph in page.paragraphs:
            for found in re.finditer(r"exits?(?: with| code| code is)? `?(\d+)\b", paragraph.text):
                if int(found[1]) not in known:
                    line = paragraph.line + paragraph.text.count("\n", 0, found.start())
                    hint = f"They are {', '.join(map(str, sorted(known)))}."
                    yield Finding(page.path, line, "exit-code", f"there is no exit code {found[1]}", hint)


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
        "default-told",
        "The defaults in the checklist's table of names are those of the runbooks' parameters.",
        _defaults,
    ),
    Rule(
        "number-told",
        "A quantity with a unit (15 minutes, 32 hex digits) is one that the section's runbook, its client or the contract goes by.",
        _quantities,
    ),
    Rule(
        "count-told",
        "Where a page counts sections, modes, or a section's variables, names, keys and secrets, the contract counts as many.",
        _counts,
    ),
    Rule("exit-code", "Every exit code that a page tells of is one that the command line can end with.", _exit_codes),
    Rule("table-whole", "A table of the modes or of the signs has each of them once, and no other.", _tables),
)
