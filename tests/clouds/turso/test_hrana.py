"""libSQL's protocol against the real server, and against answers that it gives only rarely."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.conftest import RunningSandbox

from deploybook import http
from deploybook.clouds import turso
from deploybook.clouds.connections import Connections
from deploybook.clouds.turso.resources import DatabaseState
from deploybook.errors import (
    Conflict,
    InvalidValue,
    NotFound,
    PermissionDenied,
    ServiceError,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
)

from .conftest import opened

Answer = Callable[[httpx.Request], httpx.Response]
Scripted = Callable[[Answer], turso.LibSql]
ONE = {"cols": [{"name": "1"}], "rows": [[{"type": "integer", "value": "1"}]], "affected_row_count": 0}
OK = {"type": "ok", "response": {"type": "execute", "result": ONE}}


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A database whose answers a test writes itself."""
    made: list[turso.LibSql] = []

    def database(answer: Answer) -> turso.LibSql:
        transport = httpx.MockTransport(answer)
        monkeypatch.setattr(http, "open_client", lambda url: httpx.Client(base_url=url, transport=transport))
        made.append(turso.LibSql("libsql://db.example.com", SecretStr("a.b.c")))
        return made[-1]

    yield database
    for answers in made:
        answers.close()


def results(*answers: Any, baton: str | None = None, base_url: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"baton": baton, "base_url": base_url, "results": list(answers)})


def test_arguments_are_bound_and_never_part_of_the_sql(database: turso.LibSql) -> None:
    database.execute("CREATE TABLE t (a, b)", ("INSERT INTO t VALUES (?, ?)", ("'); DROP TABLE t; --", 2**53 + 1)))
    assert database.query("SELECT * FROM t") == [{"a": "'); DROP TABLE t; --", "b": 2**53 + 1}]


def test_a_failed_statement_inside_http_200_is_an_error(database: turso.LibSql) -> None:
    with pytest.raises(UnexpectedResponse, match="no such column: nope") as caught:
        database.query("SELECT nope")
    assert caught.value.status == 200
    assert caught.value.code == "SQL_INPUT_ERROR"
    assert caught.value.entry == "database-errors"


def test_the_first_of_several_failures_is_told(database: turso.LibSql) -> None:
    with pytest.raises(UnexpectedResponse, match="could not run SELECT second") as caught:
        database.execute("SELECT 1", "SELECT second", "SELECT third")
    assert "second" in caught.value.operation


def test_an_unfinished_transaction_leaves_nothing(database: turso.LibSql) -> None:
    database.execute("CREATE TABLE t (a)")

    def break_off() -> None:
        with database.transaction() as stream:
            stream.execute("INSERT INTO t VALUES (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert database.query("SELECT * FROM t") == []
    with database.transaction() as stream:
        stream.execute("INSERT INTO t VALUES (2)")
    assert database.query("SELECT * FROM t") == [{"a": 2}]


def test_a_statement_that_fails_in_a_transaction_undoes_it(database: turso.LibSql) -> None:
    database.execute("CREATE TABLE t (a PRIMARY KEY)", "INSERT INTO t VALUES (1)")

    def insert_twice() -> None:
        with database.transaction() as stream:
            stream.execute("INSERT INTO t VALUES (2)")
            stream.execute("INSERT INTO t VALUES (1)")

    with pytest.raises(UnexpectedResponse, match="SQLITE_CONSTRAINT"):
        insert_twice()
    assert database.query("SELECT a FROM t") == [{"a": 1}]


@pytest.mark.parametrize("token", ["", "a.b.c", "nonsense"])
def test_a_wrong_token_is_unauthorized(database: turso.LibSql, token: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        database.with_token(SecretStr(token)).query("SELECT 1")
    assert caught.value.entry == "turso-token"


def test_a_read_only_token_reads_and_is_denied_to_write(
    clouds: Connections, made: DatabaseState, sandbox: RunningSandbox
) -> None:
    path = f"/v1/organizations/{sandbox.exports['TURSO_ORGANIZATION']}/databases/studio/auth/tokens"
    minted = clouds.turso.api.json("mint", "POST", path, params={"authorization": "read-only"})["jwt"]
    reader = opened(clouds, made, SecretStr(minted))
    assert reader.query("SELECT 1 AS one") == [{"one": 1}]
    with pytest.raises(PermissionDenied) as caught:
        reader.execute("CREATE TABLE t (a)")
    assert caught.value.entry == "turso-token"


def test_a_database_that_is_gone_is_not_found(clouds: Connections, database: turso.LibSql) -> None:
    clouds.turso.delete_database("studio")
    with pytest.raises(NotFound):
        database.query("SELECT 1")


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "lost-answer"}, {"kind": "status", "status": 503}])
def test_a_query_is_repeated(database: turso.LibSql, sandbox: RunningSandbox, fault: dict[str, Any]) -> None:
    sandbox.control.post("/faults", json={"service": "turso-sql", **fault}).raise_for_status()
    assert database.query("SELECT 1 AS one") == [{"one": 1}]


def test_a_write_whose_answer_was_lost_is_not_repeated(database: turso.LibSql, sandbox: RunningSandbox) -> None:
    database.execute("CREATE TABLE t (a)")
    sandbox.control.post("/faults", json={"service": "turso-sql", "kind": "lost-answer"}).raise_for_status()
    with pytest.raises(Unreachable):
        database.execute("INSERT INTO t VALUES (1)")
    assert database.query("SELECT a FROM t") == [{"a": 1}]


def test_the_baton_of_each_answer_is_sent_next_and_the_stream_is_closed(scripted: Scripted) -> None:
    requests: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        closes = body["requests"][-1] == {"type": "close"}
        requests.append((body["baton"], body["requests"][0]["stmt"]["sql"], closes))
        return results(OK, OK, baton=None if closes else f"b{len(requests)}")

    with scripted(answer).transaction() as stream:
        stream.execute("SELECT 1")
    assert requests == [(None, "BEGIN IMMEDIATE", False), ("b1", "SELECT 1", False), ("b2", "COMMIT", True)]


def test_the_next_request_goes_to_the_address_that_the_server_names(scripted: Scripted) -> None:
    urls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        assert request.headers["authorization"] == "Bearer a.b.c"
        return results(OK, OK, baton="b", base_url="https://near.example.com/x/" if len(urls) == 1 else None)

    with scripted(answer).transaction() as stream:
        stream.execute("SELECT 1")
    first, *later = urls
    assert first == "https://db.example.com/v2/pipeline"
    assert later == ["https://near.example.com/x/v2/pipeline"] * 2


def test_the_token_is_never_sent_on_without_tls(scripted: Scripted) -> None:
    urls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return results(OK, OK, baton="b", base_url="http://near.example.com")

    with pytest.raises(UnexpectedResponse, match="not HTTPS"), scripted(answer).transaction():
        pass
    assert all(url.startswith("https://db.example.com/") for url in urls)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("SQLITE_BUSY", Conflict), ("TRANSACTION_TIMEOUT", Conflict), ("BLOCKED", PermissionDenied), (None, ServiceError)],
)
def test_libsqls_codes_become_our_errors(scripted: Scripted, code: str | None, kind: type[ServiceError]) -> None:
    error = {"type": "error", "error": {"message": "why", "code": code}}
    with pytest.raises(kind, match="could not run SELECT 1: why"):
        scripted(lambda _: results(error)).query("SELECT 1")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={}),
        httpx.Response(200, json=[]),
        httpx.Response(200, text="<html>"),
        httpx.Response(500, text="<html>broken</html>"),
        results(),
        results({"type": "ok", "response": {}}),
        results({"type": "ok", "response": {"result": {"cols": [{"name": "a"}], "rows": [[{"type": "geometry"}]]}}}),
    ],
)
def test_an_answer_that_is_not_hrana_is_told_in_a_sentence(scripted: Scripted, answer: httpx.Response) -> None:
    with pytest.raises(UnexpectedResponse, match=r"^Turso (could not|has carried out the request to) run SELECT 1"):
        scripted(lambda _: answer).query("SELECT 1")


def test_a_url_that_is_not_libsql_is_refused_before_any_request() -> None:
    with pytest.raises(InvalidValue):
        turso.LibSql("https://db.example.com", SecretStr("a.b.c"))


def test_without_both_variables_there_is_no_database() -> None:
    assert Connections({}).libsql({"TURSO_DATABASE_URL": SecretStr("libsql://db.example.com")}) is None


def test_neither_token_nor_arguments_are_in_a_message(database: turso.LibSql) -> None:
    secret = database.token.get_secret_value()
    with pytest.raises(ServiceError) as caught:
        database.query("SELECT nope, ?", "an argument")
    output = " ".join(caught.value.lines()) + repr(caught.value)
    assert secret not in output
    assert "an argument" not in output
