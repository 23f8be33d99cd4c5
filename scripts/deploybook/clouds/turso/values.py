"""Hrana's values: SQL arguments and columns with their types, and a row by column names.

Source: tursodatabase/libsql ``docs/HRANA_3_SPEC.md`` (Values), ``libsql-hrana/src/proto.rs`` for how the server writes blobs.
"""

from __future__ import annotations

import base64
from typing import Any

# What an SQL argument can be, and what a column gives.
Value = None | int | float | str | bytes
Row = dict[str, Value]

LARGEST = 2**63


def encode(value: Value) -> dict[str, Any]:
    """A typed argument. An integer travels as a string: JSON numbers lose what is beyond 2^53."""
    if value is None:
        return {"type": "null"}
    # SQLite has no booleans; True and False are its 1 and 0.
    if isinstance(value, int):
        if not -LARGEST <= value < LARGEST:
            raise OverflowError(f"{value} does not fit into SQLite's 64 bits")
        return {"type": "integer", "value": str(int(value))}
    if isinstance(value, float):
        return {"type": "float", "value": value}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    return {"type": "blob", "base64": base64.b64encode(value).decode().rstrip("=")}


def decode(value: dict[str, Any]) -> Value:
    """A column. Blobs come without padding, which Python's decoder demands; raises ValueError for a type that is not described."""
    kind = value["type"]
    if kind == "null":
        return None
    if kind == "integer":
        return int(value["value"])
    if kind == "float":
        return float(value["value"])
    if kind == "text":
        return str(value["value"])
    if kind == "blob":
        text = str(value["base64"])
        return base64.b64decode(text + "=" * (-len(text) % 4))
    raise ValueError(f"unknown type {kind}")


def rows(result: dict[str, Any]) -> list[Row]:
    """The rows of a statement's result, by column names."""
    names = [str(column["name"]) for column in result["cols"]]
    return [dict(zip(names, map(decode, row), strict=True)) for row in result["rows"]]
