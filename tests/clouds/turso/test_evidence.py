"""Which answers of a database prove its token dead: its own refusal of the token, and no other answer that anybody can think of."""

from __future__ import annotations

import json

import httpx
import pytest
from pydantic import SecretStr

from deploybook.clouds.connections import Connections
from deploybook.clouds.turso.database_token import TOKEN, DatabaseToken
from deploybook.clouds.turso.hrana import LibSql
from deploybook.clouds.turso.resources import DatabaseState

DATABASE = DatabaseState("studio", "studio.example.com", id="d1")
REFUSED = {"error": "Unauthorized: `The JWT signature is invalid`"}


def hrana(code: str) -> dict[str, object]:
    """A statement that failed, as libSQL tells it: inside HTTP 200."""
    return {"baton": None, "base_url": None, "results": [{"type": "error", "error": {"message": "no", "code": code}}]}


OTHERS: dict[str, tuple[int, object]] = {
    "a quota that is used up": (200, hrana("BLOCKED")),
    "writes that are blocked": (200, hrana("SQLITE_READONLY")),
    "a busy database": (200, hrana("SQLITE_BUSY")),
    "another libSQL error": (200, hrana("SQLITE_CORRUPT")),
    "billing": (402, {"error": "payment required"}),
    "a refusal for another reason": (403, {"error": "database is suspended"}),
    "a database that is settling": (404, {"error": "namespace not found"}),
    "a proxy that wants a login": (407, "proxy authentication required"),
    "too many requests": (429, {"error": "slow down"}),
    "an internal error": (500, {"error": "internal"}),
    "an edge that is down": (502, "<html>bad gateway</html>"),
    "an edge that asks for a login": (401, "<html>sign in</html>"),
    "a page in place of an answer": (200, "<html>hello</html>"),
    "an answer of another shape": (200, {"results": []}),
    "nothing": (200, ""),
}


def token_state(monkeypatch: pytest.MonkeyPatch, status: int, body: object) -> tuple[list[str], str]:
    """The changes that the token's resource wants after this answer, and what it says that it could not tell."""
    text = body if isinstance(body, str) else json.dumps(body)
    answer = httpx.MockTransport(lambda _: httpx.Response(status, text=text))
    monkeypatch.setattr("deploybook.http.open_client", lambda base, **_: httpx.Client(base_url=base, transport=answer))
    clouds = Connections({})
    database = LibSql("libsql://studio.example.com", SecretStr("a.b.c"))
    monkeypatch.setattr(clouds, "libsql", lambda _: database)
    resource = DatabaseToken(DATABASE, stored={TOKEN: SecretStr("a.b.c")})
    try:
        state = resource.read(clouds)
        assert state is not None
        return [change.field for change in resource.differences(state)], resource.undecided(state)
    finally:
        database.close()


def test_the_databases_own_refusal_of_the_token_is_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert token_state(monkeypatch, 401, REFUSED) == (["token"], "")


@pytest.mark.parametrize(("status", "body"), OTHERS.values(), ids=OTHERS.keys())
def test_no_other_answer_leads_to_another_token(monkeypatch: pytest.MonkeyPatch, status: int, body: object) -> None:
    changes, undecided = token_state(monkeypatch, status, body)
    assert changes == []
    assert undecided.startswith("the token could not be tried: ")
