"""Values of ours against a description's schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.specs.answers import Key, Way
from deploybook.checks.specs.description import Description, Schema
from deploybook.checks.specs.shapes import Array, Object, Shape, Text, options, texts

# A problem: what kind it is (the name of its rule's end), and what there is to say.
Problem = tuple[str, str]
GONE, REQUIRED, VALUE, DEPRECATED = "gone", "required", "value", "deprecated"


def problems(description: Description, shape: Shape, schema: Schema, at: str = "", tag: str = "") -> list[Problem]:
    """What a value of ours does not have as the schema wants it. Of several alternatives the one that fits best counts.

    ``tag`` is the value's kind, if its neighbour `type` says it: an alternative of that name is the one that counts.
    """
    found: list[Problem] = []
    for option in options(shape):
        alternatives = list(description.alternatives(schema))
        named = [each for each in alternatives if tag and _plain(each.get("x-name", "")).startswith(_plain(tag))]
        fitting = [each for each in named or alternatives if _is_of_kind(option, each)] or alternatives
        tried = [list(_problems(description, option, each, at)) for each in fitting]
        found += sorted(tried, key=len)[0]
    return list(dict.fromkeys(found))


def reachable(description: Description, schema: Schema, way: Way) -> bool:
    """Whether an answer can have what the code goes to: keys of objects, indices of lists."""
    if not way:
        return True
    return any(reachable(description, each, way[1:]) for each in _inside(description, schema, way[0]))


def values_at(description: Description, schema: Schema, way: Way) -> set[str]:
    """The values that an answer's field can have by its description; none if it is not limited to some."""
    if way:
        return {
            value for each in _inside(description, schema, way[0]) for value in values_at(description, each, way[1:])
        }
    return {str(value) for each in description.alternatives(schema) for value in each.get("enum", [])}


def _inside(description: Description, schema: Schema, key: Key) -> Iterator[Schema]:
    for each in description.alternatives(schema):
        if isinstance(key, int):
            # What is known as an index may be a key that can't be told.
            yield from [each["items"]] if "items" in each else each.get("properties", {}).values()
        elif key in each.get("properties", {}):
            yield each["properties"][key]
        elif (
            not each.get("properties")
            and isinstance(each.get("additionalProperties", {}), dict)
            and "items" not in each
        ):
            yield each.get("additionalProperties") or {}


def _problems(description: Description, shape: Shape, schema: Schema, at: str) -> Iterator[Problem]:
    if schema.get("deprecated"):
        yield DEPRECATED, f"{at or 'the body'} is deprecated"
    if isinstance(shape, Object):
        yield from _of_object(description, shape, schema, at)
    elif isinstance(shape, Array):
        if "items" in schema:
            yield from problems(description, shape.item, schema["items"], f"{at}[]")
        elif _is_other("array", schema):
            yield VALUE, f"{at or 'the body'} is no list any more"
    elif isinstance(shape, Text) and shape.known and "enum" in schema and shape.value not in schema["enum"]:
        allowed = ", ".join(str(each) for each in schema["enum"])
        yield VALUE, f"{at} can't be {shape.value} (it can be {allowed})"


def _of_object(description: Description, shape: Object, schema: Schema, at: str) -> Iterator[Problem]:
    described = schema.get("properties") or {}
    if _is_other("object", schema):
        yield VALUE, f"{at or 'the body'} is no object any more"
        return
    prefix = f"{at}." if at else ""
    # A field with the value of its neighbour `type` tells which alternative the others are of.
    tags = texts(shape.fields.get("type", Object()))
    tag = next(iter(tags)) if len(tags) == 1 else ""
    for name, value in shape.fields.items():
        if name in described:
            yield from problems(description, value, described[name], f"{prefix}{name}", tag)
        elif (described or schema.get("additionalProperties") is False) and not schema.get("additionalProperties"):
            yield GONE, f"there is no {prefix}{name}"
    if shape.whole:
        missing = [name for name in schema.get("required", []) if name not in shape.fields]
        # What can only be read is required of answers alone (OpenAPI, readOnly).
        missing = [name for name in missing if not description.resolve(described.get(name, {})).get("readOnly")]
        yield from ((REQUIRED, f"{prefix}{name} must be given") for name in missing)


def _is_of_kind(shape: Shape, schema: Schema) -> bool:
    kind = {Object: "object", Array: "array", Text: "string"}.get(type(shape))
    return kind is None or not _is_other(kind, schema)


def _is_other(kind: str, schema: Schema) -> bool:
    """Whether a schema is clearly of another kind."""
    given = schema.get("type")
    allowed = [given] if isinstance(given, str) else list(given or [])
    return bool(allowed) and kind not in allowed


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
