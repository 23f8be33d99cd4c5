"""What the package's code knows: the strings that it says, the numbers that it goes by, the names that it uses, and by which module."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from deploybook.checks.facts import entry_uses
from deploybook.checks.facts.status_use import Scope, classes_by_status, scopes
from deploybook.checks.facts.syntax import parsed

# In a template's words, what is filled in at run time.
HOLE = "\x00"


@dataclass(frozen=True)
class Module:
    """One file: every string (an f-string with HOLE for what it fills in), every number, every name, its numeric constants, and where
    it goes by which HTTP statuses."""

    strings: frozenset[str]
    numbers: frozenset[int]
    names: frozenset[str]
    constants: Mapping[str, float] = field(default_factory=dict)
    scopes: tuple[Scope, ...] = ()
    classes_by_status: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sources:
    """All modules of the package, by their path within it."""

    modules: dict[str, Module]
    uses: tuple[entry_uses.Use, ...]

    @cached_property
    def strings(self) -> frozenset[str]:
        """Every string of every module."""
        return frozenset(text for module in self.modules.values() for text in module.strings)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every identifier of every module."""
        return frozenset(name for module in self.modules.values() for name in module.names)

    @cached_property
    def module_names(self) -> frozenset[str]:
        """The names of modules and packages."""
        return frozenset(part.removesuffix(".py") for path in self.modules for part in path.split("/"))

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of every string, and every identifier."""
        tokens = (word for text in self.strings for word in re.findall(r"[\w-]+", text))
        return frozenset(tokens) | self.names

    @cached_property
    def text(self) -> str:
        """Every string on a line of its own, white space made even."""
        return "\n".join(sorted(" ".join(text.split()) for text in self.strings))

    def below(self, *folders: str) -> list[Module]:
        """The modules in some folders of the package."""
        wanted = tuple(f"{folder}/" for folder in folders)
        return [module for path, module in self.modules.items() if path.startswith(wanted)]


def read_sources(package: Path) -> Sources:
    """Read the package, or what was read of it when all its files had the same text."""
    texts = {path: path.read_bytes() for path in sorted(package.rglob("*.py"))}
    digest = hashlib.sha256(b"\0".join(texts.values())).hexdigest()
    return _sources(package, digest)


@lru_cache(maxsize=4)
def _sources(package: Path, digest: str) -> Sources:
    del digest
    result = {}
    for path in sorted(package.rglob("*.py")):
        result[path.relative_to(package).as_posix()] = _module(path.read_text(encoding="utf-8"))
    return Sources(result, tuple(entry_uses.used(package)))


@lru_cache(maxsize=1024)
def _module(text: str) -> Module:
    tree = parsed(text)
    nodes = list(ast.walk(tree))
    strings = {string for node in nodes for string in _string(node)}
    numbers = {
        int(node.value) for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    }
    products = {value for node in nodes if isinstance(node, ast.BinOp) and (value := _product(node)) is not None}
    return Module(
        frozenset(strings),
        frozenset(numbers | products),
        frozenset(_names(nodes)),
        dict(_constants(tree)),
        scopes(tree),
        classes_by_status(nodes),
    )


def _constants(tree: ast.Module) -> Iterator[tuple[str, float]]:
    """The names that a module gives to numbers."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            product = _product(value) if isinstance(value, ast.BinOp) else None
            number = value.value if isinstance(value, ast.Constant) else product
            if isinstance(number, int | float):
                yield node.targets[0].id, float(number)


def strings_of(source: str) -> list[str]:
    """The strings of some code; none of what is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return []
    return sorted(string for node in nodes for string in _string(node))


def _string(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        yield node.value.decode("utf-8", "replace")
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(value.value) if isinstance(value, ast.Constant) else HOLE for value in node.values)


def _product(node: ast.BinOp) -> int | None:
    """``500 * 1024 * 1024``, as limits are written."""
    sides = [node.left, node.right]
    values = [
        side.value
        if isinstance(side, ast.Constant) and isinstance(side.value, int)
        else _product(side)
        if isinstance(side, ast.BinOp)
        else None
        for side in sides
    ]
    left, right = values
    return left * right if isinstance(node.op, ast.Mult) and left is not None and right is not None else None


def _names(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.alias):
            yield node.name
