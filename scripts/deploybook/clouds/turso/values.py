"""Hrana's values: SQL arguments and columns with their types, and a row by column names.

Source: tursodatabase/libsql ``docs/HRANA_3_SPEC.md`` (Values), ``libsql-hrana/src/proto.rs`` for how the server writes blobs.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal, Self

from pydantic import Base64Bytes, BeforeValidator, Field, model_validator

from deploybook.clouds.answers import Answer, Text
from deploybook.errors import UnexpectedResponse

# What an SQL argument can be, and what a column gives.
Value = None | int | float | str | bytes


class Row(dict[str, Value]):
    """A row by column names; asked for another column it raises UnexpectedResponse, as the database answered something else."""

    def __missing__(self, column: str) -> Value:
        message = f"Turso could not read the rows: its answer has no column {column}."
        hint = "Check that TURSO_DATABASE_URL is the database's own; deploybook run turso --mode apply records it."
        raise UnexpectedResponse("Turso", "read the rows", message, hint)


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


def _unpadded(text: object) -> object:
    """Blobs come without the padding that Python's decoder demands."""
    return text + "=" * (-len(text) % 4) if isinstance(text, str) else text


class Null(Answer):
    """Nothing."""

    type: Literal["null"]
    value: None = None


class Integer(Answer):
    """A whole number, in decimal digits."""

    type: Literal["integer"]
    value: int


class Float(Answer):
    """A number."""

    type: Literal["float"]
    value: float


class String(Answer):
    """A text."""

    type: Literal["text"]
    value: str


class Blob(Answer):
    """Bytes."""

    type: Literal["blob"]
    value: Annotated[Base64Bytes, BeforeValidator(_unpadded)] = Field(alias="base64")


Cell = Annotated[Null | Integer | Float | String | Blob, Field(discriminator="type")]


class Column(Answer):
    """A column of a result; an expression may have no name."""

    name: Text = ""


class Result(Answer):
    """What one statement gave: StmtResult."""

    cols: tuple[Column, ...]
    cells: tuple[tuple[Cell, ...], ...] = Field(alias="rows")

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if any(len(row) != len(self.cols) for row in self.cells):
            raise ValueError("a row does not have one value for each column")
        return self

    def rows(self) -> list[Row]:
        """The rows, by column names."""
        names = [column.name for column in self.cols]
        return [Row(zip(names, (cell.value for cell in row), strict=True)) for row in self.cells]
