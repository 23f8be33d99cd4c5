"""What one JavaScript or TypeScript file reads of `process.env`, in each way in which that is written.

Followed: dots, brackets, optional chaining, destructuring, `const env = process.env`, `import { env } from "process"`, parameters of
the type `NodeJS.ProcessEnv`, lists of names that are looped over, functions that read the variable that they are given the name of,
and schemas that are handed the whole (`schema.parse(process.env)`, `createEnv`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from tree_sitter import Node

from deploybook.checks.app.defaults import default_of, value_of
from deploybook.checks.app.reads import Accesses, Read, Reader, ReaderCall, is_name
from deploybook.checks.app.syntax import (
    FUNCTIONS,
    Syntax,
    ancestors,
    descendants,
    function_name,
    is_field,
    line,
    literal,
    text,
    unwrapped,
)

WHOLE = """
(member_expression object: (identifier) @_o property: (property_identifier) @_p
  (#eq? @_o "process") (#eq? @_p "env")) @node
(member_expression object: (member_expression property: (property_identifier) @_o) property: (property_identifier) @_p
  (#eq? @_o "process") (#eq? @_p "env")) @node
(subscript_expression object: (identifier) @_o index: (string (string_fragment) @_p)
  (#eq? @_o "process") (#eq? @_p "env")) @node
"""
IMPORTED = """
(import_statement (import_clause (named_imports (import_specifier name: (identifier) @_n) @node))
  source: (string (string_fragment) @_s) (#eq? @_n "env") (#match? @_s "^(node:)?process$"))
"""
TYPED = """
(required_parameter pattern: (_) @node type: (type_annotation) @_t (#match? @_t "ProcessEnv"))
(optional_parameter pattern: (_) @node type: (type_annotation) @_t (#match? @_t "ProcessEnv"))
"""
CONSTANTS = "(variable_declarator name: (identifier) value: (_)) @node"
CALLS = "(call_expression function: [(identifier) (member_expression)] arguments: (arguments) @node)"
LISTED = "(array (string) @node)"
PAIRS = "(pair key: (property_identifier) value: (_)) @node"
MAY_BE_MISSING = re.compile(r"^z\b.*\.(optional|nullish|default|prefault|catch)\(", re.DOTALL)
SCHEMA_METHODS = frozenset({"parse", "safeParse", "parseAsync", "safeParseAsync", "validate", "validateSync", "decode"})
SCHEMA_FUNCTIONS = frozenset({"createEnv", "cleanEnv", "parseEnv"})


class Environment:
    """One file's reading of `process.env`; `accesses` says what it came to."""

    def __init__(self, path: str, syntax: Syntax) -> None:
        self.accesses = Accesses()
        self._path = path
        self._syntax = syntax
        self._constants = self._named_strings()
        self._waiting: list[tuple[Node, bool]] = []
        self._aliases: set[str] = set()
        self._lists_are_read = self._schema_is_read = False

    def scan(self) -> Accesses:
        """Read the file."""
        self._waiting += [(node, True) for node in self._syntax.nodes(WHOLE)]
        for node in self._syntax.nodes(IMPORTED):
            self._alias(text(node.child_by_field_name("alias") or node.child_by_field_name("name")))
        for node in self._syntax.nodes(TYPED):
            self._bind(node)
        while self._waiting:
            self._use(*self._waiting.pop())
        self.accesses.calls = list(self._calls())
        if self._lists_are_read:
            listed = [(literal(node) or "", line(node)) for node in self._syntax.nodes(LISTED)]
            self.accesses.reads += [Read(name, self._path, at) for name, at in listed if is_name(name)]
        if self._schema_is_read:
            self.accesses.reads += self._schema()
        optional = self._optional()
        self.accesses.reads = [replace(read, optional=read.name in optional) for read in self.accesses.reads]
        return self.accesses

    @cached_property
    def _declared(self) -> dict[str, Node]:
        nodes = self._syntax.nodes(CONSTANTS)
        values = {text(node.child_by_field_name("name")): node.child_by_field_name("value") for node in nodes}
        return {name: value for name, value in values.items() if value is not None}

    def _named_strings(self) -> dict[str, str]:
        nodes = self._syntax.nodes(CONSTANTS)
        result = {
            text(node.child_by_field_name("name")): _constant(node.child_by_field_name("value")) for node in nodes
        }
        return {name: value for name, value in result.items() if value is not None}

    def _alias(self, name: str) -> None:
        """From here on the name stands for the whole environment. (Anywhere in the file: what tells them apart is the form of names.)"""
        if name in self._aliases:
            return
        self._aliases.add(name)
        self._waiting += [(node, False) for node in self._syntax.nodes("(identifier) @node") if text(node) == name]

    def _bind(self, pattern: Node) -> None:
        """The environment is assigned to a name, or taken apart."""
        if pattern.type in {"identifier", "shorthand_property_identifier_pattern"}:
            self._alias(text(pattern))
        elif pattern.type == "object_pattern":
            for child in pattern.named_children:
                self._take_out(child)

    def _take_out(self, child: Node) -> None:
        """One member of a destructuring: `X`, `X: x`, `X = "…"`, `X: x = "…"`."""
        name, default = child, None
        if child.type == "object_assignment_pattern":
            name, default = child.named_children[0], child.child_by_field_name("right")
        elif child.type == "pair_pattern":
            name = child.named_children[0]
            value = child.child_by_field_name("value")
            default = value.child_by_field_name("right") if value and value.type == "assignment_pattern" else None
        elif child.type != "shorthand_property_identifier_pattern":
            return
        self._read(literal(name) or text(name), name, value_of(default, self._constants))

    def _use(self, node: Node, sure: bool) -> None:
        """One place where the environment stands. ``sure`` is false for an alias: another thing may have its name."""
        outer = unwrapped(node)
        parent = outer.parent
        if parent is None:
            return
        if parent.type == "member_expression" and is_field(parent, "object", outer):
            self._access(parent, text(parent.child_by_field_name("property")), sure)
        elif parent.type == "subscript_expression" and is_field(parent, "object", outer):
            self._subscript(parent, parent.child_by_field_name("index"), sure)
        elif parent.type == "variable_declarator" and is_field(parent, "value", outer):
            self._bind(parent.named_children[0])
        elif parent.type in {"required_parameter", "assignment_pattern", "object_assignment_pattern"}:
            if parent.named_children[0] != outer:
                self._bind(parent.named_children[0])
        elif parent.type == "assignment_expression" and is_field(parent, "right", outer):
            self._bind(parent.named_children[0])
        elif parent.type == "binary_expression" and text(parent.child_by_field_name("operator")) == "in":
            self._access(parent, literal(parent.child_by_field_name("left")) or "", sure)
        else:
            self._schema_is_read |= _is_schema(parent)

    def _subscript(self, access: Node, index: Node | None, sure: bool) -> None:
        name = literal(index)
        if name is None and index is not None and index.type == "identifier":
            name = self._constants.get(text(index))
            if name is None:
                self._by_name(access, text(index))
                return
        self._access(access, name or "", sure)

    def _access(self, access: Node, name: str, sure: bool) -> None:
        if name and (sure or is_name(name)) and not _is_written(access):
            self._read(name, access, default_of(access, self._constants))

    def _read(self, name: str, at: Node, default: str) -> None:
        self.accesses.reads.append(Read(name, self._path, line(at), default))

    def _by_name(self, access: Node, index: str) -> None:
        """A variable is read whose name is in another variable: given to the function around, or from a list in the file."""
        function = next(
            (ancestor for ancestor in ancestors(access) if ancestor.type in FUNCTIONS and function_name(ancestor)), None
        )
        parameters = _parameters(function) if function else []
        if function:
            default = _default_parameter(access, parameters)
            self.accesses.readers[function_name(function)] = Reader(default)
        self._lists_are_read |= index not in parameters

    def _calls(self) -> Iterator[ReaderCall]:
        for arguments in self._syntax.nodes(CALLS):
            argument_nodes = arguments.named_children
            names = [(self._value(argument), line(argument)) for argument in argument_nodes]
            names += [
                (self._value(child), line(child))
                for one in argument_nodes
                if one.type == "array"
                for child in one.named_children
            ]
            wanted = tuple((name, at) for name, at in names if is_name(name))
            if wanted and arguments.parent:
                values = tuple(value_of(argument, self._constants) for argument in argument_nodes)
                function = text(arguments.parent.child_by_field_name("function"))
                yield ReaderCall(function, wanted, values, default_of(arguments.parent, self._constants))

    def _value(self, node: Node) -> str:
        return literal(node) or (self._constants.get(text(node), "") if node.type == "identifier" else "")

    def _optional(self) -> set[str]:
        """The names that a schema of the file lets be missing: `X: z.string().optional()`."""
        pairs = [
            (text(pair.child_by_field_name("key")), pair.child_by_field_name("value"))
            for pair in self._syntax.nodes(PAIRS)
        ]
        return {name for name, value in pairs if is_name(name) and self._may_be_missing(value)}

    def _may_be_missing(self, value: Node | None) -> bool:
        if value is not None and value.type == "identifier":
            declared = self._declared.get(text(value))
            return declared is not None and MAY_BE_MISSING.search(text(declared)) is not None
        return MAY_BE_MISSING.search(text(value)) is not None

    def _schema(self) -> Iterator[Read]:
        for pair in self._syntax.nodes(PAIRS):
            name, value = text(pair.child_by_field_name("key")), pair.child_by_field_name("value")
            if is_name(name) and value is not None and value.type in {"call_expression", "identifier"}:
                yield Read(name, self._path, line(pair), _schema_default(value, self._constants))


def _constant(node: Node | None) -> str | None:
    while node is not None and node.type in {"as_expression", "satisfies_expression"}:
        node = node.named_children[0]
    return literal(node)


def _parameters(function: Node) -> list[str]:
    alone = function.child_by_field_name("parameter")
    parameters = function.child_by_field_name("parameters")
    nodes = [alone] if alone else parameters.named_children if parameters else []
    return [text(node.named_children[0] if node.named_children else node) for node in nodes if node.type != "comment"]


def _default_parameter(access: Node, parameters: list[str]) -> int | None:
    """The position of the parameter that is used where the variable is missing: `process.env[name] ?? fallback`."""
    outer = unwrapped(access)
    right = outer.parent.child_by_field_name("right") if outer.parent else None
    return parameters.index(text(right)) if right is not None and text(right) in parameters else None


def _is_written(access: Node) -> bool:
    outer = unwrapped(access)
    parent = outer.parent
    if parent is None:
        return False
    deleted = parent.type == "unary_expression" and text(parent).startswith("delete")
    return deleted or (parent.type == "assignment_expression" and is_field(parent, "left", outer))


def _is_schema(parent: Node) -> bool:
    """Whether the environment, which stands in this, is handed to a schema: `schema.parse(env)`, `createEnv({runtimeEnv: env})`."""
    if parent.type == "pair" and text(parent.child_by_field_name("key")) == "runtimeEnv":
        return True
    if parent.type != "arguments" or parent.parent is None:
        return False
    function = text(parent.parent.child_by_field_name("function"))
    return function.rpartition(".")[2] in SCHEMA_METHODS if "." in function else function in SCHEMA_FUNCTIONS


def _schema_default(value: Node, constants: dict[str, str]) -> str:
    """The argument of `.default("…")` in a chain of calls, or of `str({ default: "…" })`."""
    for node in (value, *descendants(value)):
        if node.type == "call_expression" and text(node.child_by_field_name("function")).endswith(".default"):
            argument_list = node.child_by_field_name("arguments")
            return (
                value_of(argument_list.named_children[0], constants)
                if argument_list and argument_list.named_children
                else ""
            )
        if node.type == "pair" and text(node.child_by_field_name("key")) in {"default", "devDefault"}:
            return value_of(node.child_by_field_name("value"), constants)
    return ""
