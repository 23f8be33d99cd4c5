"""A libSQL database as the application uses it: by its recorded URL and token, over Hrana's HTTP pipeline.

Wire format: tursodatabase/libsql ``docs/HRANA_3_SPEC.md``, section *Hrana over HTTP*; ``/v2/pipeline`` as in Turso's own HTTP quickstart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Literal, Self

from pydantic import SecretStr, model_validator

from deploybook import http
from deploybook.clouds.answers import Answer, Text
from deploybook.clouds.api import Api
from deploybook.clouds.refusals import Refusal
from deploybook.clouds.turso.values import Result, Row, Value, encode
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

PIPELINE = "/v2/pipeline"
SCHEME = "libsql://"
CLOSE = {"type": "close"}
# What the host of a database answers whose group is archived (tursodatabase/turso-cli#917).
ASLEEP = 502


class StatementError(Answer):
    """Why a statement failed, with libSQL's code."""

    message: Text = ""
    code: Text = ""


class Response(Answer):
    """The answer to one request of a pipeline; one to *close* has no result."""

    result: Result | None = None


class StatementResult(Answer):
    """StreamResult: ``ok`` with a response, or ``error``."""

    type: Literal["ok", "error"]
    response: Response | None = None
    error: StatementError | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "error" and self.error is None:
            raise ValueError("an error without its reason")
        return self


class PipelineAnswer(Answer):
    """PipelineRespBody. Without a baton the stream is closed; ``base_url`` is where the next request goes, if it is set."""

    baton: str | None = None
    base_url: Text = ""
    results: tuple[StatementResult, ...]


BUSY = Refusal(
    Conflict,
    "Run this again; if it persists, check what else writes to this database, and for how long.",
    "database-errors",
)
DENIED = Refusal(
    PermissionDenied,
    "Run deploybook run turso --mode apply: it mints a full-access token and lets the database be written.",
    "turso-token",
)
# How a failed statement is read, by libSQL's code. Turso says BLOCKED where a quota is used up, whatever the platform API says of the
# organization (tursodatabase/turso-docs#410), and where the database's own settings block it: neither says anything of the token.
FAILURES = {
    # Another transaction holds the database, or this one held it longer than the server lets it (5 s).
    "SQLITE_BUSY": BUSY,
    "TRANSACTION_TIMEOUT": BUSY,
    # The token does not allow the statement.
    "SQLITE_AUTH": DENIED,
    "SQLITE_READONLY": DENIED,
    "BLOCKED": Refusal(
        PermissionDenied,
        "Open the organization's billing page in Turso's dashboard: most often the plan's quota is used up; the token is not the reason.",
        "turso-quota",
    ),
}
OTHER_FAILURE = Refusal(
    UnexpectedResponse,
    "Check that this is the application's database; deploybook run turso --mode verify shows it.",
    "database-errors",
)

Statement = str | tuple[str, tuple[Value, ...]]


def _explain(body: Any) -> tuple[str, str]:
    """``{"error": "<sentence>"}`` from sqld, ``{"message", "code"}`` by the specification."""
    return str(body.get("code") or ""), str(body.get("error") or body["message"])


class LibSql:
    """One database by its URL and one token. Methods raise a ServiceError, for a failed statement too.

    A token is refused with Unauthorized, one that may not do this with PermissionDenied; a statement that fails is an
    UnexpectedResponse (a Conflict if the database was busy) whose ``code`` is libSQL's.
    """

    def __init__(self, url: str, token: SecretStr, api: Api | None = None) -> None:
        if not url.startswith(SCHEME):
            hint = "Run deploybook run turso --mode apply: it records the database's own."
            raise InvalidValue("TURSO_DATABASE_URL is not a libsql:// URL.", hint, "turso-url")
        self.url = url
        self.token = token
        # Turso serves HTTPS at the hostname; libsql:// is only how SDKs name it.
        address = f"https://{url.removeprefix(SCHEME).rstrip('/')}"
        self._api = api or Api("Turso", http.open_client(address), _explain, "TURSO_AUTH_TOKEN", "TURSO_DATABASE_URL")

    @classmethod
    def from_variables(cls, variables: Mapping[str, SecretStr]) -> LibSql | None:
        """The database of the two Turso variables, or None while one of them is missing (before the first ``apply``)."""
        url, token = variables.get("TURSO_DATABASE_URL"), variables.get("TURSO_AUTH_TOKEN")
        return cls(url.get_secret_value(), token) if url and token else None

    def close(self) -> None:
        """Close the connections."""
        self._api.client.close()

    def with_token(self, token: SecretStr) -> LibSql:
        """The same database with another token; an empty one is not sent at all. The connections are shared."""
        return LibSql(self.url, token, self._api)

    def query(self, sql: str, *arguments: Value) -> list[Row]:
        """The rows of one statement that only reads: sent again if its answer is lost."""
        return Stream(self._api, self.token, repeatable=True).execute((sql, arguments), last=True)[0]

    def execute(self, *statements: Statement) -> list[list[Row]]:
        """Run statements one after the other in one request, without a transaction around them; the rows of each."""
        return Stream(self._api, self.token).execute(*statements, last=True)

    @contextmanager
    def transaction(self) -> Iterator[Stream]:
        """An interactive write transaction over one baton: BEGIN IMMEDIATE, what the caller does, COMMIT; ROLLBACK if it raises."""
        stream = Stream(self._api, self.token)
        try:
            stream.execute("BEGIN IMMEDIATE")
            yield stream
        except BaseException:
            # Best effort, and quietly: the server ends a transaction that nobody goes on with by itself.
            with suppress(ServiceError):
                stream.execute("ROLLBACK", last=True)
            raise
        stream.execute("COMMIT", last=True)


class Stream:
    """One SQL connection at the server. Requests on it go one after the other, each with the baton of the last answer."""

    def __init__(self, api: Api, token: SecretStr, *, repeatable: bool = False) -> None:
        self._api = api
        self._token = token
        self._repeatable = repeatable
        self._baton: str | None = None
        self._base_url = ""

    def execute(self, *statements: Statement, last: bool = False) -> list[list[Row]]:
        """Run statements in one request, and close the stream with the ``last``; raises for the first one that failed."""
        pairs = [(statement, ()) if isinstance(statement, str) else statement for statement in statements]
        requests: list[dict[str, Any]] = [_request(sql, arguments) for sql, arguments in pairs]
        operation = f"run {_shortened(pairs[0][0])}"
        answer = self._send(operation, [*requests, CLOSE] if last else requests)
        self._follow(operation, answer)
        results = [_rows(sql, result) for (sql, _), result in zip(pairs, answer.results, strict=False)]
        if len(results) != len(pairs):
            raise _undescribed(operation, f"it answered {len(results)} of {len(pairs)} statements")
        return results

    def _send(self, operation: str, requests: list[dict[str, Any]]) -> PipelineAnswer:
        token = self._token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"baton": self._baton, "requests": requests}
        path = self._base_url + PIPELINE
        try:
            return self._api.read(
                PipelineAnswer, operation, "POST", path, json=body, headers=headers, repeatable=self._repeatable
            )
        except NotFound as error:
            hint = "Run deploybook run turso --mode apply: it records the URL of the existing database."
            raise NotFound("Turso", operation, error.message, hint, "turso-url", error.status, error.code) from None
        except (Unauthorized, PermissionDenied) as error:
            hint = "Run deploybook run turso --mode apply: it mints a token that this database takes."
            raise type(error)(
                "Turso", operation, error.message, hint, "turso-token", error.status, error.code
            ) from None
        except Unreachable as error:
            hint = "Check the network, and in Turso's dashboard whether the database exists and is awake."
            raise Unreachable("Turso", operation, error.message, hint) from None
        except UnexpectedResponse as error:
            if error.status != ASLEEP:
                raise
            hint = "Most often its group is archived; deploybook run turso --mode apply wakes it."
            raise UnexpectedResponse("Turso", operation, error.message, hint, status=error.status) from None

    def _follow(self, operation: str, answer: PipelineAnswer) -> None:
        """Take up the baton, and go on at the address that the server names; the token goes there, so it must be as safe."""
        self._baton = answer.baton
        named = answer.base_url.rstrip("/")
        if named:
            secure = self._api.client.base_url.scheme == "https"
            if not named.startswith("https://" if secure else ("http://", "https://")):
                raise _undescribed(operation, "it names another address, which is not HTTPS")
            self._base_url = named


def _request(sql: str, arguments: tuple[Value, ...]) -> dict[str, Any]:
    return {"type": "execute", "stmt": {"sql": sql, "args": [encode(value) for value in arguments]}}


def _rows(sql: str, result: StatementResult) -> list[Row]:
    """The rows of one statement; a failed one comes inside HTTP 200 and is raised here."""
    operation = f"run {_shortened(sql)}"
    if result.error is not None:
        raise _failed(operation, result.error)
    if result.response is None or result.response.result is None:
        raise _undescribed(operation, "its answer has no result")
    return result.response.result.rows()


def _failed(operation: str, error: StatementError) -> ServiceError:
    text = f"Turso could not {operation}: {error.message.rstrip('.')} ({error.code or 'no code'})."
    failure = FAILURES.get(error.code, OTHER_FAILURE)
    return failure.kind("Turso", operation, text, str(failure.hint), failure.entry, 200, error.code)


def _undescribed(operation: str, problem: str) -> UnexpectedResponse:
    hint = "Check that TURSO_DATABASE_URL is the database's own; deploybook run turso --mode apply records it."
    return UnexpectedResponse("Turso", operation, f"Turso could not {operation}: {problem}.", hint)


def _shortened(sql: str) -> str:
    words = " ".join(sql.split())
    return words if len(words) <= 60 else f"{words[:60]}…"
