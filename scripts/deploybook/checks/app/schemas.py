"""What a zod schema accepts, as far as it is written out: objects, and unions told apart by one field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tree_sitter import Node

from deploybook.checks.app.syntax import literal, text

# After these a field may be missing.
ABSENT = (".optional(", ".nullish(", ".default(", ".catch(", "z.any(", "z.unknown(")
# These methods keep the fields of an object as they are.
KEPT = frozenset(
    {
        "strict",
        "passthrough",
        "loose",
        "strip",
        "refine",
        "superRefine",
        "describe",
        "readonly",
        "catchall",
        "transform",
        "check",
    }
)
# The declaration of a name, wherever it stands.
Lookup = Callable[[str], Node | None]


@dataclass(frozen=True)
class Field:
    """One field: whether it must be there, and the strings that it may be (empty: others too).

    ``choice`` and ``kinds`` are, for an object that one of its fields tells apart from others, that field and its values.
    """

    required: bool
    strings: frozenset[str] = frozenset()
    choice: str = ""
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Schema:
    """The objects that are accepted; ``discriminator`` is the field that chooses among several."""

    variants: tuple[dict[str, Field], ...]
    discriminator: str = ""


def schema_of(node: Node | None, lookup: Lookup, depth: int = 4) -> Schema | None:
    """Read a schema; None for one whose fields can't be told."""
    if node is None or not depth:
        return None
    if node.type == "identifier":
        return schema_of(lookup(text(node)), lookup, depth - 1)
    if node.type != "call_expression":
        return None
    function, arguments = node.child_by_field_name("function"), _arguments(node)
    method = text(function.child_by_field_name("property")) if function and function.type == "member_expression" else ""
    inner = function.child_by_field_name("object") if function else None
    if text(function) in {"z.object", "z.strictObject", "z.looseObject"}:
        fields = _fields(arguments[0], lookup) if arguments else None
        return Schema((fields,)) if fields is not None else None
    if text(function) in {"z.discriminatedUnion", "z.union"} and arguments:
        variants = [schema_of(member, lookup, depth - 1) for member in arguments[-1].named_children]
        fields_of_variants = [variant.variants[0] for variant in variants if variant and len(variant.variants) == 1]
        name = literal(arguments[0]) or "" if len(arguments) > 1 else ""
        return Schema(tuple(fields_of_variants), name) if len(fields_of_variants) == len(variants) else None
    base = schema_of(inner, lookup, depth - 1) if method in KEPT | {"extend", "partial"} else None
    if base is None or method in KEPT:
        return base
    if method == "partial":
        return Schema(
            tuple({name: Field(False, value.strings) for name, value in one.items()} for one in base.variants)
        )
    more = _fields(arguments[0], lookup) if arguments else None
    return Schema(tuple(one | more for one in base.variants)) if more is not None else None


def _fields(node: Node, lookup: Lookup) -> dict[str, Field] | None:
    if node.type != "object":
        return None
    fields = {}
    for child in node.named_children:
        if child.type == "pair":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            fields[literal(key) or text(key)] = _field(value, lookup)
        elif child.type == "shorthand_property_identifier":
            fields[text(child)] = Field(False)
        elif child.type != "comment":
            return None
    return fields


def _field(value: Node | None, lookup: Lookup) -> Field:
    written = text(value)
    root = written.partition(".")[0].partition("(")[0]
    if value is not None and root != "z":
        declared = lookup(root)
        if declared is None:
            return Field(False)
        base = _field(declared, lookup) if text(declared).startswith("z.") else Field(False)
        required = base.required and not any(word in written for word in ABSENT)
        return Field(required, base.strings, base.choice, base.kinds)
    if written.startswith("z.discriminatedUnion(") and (union := schema_of(value, lookup)):
        kinds = frozenset(
            string for one in union.variants for string in one.get(union.discriminator, Field(False)).strings
        )
        return Field(True, choice=union.discriminator, kinds=kinds)
    return Field(not any(word in written for word in ABSENT), _strings(value))


def _strings(value: Node | None) -> frozenset[str]:
    """The strings of `z.literal("x")` or `z.enum([…])`, whatever is chained after it."""
    node = value
    while node is not None and node.type == "call_expression":
        function, arguments = node.child_by_field_name("function"), _arguments(node)
        if text(function) == "z.literal" and arguments:
            return frozenset({it} if (it := literal(arguments[0])) else ())
        if text(function) == "z.enum" and arguments:
            return frozenset(it for child in arguments[0].named_children if (it := literal(child)))
        node = function.child_by_field_name("object") if function else None
    return frozenset()


def _arguments(call: Node) -> list[Node]:
    node = call.child_by_field_name("arguments")
    return [child for child in node.named_children if child.type != "comment"] if node else []
