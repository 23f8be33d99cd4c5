"""One JavaScript or TypeScript file: what it reads of the environment, and what it imports."""

from __future__ import annotations

from dataclasses import dataclass, field

from tree_sitter import Node

from deploybook.checks.app.environment import Environment
from deploybook.checks.app.reads import Accesses
from deploybook.checks.app.syntax import Syntax, literal, text

SOURCES = """
(import_statement source: (string) @import)
(export_statement source: (string) @export)
(call_expression function: [(import) (identifier)] @_f arguments: (arguments . (string) @import)
  (#match? @_f "^(import|require)$"))
(string) @string
"""
INLINED = """
(pair key: (property_identifier) @_k value: (object (pair key: (_) @name)) (#eq? @_k "env"))
(pair key: (property_identifier) @_k value: (object (shorthand_property_identifier) @name) (#eq? @_k "env"))
"""
BINDINGS = """
(import_specifier) @named
(namespace_import (identifier) @whole)
(import_clause (identifier) @default)
"""


@dataclass(frozen=True)
class Script:
    """One file. ``imports`` are specifiers as written; ``bindings`` say for a local name what it is of which specifier.

    ``inlined`` are the variables that a next.config sets under ``env``.
    """

    accesses: Accesses
    imports: tuple[str, ...] = ()
    reexports: tuple[str, ...] = ()
    bindings: dict[str, tuple[str, str]] = field(default_factory=dict)
    inlined: tuple[str, ...] = ()


def scan(path: str, content: bytes, syntax: Syntax | None = None) -> Script:
    """Read one file; ``syntax`` is its tree, if that is there already. What the grammar can't read is passed over."""
    syntax = syntax or Syntax(path, content)
    sources = syntax.capture(SOURCES)
    loaded = [node for node in sources.get("import", []) + sources.get("export", []) if not _is_type_only(node)]
    # A path in a string is loaded by somebody: `new URL("./task.ts", import.meta.url)`, `loader: "./images.ts"`.
    named = [value for node in sources.get("string", []) if (value := literal(node) or "").startswith(("./", "../"))]
    erased = {literal(node) for node in sources.get("import", []) + sources.get("export", []) if _is_type_only(node)}
    specifiers = {literal(node) or "" for node in loaded} | (set(named) - erased)
    reexports = {literal(node) or "" for node in sources.get("export", []) if not _is_type_only(node)}
    result = Environment(path, syntax).scan() if b"env" in content or b"(" in content else Accesses()
    return Script(result, tuple(sorted(specifiers)), tuple(sorted(reexports)), _bindings(syntax), _inlined(syntax))


def _is_type_only(source: Node) -> bool:
    """`import type … from`, `export type … from`: nothing of it is left when the program runs."""
    statement = source.parent
    return statement is not None and len(statement.children) > 1 and statement.children[1].type == "type"


def _bindings(syntax: Syntax) -> dict[str, tuple[str, str]]:
    captured = syntax.capture(BINDINGS)
    result = {}
    for node in captured.get("named", []):
        name = text(node.child_by_field_name("name"))
        result[text(node.child_by_field_name("alias")) or name] = (name, _source(node))
    for node in captured.get("whole", []):
        result[text(node)] = ("*", _source(node))
    for node in captured.get("default", []):
        result[text(node)] = ("default", _source(node))
    return result


def _source(node: Node) -> str:
    while node.parent and node.type != "import_statement":
        node = node.parent
    return literal(node.child_by_field_name("source")) or ""


def _inlined(syntax: Syntax) -> tuple[str, ...]:
    return tuple(literal(node) or text(node) for node in syntax.capture(INLINED).get("name", []))
