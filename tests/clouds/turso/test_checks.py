"""Each check holds in a sound database, fails when what it guards is broken, and leaves nothing behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.clouds.scratch_names import named
from tests.conftest import RunningSandbox

from deploybook.clouds import turso
from deploybook.clouds.connections import Connections
from deploybook.clouds.turso import checks, hrana, jobs, values
from deploybook.clouds.turso.hrana import Stream
from deploybook.clouds.turso.resources import DatabaseState
from deploybook.errors import (
    Conflict,
    InvalidValue,
    NotFound,
    NotTested,
    PermissionDenied,
    Unauthorized,
    UnexpectedResponse,
    VerificationFailed,
)

from .conftest import opened

WRITING = (turso.jobs_are_stored, turso.claims_in_one_transaction, turso.claimants_never_meet)
ALL = (*WRITING, turso.answers, turso.jobs_table_fits, turso.wrong_tokens_are_refused)


def tables(database: turso.LibSql) -> list[Any]:
    return [row["name"] for row in database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")]


@pytest.mark.parametrize("check", ALL)
def test_a_sound_database_passes_and_nothing_is_left(
    database: turso.LibSql, check: Callable[[turso.LibSql], str]
) -> None:
    before = tables(database)
    assert check(database)
    assert tables(database) == before


@pytest.mark.parametrize("check", WRITING)
def test_a_live_jobs_table_is_not_touched(database: turso.LibSql, check: Callable[[turso.LibSql], str]) -> None:
    database.execute(*jobs.definition(jobs.TABLE))
    jobs.add_jobs(database, jobs.TABLE, 2)
    everything = "SELECT * FROM audio_prep_jobs"
    before = database.query(everything)
    check(database)
    assert database.query(everything) == before
    assert len(tables(database)) == 1


def test_a_check_that_fails_removes_its_table_too(database: turso.LibSql, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(int):
        """A number that no answer equals."""

        __hash__ = int.__hash__

        def __eq__(self, other: object) -> bool:
            return False

    monkeypatch.setattr(checks, "AWKWARD", (Other(1), 2))
    with pytest.raises(VerificationFailed):
        turso.jobs_are_stored(database)
    monkeypatch.undo()
    assert tables(database) == []


def test_what_a_killed_run_left_is_removed_by_the_next_and_what_runs_now_is_not(
    database: turso.LibSql, ended_process: int
) -> None:
    leftover, running = (
        f"deploybook_check_{named(process).removeprefix('deploybook-check-').replace('-', '_')}"
        for process in (ended_process, os.getppid())
    )
    names = [leftover, running, "deploybook_check_mine"]
    database.execute(*(f"CREATE TABLE {name} (a)" for name in names))
    turso.claims_in_one_transaction(database)
    assert tables(database) == sorted(names[1:])


def test_a_table_that_lacks_a_column_of_the_application_is_told(database: turso.LibSql) -> None:
    assert "does not exist yet" in turso.jobs_table_fits(database)
    database.execute(f"CREATE TABLE {jobs.TABLE} (jobId TEXT PRIMARY KEY, status, type)")
    with pytest.raises(VerificationFailed, match="lacks progress, stage") as caught:
        turso.jobs_table_fits(database)
    assert caught.value.entry == "database-errors"


def test_a_table_without_its_key_or_its_indexes_is_told(
    database: turso.LibSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = jobs.definition("x")
    monkeypatch.setattr(jobs, "definition", lambda table: [sound[0].replace("x (", f"{table} (")])
    with pytest.raises(VerificationFailed, match="number of indexes"):
        turso.jobs_are_stored(database)
    monkeypatch.undo()
    monkeypatch.setitem(jobs.COLUMNS, "jobId", "TEXT")
    with pytest.raises(VerificationFailed, match="two jobs with the same id"):
        turso.jobs_are_stored(database)


def test_a_value_that_comes_back_otherwise_is_told(database: turso.LibSql, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(value: values.Value) -> dict[str, Any]:
        large = isinstance(value, int) and abs(value) > 2**53
        return values.encode(float(value) if large and isinstance(value, int) else value)

    monkeypatch.setattr(hrana, "encode", careless)
    with pytest.raises(VerificationFailed, match="parameters is not as promised"):
        turso.jobs_are_stored(database)


@contextmanager
def no_transaction(self: turso.LibSql) -> Iterator[Stream]:
    """Every statement on its own: what a claim would be without BEGIN IMMEDIATE."""
    yield Stream(self._api, self.token)


@pytest.mark.parametrize("check", [turso.claims_in_one_transaction, turso.claimants_never_meet])
def test_a_claim_that_is_no_transaction_is_told(
    database: turso.LibSql, monkeypatch: pytest.MonkeyPatch, check: Callable[[turso.LibSql], str]
) -> None:
    monkeypatch.setattr(turso.LibSql, "transaction", no_transaction)
    with pytest.raises(VerificationFailed):
        check(database)


def test_a_busy_database_is_asked_again(database: turso.LibSql, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, once = jobs.claim, threading.Lock()

    def busy_at_first(*arguments: Any, **moments: Any) -> Any:
        if once.acquire(blocking=False):
            raise Conflict("Turso", "run BEGIN IMMEDIATE", "busy", code="SQLITE_BUSY")
        return claim(*arguments, **moments)

    monkeypatch.setattr(jobs, "claim", busy_at_first)
    assert turso.claimants_never_meet(database)


def test_a_database_that_takes_any_token_is_told(database: turso.LibSql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turso.LibSql, "with_token", lambda self, _: self)
    with pytest.raises(VerificationFailed, match="opened the database to no token"):
        turso.wrong_tokens_are_refused(database)


def test_an_error_is_no_refusal(database: turso.LibSql, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: turso.LibSql, sql: str) -> None:
        raise UnexpectedResponse("Turso", "run", "500")

    monkeypatch.setattr(turso.LibSql, "query", broken)
    with pytest.raises(NotTested, match="the vault's token is not accepted either"):
        turso.wrong_tokens_are_refused(database)


def test_a_read_only_token_answers_and_fails_where_it_must_write(
    clouds: Connections, made: DatabaseState, sandbox: RunningSandbox
) -> None:
    path = f"/v1/organizations/{sandbox.exports['TURSO_ORGANIZATION']}/databases/studio/auth/tokens"
    minted = clouds.turso.api.json("mint", "POST", path, params={"authorization": "read-only"})["jwt"]
    reader = opened(clouds, made, SecretStr(minted))
    assert turso.answers(reader)
    for check in WRITING:
        with pytest.raises(PermissionDenied):
            check(reader)


def test_a_url_of_another_database_is_told(made: DatabaseState) -> None:
    pair = {"TURSO_DATABASE_URL": SecretStr(made.url)}
    assert turso.url_is_the_databases(pair, made) == made.url
    with pytest.raises(VerificationFailed, match="not this database's"):
        turso.url_is_the_databases({"TURSO_DATABASE_URL": SecretStr("libsql://elsewhere.example.com")}, made)


def test_the_preflight_tells_what_it_read(clouds: Connections) -> None:
    assert turso.token_is_valid(clouds.turso) == "it never expires"
    assert turso.organization_is_usable(clouds.turso) == "deploybook, plan starter"
    assert turso.location_exists(clouds.turso, "aws-eu-west-1") == "AWS EU West (Ireland)"


def test_a_token_that_will_expire_is_told_with_its_day(clouds: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(clouds.turso), "validate_token", lambda _: 86400)
    assert turso.token_is_valid(clouds.turso) == "it expires on 1970-01-02"


def test_a_location_that_turso_lacks_is_refused_naming_those_it_has(clouds: Connections) -> None:
    with pytest.raises(InvalidValue, match="no location lhr") as caught:
        turso.location_exists(clouds.turso, "lhr")
    assert "aws-us-east-1" in caught.value.hint


def test_a_platform_token_that_is_wrong_is_unauthorized(sandbox: RunningSandbox, connect: Connect) -> None:
    with pytest.raises(Unauthorized) as caught:
        turso.token_is_valid(connect(sandbox, TURSO_API_TOKEN="wrong").turso)
    assert caught.value.entry == "credential-refused"


def test_an_organization_that_is_not_visible_is_told(sandbox: RunningSandbox, connect: Connect) -> None:
    with pytest.raises((NotFound, PermissionDenied)) as caught:
        turso.organization_is_usable(connect(sandbox, TURSO_ORGANIZATION="elsewhere").turso)
    assert caught.value.entry == "turso-organization"


def test_a_blocked_organization_is_told(clouds: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    details = clouds.turso.organization_details().model_copy(update={"blocked_writes": True})
    monkeypatch.setattr(type(clouds.turso), "organization_details", lambda _: details)
    with pytest.raises(PermissionDenied, match="blocked writes"):
        turso.organization_is_usable(clouds.turso)
