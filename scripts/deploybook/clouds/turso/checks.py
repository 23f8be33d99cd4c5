"""The claims of the Turso section, each as a test: None or a detail if it holds, an error if not."""

from __future__ import annotations

import base64
import datetime
import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import cast

import tenacity
from pydantic import SecretStr

from deploybook.clouds.negative import ExpectedRefusal, reply_of, require_accepted, require_refused
from deploybook.clouds.turso import jobs
from deploybook.clouds.turso.claims import read_claims
from deploybook.clouds.turso.client import Turso
from deploybook.clouds.turso.hrana import LibSql
from deploybook.clouds.turso.resources import DatabaseState
from deploybook.clouds.turso.values import Value
from deploybook.errors import (
    Conflict,
    InvalidValue,
    NotFound,
    PermissionDenied,
    ServiceError,
    VerificationFailed,
)

# What an application could store, and what a careless client would break: quotes, non-ASCII, 64 bits, bytes, nothing.
AWKWARD: tuple[Value, ...] = ("'); DROP TABLE x; --", "ünï ✓", 2**53 + 1, -(2**63), 0.1, b"\x00\xff\x10", None)
# How a database refuses a token that is not its own.
UNAUTHORIZED = ExpectedRefusal(frozenset({401}))
JOBS = 4
# How long a claimant waits, inside its transaction, for the other one to get in as well. It must not.
MEETING_SECONDS = 0.3
BUSY_SECONDS, BUSY_PAUSE = 10.0, 0.1


def token_is_valid(turso: Turso) -> str:
    """The operator's token is known to Turso."""
    expires = turso.validate_token()
    if expires == -1:
        return "it never expires"
    return f"it expires on {datetime.datetime.fromtimestamp(expires, datetime.UTC):%Y-%m-%d}"


def organization_is_usable(turso: Turso) -> str:
    """The organization is visible to the token, and its quota or its owner has not blocked it."""
    try:
        details = turso.organization_details()
    except (NotFound, PermissionDenied) as error:
        hint = (
            "Set TURSO_ORGANIZATION to the slug that turso org list shows, and use a token made for that organization."
        )
        raise type(error)(
            "Turso", error.operation, error.message, hint, "turso-organization", error.status, error.code
        ) from None
    blocked = [operation for operation in ("reads", "writes") if getattr(details, f"blocked_{operation}")]
    if blocked:
        message = f"Turso has blocked {' and '.join(blocked)} for the organization {turso.organization}."
        hint = "Open the organization's billing page in Turso's dashboard: most often the plan's quota is used up."
        raise PermissionDenied("Turso", "use the organization", message, hint, "turso-organization")
    return f"{details.slug or turso.organization}, plan {details.plan_id or 'unknown'}"


def location_exists(turso: Turso, location: str) -> str:
    """Turso has the location in which a group would be made."""
    locations = turso.locations()
    if location not in locations:
        raise InvalidValue(
            f"Turso has no location {location}.",
            f"Set group_location to one of these: {', '.join(sorted(locations))}.",
        )
    return locations[location]


def url_is_the_databases(variables: Mapping[str, SecretStr], database: DatabaseState) -> str:
    """The recorded URL is the one that Turso gives for the database."""
    recorded = variables["TURSO_DATABASE_URL"].get_secret_value()
    if recorded != database.url:
        hint = "Run deploybook run turso --mode apply: it records the database's own."
        raise VerificationFailed("The recorded URL is not this database's.", hint, "turso-url", database.url, recorded)
    return recorded


def answers(database: LibSql) -> str:
    """The database answers ``SELECT 1`` to the recorded token."""
    _expect("the answer to SELECT 1", [{"one": 1}], database.query("SELECT 1 AS one"))
    return read_claims(database.token).described()


def jobs_table_fits(database: LibSql) -> str:
    """The jobs table, where the application has made it, has the columns that the application uses. Reads only."""
    columns = [row["name"] for row in database.query("SELECT name FROM pragma_table_info(?)", jobs.TABLE)]
    if not columns:
        return f"{jobs.TABLE} does not exist yet; the application creates it at its first connection"
    missing = [name for name in jobs.COLUMNS if name not in columns]
    if missing:
        raise VerificationFailed(
            f"The table {jobs.TABLE} lacks {', '.join(missing)}.",
            "Check that this is the application's database, and that its release is the one deployed.",
            "database-errors",
            ", ".join(jobs.COLUMNS),
            ", ".join(map(str, columns)),
        )
    return jobs.TABLE


def jobs_are_stored(database: LibSql) -> str:
    """The jobs table and its indexes are made as the application makes them; parameters come back as they went in."""
    with jobs.scratch_table(database) as table:
        made = database.query("SELECT count(*) AS n FROM pragma_index_list(?) WHERE origin = 'c'", table)
        _expect("the number of indexes", [{"n": len(jobs.INDEXED)}], made)
        [added] = jobs.add_jobs(database, table, 1)
        marks = ", ".join("? AS p" + str(number) for number in range(len(AWKWARD)))
        back = tuple(database.query(f"SELECT {marks}", *AWKWARD)[0].values())
        _expect("parameters", AWKWARD, back)
        database.execute((f"UPDATE {table} SET metadata = ? WHERE jobId = ?", (AWKWARD[0], added)))  # noqa: S608
        columns = "status, metadata, createdAt"
        stored = database.query(f"SELECT {columns} FROM {table} WHERE jobId = ?", added)  # noqa: S608
        _expect("the stored job", [{"status": "pending", "metadata": AWKWARD[0], "createdAt": 0}], stored)
        _expect_duplicate_refused(database, table)
    return f"{len(jobs.COLUMNS)} columns, {len(jobs.INDEXED)} indexes"


def claims_in_one_transaction(database: LibSql) -> str:
    """The worker's claim takes the oldest job; one that breaks off before COMMIT leaves the job as it was."""
    with jobs.scratch_table(database) as table:
        first, second = jobs.add_jobs(database, table, 2)
        with suppress(_BrokenOff):
            jobs.claim(database, table, marked=_break_off)
        for wanted in (first, second):
            claimed = jobs.claim(database, table)
            values = {name: claimed[name] for name in ("jobId", "status")} if claimed else {}
            _expect("the claimed job", {"jobId": wanted, "status": "processing"}, values)
        _expect("a claim when no job is left", None, jobs.claim(database, table))
    return "oldest first, nothing after a break-off"


def claimants_never_meet(database: LibSql) -> str:
    """Two workers that claim at once never get the same job, and every job is claimed."""
    with jobs.scratch_table(database) as table:
        ids = jobs.add_jobs(database, table, JOBS)
        meeting = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            claimants = [pool.submit(_claim_all, database, table, meeting) for _ in range(2)]
            taken = sorted(job for claimant in claimants for job in claimant.result())
    if taken != ids:
        raise VerificationFailed(
            "Two workers claimed the same job, or left one.",
            "Check that TURSO_DATABASE_URL is a libSQL database of Turso's: it must serialise write transactions.",
            "database-errors",
            ", ".join(ids),
            ", ".join(taken),
        )
    return f"{JOBS} jobs, each claimed once"


def wrong_tokens_are_refused(database: LibSql) -> str:
    """No token, another signature, and other claims under the same signature: the database checks what it is shown."""
    head, payload, signature = database.token.get_secret_value().split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"a": "rw", "iat": int(time.time())}).encode()).decode().rstrip("=")
    middle = len(signature) // 2
    other = "A" if signature[middle] != "A" else "B"
    wrong = {
        "no token": "",
        "another signature": f"{head}.{payload}.{signature[:middle]}{other}{signature[middle + 1 :]}",
        "other claims": f"{head}.{forged}.{signature}",
    }
    require_accepted("the vault's token", lambda: database.query("SELECT 1"))
    for kind, token in wrong.items():
        _require_refused(kind, database.with_token(SecretStr(token)))
    return ", ".join(wrong)


class _BrokenOff(Exception):
    """Stands for a worker that dies in the middle of its claim."""


def _break_off() -> None:
    raise _BrokenOff


def _claim_all(database: LibSql, table: str, meeting: threading.Barrier) -> list[str]:
    """Claim until nothing is left; wait inside the first transaction for the other claimant, who must not get in."""

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(MEETING_SECONDS)

    # Busy is how a server may say "not at once"; the worker looks again at its next poll.
    patient = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Conflict),
        wait=tenacity.wait_fixed(BUSY_PAUSE),
        stop=tenacity.stop_after_delay(BUSY_SECONDS),
        reraise=True,
    )
    taken: list[str] = []
    while (job := patient(jobs.claim, database, table, chosen=meet)) is not None:
        taken.append(cast(str, job["jobId"]))
    return taken


def _expect(subject: str, expected: object, actual: object) -> None:
    if actual != expected:
        hint = "Check that TURSO_DATABASE_URL is a libSQL database of Turso's."
        raise VerificationFailed(
            f"Turso: {subject} is not as promised.", hint, "database-errors", str(expected), str(actual)
        )


def _expect_duplicate_refused(database: LibSql, table: str) -> None:
    try:
        jobs.add_jobs(database, table, 1)
    except ServiceError as error:
        if error.code.startswith("SQLITE_CONSTRAINT"):
            return
        raise
    raise VerificationFailed(
        "Turso accepted two jobs with the same id.", "", "database-errors", "SQLITE_CONSTRAINT", "success"
    )


def _require_refused(bearer: str, database: LibSql) -> None:
    fault = VerificationFailed(
        f"Turso opened the database to {bearer}.",
        "Take the database out of use and tell Turso's support: anyone who knows its URL can read it.",
        "turso-token",
        str(UNAUTHORIZED),
        "200",
    )
    require_refused(bearer, lambda: reply_of(lambda: database.query("SELECT 1")), UNAUTHORIZED, fault)
