"""The text of what a sentence rests on: a test, a claim's check, a scenario with its entry, a property, a source's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from deploybook.checks.facts.evidence import Register
from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.guide.entries import PAGE
from deploybook.guide.page import Block, Heading

CLOUDS = f"{PACKAGE}/clouds"
SCENARIOS = f"{PACKAGE}/sandbox/scenarios"
# Scenarios of the operator's own machine: no sandbox makes them.
OF_THIS_MACHINE = "tests/e2e/machine.py"
# How many calls deep what a test does is read, within its own file.
_DEPTH = 2
_NAMED = re.compile(r"^(?:async )?(?:def|class) (\w+)|^(\w+)(?:: [^=]+)? = ")
_ENTRY = re.compile(r'"([a-z0-9]+(?:-[a-z0-9]+)+|cors|drift|playback)"')
_INNER = re.compile(r"^ +(?:async )?def (\w+)\(", re.MULTILINE)


def text_of(tree: Tree, register: Register, evidence: str) -> str:
    """What a piece of evidence says and does; empty where it is read by nothing here: a rule, a run."""
    kind, _, name = evidence.partition(" ")
    match kind:
        case "test":
            path, _, function = name.partition("::")
            return _with_what_it_calls(tree.text(path), function) if tree.exists(path) else ""
        case "claim":
            return _claim(tree, name)
        case "scenario":
            return _scenario(tree, name)
        case "property":
            return _property(tree, name)
        case "outside":
            source = register.sources.get(name)
            return "\n".join(source.says) if source else ""
    return ""


@lru_cache(maxsize=512)
def parts(text: str) -> Mapping[str, str]:
    """Each function, class and constant of a module by its name, decorators included; a method by the class that has it."""
    result: dict[str, str] = {}
    for name, chunk in _chunks(text):
        result[name] = chunk
        if chunk.startswith(("class ", "@")):
            result |= {inner: chunk for inner in _INNER.findall(chunk) if inner not in result}
    return result


def _chunks(text: str) -> Iterator[tuple[str, str]]:
    """What begins at the margin, with what is indented below it, by its name."""
    lines: list[str] = []
    name, decorated = "", False
    for line in text.splitlines():
        if line[:1].strip() and line[0] not in ")]}":
            if not decorated:
                yield name, "\n".join(lines)
                lines, name = [], ""
            decorated = line[0] == "@"
            if match := _NAMED.match(line):
                name = match[1] or match[2]
        lines.append(line)
    yield name, "\n".join(lines)


@lru_cache(maxsize=4096)
def _with_what_it_calls(text: str, name: str) -> str:
    named = parts(text)
    wanted, reached = {name}, set[str]()
    for _ in range(_DEPTH + 1):
        new = {each for each in wanted - reached if each in named}
        reached |= new
        wanted = {word for each in new for word in _words(named[each])}
    return "\n".join(named[each] for each in sorted(reached))


@lru_cache(maxsize=4096)
def _words(chunk: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", chunk))


def _claim(tree: Tree, name: str) -> str:
    slug, _, claim = name.partition(": ")
    notebook = tree.notebooks.get(slug)
    cells = [cell.source for cell in notebook.cells if claim in cell.source] if notebook else []
    calls = [line for cell in cells for line in cell.splitlines() if claim in line]
    checks = {match for line in calls for match in re.findall(r"\b\w+\.(\w+)\b", line)}
    texts = tree.once(_clouds).values()
    texts_of_checks = [
        _with_what_it_calls(text, check) for check in sorted(checks) for text in texts if check in parts(text)
    ]
    return "\n".join([*cells, *texts_of_checks])


def _clouds(tree: Tree) -> dict[str, str]:
    paths = sorted((tree.root / CLOUDS).rglob("*.py"))
    return {path.as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _scenario(tree: Tree, name: str) -> str:
    """All that makes its state or is done by hand in it, the code that leads to its entry, and the entry, which is proved as written."""
    entry = name.partition(".")[0]
    steps = [
        _with_what_it_calls(text, function)
        for text in tree.once(_scenarios)
        for function, chunk in parts(text).items()
        if f'("{name}")' in chunk.partition("def ")[0]
    ]
    return "\n".join([*steps, *tree.once(_leading).get(entry, ()), *tree.once(_shown).get(entry, ())])


def _scenarios(tree: Tree) -> tuple[str, ...]:
    files = [*sorted((tree.root / SCENARIOS).glob("*.py")), tree.root / OF_THIS_MACHINE]
    return tuple(path.read_text(encoding="utf-8") for path in files if path.is_file())


def _leading(tree: Tree) -> dict[str, list[str]]:
    """By entry: the functions and tables of the package that lead to it, whose messages the proof sees."""
    result: dict[str, list[str]] = {}
    for text in tree.once(_clouds).values():
        for chunk in dict.fromkeys(parts(text).values()):
            for entry in set(_ENTRY.findall(chunk)):
                result.setdefault(entry, []).append(chunk)
    return result


def _shown(tree: Tree) -> dict[str, list[str]]:
    """By entry: what is seen, and the commands of its check and its fix, which the proof runs as they stand."""
    result: dict[str, list[str]] = {}
    page = tree.pages.get(PAGE)
    for piece in page.pieces if page else ():
        if isinstance(piece, Heading):
            current = result.setdefault(piece.anchor, [piece.text])
        elif isinstance(piece, Block):
            current.append(piece.text)
    return result


def _property(tree: Tree, name: str) -> str:
    properties = [each for each in tree.contract.properties if each.name == name]
    return "\n".join(f"{each.says} {each.advice} {' '.join(each.commands)}" for each in properties)
