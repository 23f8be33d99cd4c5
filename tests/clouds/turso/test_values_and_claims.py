"""Hrana's values and a token's claims, without a server."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from pydantic import SecretStr

from deploybook.clouds.turso.claims import Claims, read_claims, seconds_of, written
from deploybook.clouds.turso.values import Result, Row, Value, encode
from deploybook.errors import InvalidValue, UnexpectedResponse


def token(**claims: Any) -> SecretStr:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return SecretStr(f"e30.{payload}.c2ln")


def rows(columns: list[str | None], *cells: list[Any]) -> list[Row]:
    answer = {"cols": [{"name": name} for name in columns], "rows": list(cells), "affected_row_count": 0}
    return Result.model_validate_json(json.dumps(answer)).rows()


def decode(cell: Any) -> Value:
    return rows(["a"], [cell])[0]["a"]


@pytest.mark.parametrize(
    "value", [None, 0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 0.1, "", "ünï'", b"", b"a", b"\xff" * 2]
)
def test_a_value_comes_back_as_it_went_in(value: Value) -> None:
    assert decode(encode(value)) == value


def test_integers_travel_as_strings_and_blobs_without_padding() -> None:
    assert encode(2**53 + 1) == {"type": "integer", "value": "9007199254740993"}
    assert encode(True) == {"type": "integer", "value": "1"}
    assert encode(b"a") == {"type": "blob", "base64": "YQ"}
    assert decode({"type": "blob", "base64": "YQ=="}) == decode({"type": "blob", "base64": "YQ"}) == b"a"


def test_an_integer_beyond_64_bits_is_refused_before_it_is_sent() -> None:
    with pytest.raises(OverflowError):
        encode(2**63)


def test_a_type_that_is_not_described_is_refused() -> None:
    with pytest.raises(ValueError, match="geometry"):
        decode({"type": "geometry"})


def test_rows_are_named_by_their_columns() -> None:
    one = {"type": "integer", "value": "1"}
    assert rows(["a", None], [one, {"type": "null"}]) == [{"a": 1, "": None}]
    with pytest.raises(UnexpectedResponse, match="no column b"):
        rows(["a"], [one])[0]["b"]
    with pytest.raises(ValueError, match="not have one value for each column"):
        rows(["a", "b"], [one])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("never", None), ("1s", 1), ("2w1d30m", 2 * 604800 + 86400 + 1800), ("7d", 604800), ("1h1m1s", 3661)],
)
def test_a_lifetime_is_read_and_written(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(written(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "0d", "1y", "1d2w", "1 d", "-1d", "none", "1d\n", "01d"])
def test_a_lifetime_that_turso_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        seconds_of(text)


def test_claims_tell_lifetime_access_and_expiry() -> None:
    now = int(time.time())
    assert read_claims(token(a="ro", iat=now, exp=now + 60)) == Claims(now + 60, now, read_only=True)
    assert read_claims(token(a="rw", iat=now - 60, exp=now - 1)).expired
    assert read_claims(token(a="rw")).described() == "the token never expires"
    assert read_claims(token(exp=0)).described() == "the token expires on 1970-01-01"


@pytest.mark.parametrize("value", ["", "no-jwt", "a.b.c", "a.!!!.c", "a.W10.c", "a.eyJleHAiOiJ4In0.c"])
def test_what_is_no_token_claims_nothing(value: str) -> None:
    assert read_claims(SecretStr(value)) == Claims()
