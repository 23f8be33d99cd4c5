"""A libSQL database as the application uses it: by its recorded URL and token, over Hrana's HTTP pipeline.

Wire format: tursodatabase/libsql ``docs/HRANA_3_SPEC.md``, section *Hrana over HTTP*; ``/v2/pipeline`` as in Turso's own HTTP quickstart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.api import Api
from deploybook.clouds.turso.values import Row, Value, encode, rows
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
# Another transaction holds the database, or this one held it longer than the server lets it (5 s).
BUSY = frozenset({"SQLITE_BUSY", "TRANSACTION_TIMEOUT"})
# Turso's own ways of saying that the token, or the database's settings, do not allow a statement.
DENIED = frozenset({"SQLITE_AUTH", "SQLITE_READONLY", "BLOCKED"})

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
        try:
            self._follow(operation, answer)
            results = [_result(sql, result) for (sql, _), result in zip(pairs, answer["results"], strict=False)]
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise _undescribed(operation, f"its answer is not Hrana ({type(problem).__name__})") from None
        if len(results) != len(pairs):
            raise _undescribed(operation, f"it answered {len(results)} of {len(pairs)} statements")
        return results

    def _send(self, operation: str, requests: list[dict[str, Any]]) -> Any:
        token = self._token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"baton": self._baton, "requests": requests}
        path = self._base_url + PIPELINE
        try:
            return self._api.json(operation, "POST", path, json=body, headers=headers, repeatable=self._repeatable)
        except NotFound as error:
            hint = "Run deploybook run turso --mode apply: it records the URL of the database that is there."
            raise NotFound("Turso", operation, error.message, hint, "turso-url", error.status, error.code) from None
        except (Unauthorized, PermissionDenied) as error:
            hint = "Run deploybook run turso --mode apply: it mints a token that this database takes."
            raise type(error)(
                "Turso", operation, error.message, hint, "turso-token", error.status, error.code
            ) from None
        except Unreachable as error:
            hint = "Check the network, and in Turso's dashboard whether the database is there and awake."
            raise Unreachable("Turso", operation, error.message, hint) from None

    def _follow(self, operation: str, answer: dict[str, Any]) -> None:
        """Take up the baton, and go on at the address that the server names; the token goes there, so it must be as safe."""
        self._baton = answer["baton"]
        named = str(answer.get("base_url") or "").rstrip("/")
        if named:
            secure = self._api.client.base_url.scheme == "https"
            if urlsplit(named).scheme not in ({"https"} if secure else {"http", "https"}):
                raise _undescribed(operation, "it names another address, which is not HTTPS")
            self._base_url = named


def _request(sql: str, arguments: tuple[Value, ...]) -> dict[str, Any]:
    return {"type": "execute", "stmt": {"sql": sql, "args": [encode(value) for value in arguments]}}


def _result(sql: str, result: dict[str, Any]) -> list[Row]:
    """The rows of one statement; a failed one comes inside HTTP 200 and is raised here."""
    if result["type"] == "ok":
        return rows(result["response"]["result"])
    code, message = str(result["error"].get("code") or ""), str(result["error"]["message"]).rstrip(".")
    operation = f"run {_shortened(sql)}"
    text = f"Turso could not {operation}: {message} ({code or 'no code'})."
    if code in DENIED:
        hint = "Run deploybook run turso --mode apply: it mints a full-access token and lets the database be written."
        raise PermissionDenied("Turso", operation, text, hint, "turso-token", 200, code)
    if code in BUSY:
        hint = "Run this again; if it stays, look what else writes to this database, and for how long."
        raise Conflict("Turso", operation, text, hint, "database-errors", 200, code)
    hint = "Check that this is the application's database; deploybook run turso --mode verify tells."
    raise UnexpectedResponse("Turso", operation, text, hint, "database-errors", 200, code)


def _undescribed(operation: str, problem: str) -> UnexpectedResponse:
    hint = "Check that TURSO_DATABASE_URL is the database's own; deploybook run turso --mode apply records it."
    return UnexpectedResponse("Turso", operation, f"Turso could not {operation}: {problem}.", hint)


def _shortened(sql: str) -> str:
    words = " ".join(sql.split())
    return words if len(words) <= 60 else f"{words[:60]}…"
