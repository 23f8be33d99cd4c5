"""Random JSON that is valid by a schema of an OpenAPI description: with every field, with the required ones only, or in between."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

# Below this depth a list is empty and a field that is not required is left out: some schemas hold themselves.
DEEPEST = 7
MOST_ITEMS = 3
TEXTS = ("", "a", "main", "über ✓", "0", "https://example.com/x", "x" * 300, "a b\nc", "-", "2024-13-99")
INTEGERS = (0, 1, -1, 42, 1_700_000_000, 1_700_000_000_000, 2**31, 2**53 + 1, -(2**63), 10**30)
NUMBERS = (0.0, 0.5, -1.5, 1e3, 1e-9, 1e300, 1_700_000_000_000.0)
TIMES = ("2024-01-02T03:04:05Z", "2031-12-31T23:59:60Z", "2024-01-02T03:04:05.123456789+14:00", "0001-01-01T00:00:00Z")
ANYTHING: tuple[Any, ...] = (None, "", "text", 0, 1.5, True, [], {}, {"a": None}, [1])


class Generator:
    """Values by the schemas of one description. ``fullness``: 1 gives every field, 0 the required ones only."""

    def __init__(self, document: Mapping[str, Any], seed: int = 0) -> None:
        self._document = document
        self.random = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
        self.fullness = 1.0

    def resolve(self, node: Any) -> Any:
        """What a ``$ref`` refers to; anything else as it is."""
        while isinstance(node, Mapping) and "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                part = part.replace("~1", "/").replace("~0", "~")
                target = target[int(part) if isinstance(target, list) else part]
            node = target
        return node

    def value(self, schema: Any, depth: int = 0) -> Any:
        """One value; raises NotImplementedError for a pattern that has no example."""
        schema = self._merged(self.resolve(schema))
        nullable = schema.get("nullable") or "null" in _types(schema)
        if nullable and self.random.random() < 0.4 * (1 - self.fullness):
            return None
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        for choice in ("oneOf", "anyOf"):
            if schema.get(choice):
                return self._chosen(schema, choice, depth)
        return self._by_type(schema, depth)

    def _chosen(self, schema: Schema, choice: str, depth: int) -> Any:
        beside = {name: value for name, value in schema.items() if name != choice}
        chosen = self.value(self.random.choice(schema[choice]), depth)
        return {**self._object(beside, depth), **chosen} if isinstance(chosen, dict) else chosen

    def _by_type(self, schema: Schema, depth: int) -> Any:
        kinds = [kind for kind in _types(schema) if kind != "null"]
        kind = (
            self.random.choice(kinds)
            if kinds
            else "object"
            if "properties" in schema
            else "array"
            if "items" in schema
            else ""
        )
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            least = int(schema.get("minItems", 0))
            most = min(int(schema.get("maxItems", MOST_ITEMS)), max(least, MOST_ITEMS))
            count = least if depth >= DEEPEST else self.random.randint(least, max(least, most))
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]
        if kind == "string":
            return self._text(schema)
        if kind in {"integer", "number"}:
            return self._number(schema, INTEGERS if kind == "integer" else (*INTEGERS, *NUMBERS))
        if kind == "boolean":
            return self.random.random() < 0.5
        return self.random.choice(ANYTHING)

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        required = dict.fromkeys(schema.get("required", ()))
        # Render's description demands a field that it does not describe.
        properties: Mapping[str, Any] = {
            **{key: {"type": "string"} for key in required},
            **schema.get("properties", {}),
        }
        fullness = self.fullness if depth < DEEPEST else 0.0
        made = {
            name: self.value(property_schema, depth + 1)
            for name, property_schema in properties.items()
            if name in required or self.random.random() < fullness
        }
        further = schema.get("additionalProperties")
        if isinstance(further, Mapping) and depth < DEEPEST:
            made |= {f"key-{number}": self.value(further, depth + 1) for number in range(self.random.randint(0, 2))}
        return made

    def _text(self, schema: Schema) -> str:
        if schema.get("format") == "date-time":
            return self.random.choice(TIMES)
        if "pattern" in schema:
            if "example" not in schema:
                raise NotImplementedError(f"no example for the pattern {schema['pattern']}")
            return str(schema["example"])
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 1000))
        return self.random.choice(TEXTS).ljust(least, "x")[:most]

    def _number(self, schema: Schema, numbers: tuple[float, ...]) -> float:
        least, most = schema.get("minimum", -(10**40)), schema.get("maximum", 10**40)
        within = [number for number in numbers if least <= number <= most]
        return self.random.choice(within) if within else least

    def _merged(self, schema: Schema) -> Schema:
        """The schema with its ``allOf`` written into it."""
        if "allOf" not in schema:
            return schema
        merged: dict[str, Any] = {}
        for part in (*schema["allOf"], {name: value for name, value in schema.items() if name != "allOf"}):
            part = self._merged(self.resolve(part))
            merged |= {
                **part,
                "properties": {**merged.get("properties", {}), **part.get("properties", {})},
                "required": [*merged.get("required", ()), *part.get("required", ())],
            }
        return {name: value for name, value in merged.items() if value not in ({}, [])}


def _types(schema: Schema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)
