"""A provider's published description (OpenAPI 3): its operations, by method and path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deploybook.checks.specs.shapes import HOLE
from deploybook.errors import InvalidValue

Schema = Mapping[str, Any]
METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation. ``parameters`` are those of its path too."""

    path: str
    method: str
    content: Schema
    parameters: tuple[Schema, ...]

    @property
    def identifier(self) -> str:
        """Its name, such as ``createProject``."""
        return str(self.content.get("operationId") or f"{self.method} {self.path}")


@dataclass(frozen=True, eq=False)
class Description:
    """One document."""

    name: str
    document: Schema

    @classmethod
    def read(cls, path: Path) -> Description:
        """Raises InvalidValue for a file that is no description."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            assert isinstance(document["paths"], dict)
        except (ValueError, KeyError, TypeError, AssertionError):
            raise InvalidValue(f"{path.name} is no OpenAPI description.", "Get it again from the provider.") from None
        return cls(path.name, document)

    @cached_property
    def server(self) -> str:
        """The address of the API; empty where each account has its own."""
        url = str((self.document.get("servers") or [{}])[0].get("url", ""))
        return "" if "{" in url else url.rstrip("/")

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a request, whose path has a HOLE for each part that is not known."""
        for template, item in self.document["paths"].items():
            if method.lower() in item and _fits(template, path):
                content = self.resolve(item[method.lower()])
                given = [self.resolve(each) for each in (*item.get("parameters", []), *content.get("parameters", []))]
                return Operation(template, method.lower(), content, tuple(given))
        return None

    def methods_at(self, path: str) -> list[str]:
        """What else can be done at a path."""
        found = [item for template, item in self.document["paths"].items() if _fits(template, path)]
        return sorted({method.upper() for item in found for method in item if method in METHODS})

    def resolve(self, schema: Any) -> Schema:
        """What a reference stands for; anything else as it is."""
        seen = 0
        while isinstance(schema, Mapping) and "$ref" in schema and seen < 50:
            found: Any = self.document
            for part in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema, seen = found, seen + 1
        return schema if isinstance(schema, Mapping) else {}

    def body(self, operation: Operation) -> tuple[Schema | None, bool]:
        """The schema of the body as JSON, and whether there must be one; None where no JSON is described."""
        wanted = self.resolve(operation.content.get("requestBody") or {})
        return self._json(wanted), bool(wanted.get("required"))

    def answers(self, operation: Operation) -> dict[int, Schema | None]:
        """The schema of each successful answer, by status."""
        found = {}
        for status, answer in operation.content.get("responses", {}).items():
            if str(status).startswith("2") and str(status).isdigit():
                found[int(status)] = self._json(self.resolve(answer))
        return found

    def alternatives(self, schema: Schema) -> Iterator[Schema]:
        """The schemas of which a value has one: those of `oneOf` and `anyOf`, the rest of the schema added to each."""
        schema = self._whole(self.resolve(schema))
        inner = [*schema.get("oneOf", []), *schema.get("anyOf", [])]
        if not inner:
            yield schema
            return
        outer = {name: value for name, value in schema.items() if name not in {"oneOf", "anyOf"}}
        for each in inner:
            for alternative in self.alternatives(each):
                named = {"x-name": each["$ref"].rpartition("/")[2]} if "$ref" in each else {}
                yield _joined(_joined(outer, alternative), named)

    def _whole(self, schema: Schema) -> Schema:
        """A schema with what `allOf` adds to it."""
        found = {name: value for name, value in schema.items() if name != "allOf"}
        for each in schema.get("allOf", []):
            found = _joined(found, self._whole(self.resolve(each)))
        return found

    def _json(self, content: Schema) -> Schema | None:
        kinds = content.get("content") or {}
        chosen = next((value for kind, value in kinds.items() if "json" in kind), None)
        return chosen.get("schema") if chosen else None


def _fits(template: str, path: str) -> bool:
    wanted, asked = template.strip("/").split("/"), path.strip("/").split("/")
    if path.startswith(HOLE):
        # How it begins is not known: what is known must be how the template ends.
        asked = asked[1:]
        wanted = wanted[-len(asked) :]
    return len(wanted) == len(asked) and all(
        part == given or (part.startswith("{") and HOLE in given) for part, given in zip(wanted, asked, strict=True)
    )


def _joined(left: Schema, right: Schema) -> dict[str, Any]:
    both = {**left, **right}
    if "properties" in left and "properties" in right:
        both["properties"] = {**left["properties"], **right["properties"]}
    if "required" in left and "required" in right:
        both["required"] = [*left["required"], *right["required"]]
    for kind in ("oneOf", "anyOf"):
        if kind in left and kind in right:
            both[kind] = right[kind]
    return both
