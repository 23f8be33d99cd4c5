"""What the package's code knows: the strings that it says, the numbers that it goes by, the names that it uses, and by which module."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import deploybook
from deploybook.checks.facts import entry_uses
from deploybook.checks.facts.status_use import Scope, classes_by_status, scopes
from deploybook.checks.facts.syntax import nodes, parsed

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


_FACTS = TypeAdapter(tuple[dict[str, Module], tuple[entry_uses.Use, ...]])


def read_sources(package: Path, kept: Path) -> Sources:
    """Read the package, or what was read of it when all its files had the same text.

    ``kept`` is the folder that keeps it from one process to the next, for the package that runs: another one's may have been read
    by other rules.
    """
    texts = {path: path.read_bytes() for path in sorted(package.rglob("*.py"))}
    digest = hashlib.sha256(b"\0".join(texts.values())).hexdigest()
    return _sources(package, digest, kept if package.samefile(Path(deploybook.__file__).parent) else None)


@lru_cache(maxsize=4)
def _sources(package: Path, digest: str, kept: Path | None) -> Sources:
    file = kept / f"{digest}.json" if kept else None
    if file and file.is_file():
        with contextlib.suppress(ValidationError):
            return Sources(*_FACTS.validate_json(file.read_bytes()))
    modules = {
        path.relative_to(package).as_posix(): _module(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    uses = tuple(entry_uses.used(package))
    if file:
        _keep(file, _FACTS.dump_json((modules, uses)))
    return Sources(modules, uses)


def _keep(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, in place of those of other texts; a checkout that is only read keeps none."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        earlier = [path for path in file.parent.glob("*.json") if path != file]
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as half:
            half.write(content)
        Path(half.name).replace(file)
        for path in earlier:
            path.unlink(missing_ok=True)


@lru_cache(maxsize=1024)
def _module(text: str) -> Module:
    strings: set[str] = set()
    numbers: set[int] = set()
    names: set[str] = set()
    tables: list[ast.Dict] = []
    for node in nodes(text):
        match node:
            case ast.Name():
                names.add(node.id)
            case ast.Constant(value=int() | float() as value):
                numbers.add(int(value))
            case ast.Constant() | ast.JoinedStr():
                strings.update(_string(node))
            case ast.Attribute():
                names.add(node.attr)
            case ast.arg() | ast.keyword():
                names.add(node.arg or "")
            case ast.ClassDef() | ast.FunctionDef() | ast.alias():
                names.add(node.name)
            case ast.BinOp() if (product := _product(node)) is not None:
                numbers.add(product)
            case ast.Dict():
                tables.append(node)
    tree = parsed(text)
    return Module(
        frozenset(strings),
        frozenset(numbers),
        frozenset(names),
        dict(_constants(tree)),
        scopes(tree),
        classes_by_status(tables),
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
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return sorted(string for node in ast.walk(tree) for string in _string(node))


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
