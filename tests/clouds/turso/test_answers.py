"""Turso's answers as they are: what one cannot do without is named, and what it leaves out has a meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deploybook.clouds.api import Api
from deploybook.clouds.turso.client import Turso, _explain
from deploybook.clouds.turso.hrana import LibSql
from deploybook.errors import UnexpectedResponse

DATABASE = {"DbId": "d1", "Hostname": "studio.turso.io", "group": "default"}


def api(body: Any) -> Api:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    client = httpx.Client(base_url="https://api.turso.tech", transport=transport)
    return Api("Turso", client, _explain, "TURSO_API_TOKEN", "TURSO_API_URL")


def without(field: str) -> dict[str, str]:
    return {name: value for name, value in DATABASE.items() if name != field}


@pytest.mark.parametrize(
    ("ask", "body", "field"),
    [
        (lambda turso: turso.validate_token(), {}, "exp"),
        (lambda turso: turso.organization_details(), {}, "organization"),
        (lambda turso: turso.locations(), {}, "locations"),
        (lambda turso: turso.group("g"), {"group": {"archived": True}}, r"group\.name"),
        (lambda turso: turso.groups(), {"groups": [{}]}, r"groups\.0\.name"),
        (lambda turso: turso.databases("g"), {"databases": [{}]}, r"databases\.0\.Name"),
        *((lambda turso: turso.database("d"), {"database": without(name)}, rf"database\.{name}") for name in DATABASE),
        (lambda turso: turso.create_database("d", "g"), {"database": without("Hostname")}, r"database\.Hostname"),
        (lambda turso: turso.mint_token("d", "never"), {}, "jwt"),
    ],
)
def test_what_an_answer_cannot_do_without_is_named(ask: Callable[[Turso], object], body: Any, field: str) -> None:
    with pytest.raises(UnexpectedResponse, match=f"has no field {field}"):
        ask(Turso(api(body), "studio"))


@pytest.mark.parametrize("body", [{"jwt": ""}, {"jwt": None}])
def test_an_empty_token_is_none(body: Any) -> None:
    with pytest.raises(UnexpectedResponse, match="has carried out the request to create a token"):
        Turso(api(body), "studio").mint_token("studio", "never")


def test_what_is_blocked_or_archived_is_seen_and_null_is_neither() -> None:
    archived = Turso(api({"group": {"name": "g", "archived": True}}), "studio").group("g")
    blocked = Turso(api({"organization": {"blocked_reads": True, "blocked_writes": None}}), "studio")
    stopped = Turso(api({"database": DATABASE | {"block_writes": True}}), "studio").database("d")
    assert archived is not None
    assert archived.archived
    assert blocked.organization_details().blocked_reads
    assert not blocked.organization_details().blocked_writes
    assert stopped is not None
    assert stopped.block_reads is False
    assert stopped.block_writes is True


def test_fewer_results_than_statements_are_an_error() -> None:
    body: Any = {"baton": None, "base_url": None, "results": []}
    database = LibSql("libsql://studio.turso.io", SecretStr("a.b.c"), api(body))
    with pytest.raises(UnexpectedResponse, match="it answered 0 of 1 statements"):
        database.query("SELECT 1")
