"""Database and group tokens against the real libSQL server."""

from __future__ import annotations

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.sandbox.turso.conftest import processes
from tests.waiting import until

TABLE = "CREATE TABLE t (a INTEGER)"


@pytest.fixture
def hostname(turso: Any) -> str:
    """A database ``jobs`` in the group ``default``."""
    turso.create_group()
    return str(turso.create_database())


def claims(token: str) -> dict[str, Any]:
    padded = token.split(".")[1] + "=="
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
    return decoded


def encoded(part: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def results(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [result["type"] for result in response.json()["results"]]


def test_full_access_token_writes_and_reads(turso: Any, hostname: str) -> None:
    answer = turso.execute(hostname, turso.token(), TABLE, "INSERT INTO t VALUES (7)", "SELECT a FROM t")
    assert results(answer) == ["ok"] * 4
    rows = answer.json()["results"][2]["response"]["result"]["rows"]
    # An integer is a string on the wire.
    assert rows == [[{"type": "integer", "value": "7"}]]


@pytest.mark.parametrize("path", ["", "/instances", "/configuration", "/auth/tokens"])
def test_no_request_shows_a_database_token_again(turso: Any, hostname: str, path: str) -> None:
    assert hostname
    token = turso.token()
    assert token not in turso.api.get(f"{turso.base}/databases/jobs{path}").text


def test_failed_statement_is_an_error_inside_a_200(turso: Any, hostname: str) -> None:
    assert results(turso.execute(hostname, turso.token(), "SELECT * FROM missing")) == ["error", "ok"]


def test_read_only_token_reads_and_its_write_is_forbidden(turso: Any, hostname: str) -> None:
    turso.execute(hostname, turso.token(), TABLE)
    token = turso.token(authorization="read-only")
    assert claims(token)["a"] == "ro"
    assert results(turso.execute(hostname, token, "SELECT * FROM t")) == ["ok", "ok"]
    assert turso.execute(hostname, token, "INSERT INTO t VALUES (1)").status_code == 403
    rows = turso.execute(hostname, turso.token(), "SELECT * FROM t").json()["results"][0]["response"]["result"]["rows"]
    assert rows == []


def test_no_token_and_foreign_tokens_are_unauthorized(turso: Any, hostname: str) -> None:
    foreign = jwt.encode({"a": "rw"}, Ed25519PrivateKey.generate(), algorithm="EdDSA")
    unsigned = ".".join([encoded({"alg": "none", "typ": "JWT"}), encoded({"a": "rw"}), ""])
    platform = turso.sandbox.exports["TURSO_API_TOKEN"]
    for token in (None, "nonsense", foreign, unsigned, platform):
        answer = turso.execute(hostname, token, "SELECT 1")
        assert answer.status_code == 401, token
        assert "Unauthorized" in answer.json()["error"]


def test_token_of_one_database_does_not_open_another(turso: Any, hostname: str) -> None:
    other = turso.create_database("other")
    assert turso.execute(other, turso.token("databases/jobs"), "SELECT 1").status_code == 401
    assert turso.execute(hostname, turso.token("databases/other"), "SELECT 1").status_code == 401


def test_databases_do_not_share_tables(turso: Any, hostname: str) -> None:
    turso.execute(hostname, turso.token(), TABLE)
    other = turso.create_database("other")
    assert results(turso.execute(other, turso.token("databases/other"), "SELECT * FROM t")) == ["error", "ok"]


def test_expiration_is_in_the_token_unless_it_never_expires(turso: Any, hostname: str) -> None:
    limited = claims(turso.token(expiration="2w1d30m"))
    assert limited["exp"] - limited["iat"] == 15 * 86400 + 1800
    assert "exp" not in claims(turso.token(expiration="never"))
    assert "exp" not in claims(turso.token())


@pytest.mark.parametrize("expiration", ["", "0d", "soon", "1y", "30m2w", "-1d", "1.5d", "7"])
def test_malformed_expiration_is_refused(turso: Any, hostname: str, expiration: str) -> None:
    answer = turso.api.post(f"{turso.base}/databases/jobs/auth/tokens", params={"expiration": expiration})
    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid expiration format"


def test_unknown_authorization_and_parameter_are_refused(turso: Any, hostname: str) -> None:
    path = f"{turso.base}/databases/jobs/auth/tokens"
    assert turso.api.post(path, params={"authorization": "admin"}).status_code == 400
    assert turso.api.post(path, params={"expires": "1d"}).status_code == 400
    # In the body these would be ignored, and the token would be wider than meant.
    assert turso.api.post(path, json={"authorization": "read-only"}).status_code == 400


def test_token_of_unknown_database_or_group_is_not_found(turso: Any) -> None:
    assert turso.api.post(f"{turso.base}/databases/jobs/auth/tokens").status_code == 404
    assert turso.api.post(f"{turso.base}/groups/default/auth/tokens").status_code == 404


def test_group_token_opens_every_database_of_the_group(turso: Any, hostname: str) -> None:
    token = turso.token("groups/default")
    later = turso.create_database("later")
    assert results(turso.execute(hostname, token, TABLE)) == ["ok", "ok"]
    assert results(turso.execute(later, token, TABLE)) == ["ok", "ok"]
    read_only = turso.token("groups/default", authorization="read-only")
    assert turso.execute(later, read_only, "INSERT INTO t VALUES (1)").status_code == 403


def test_rotating_a_database_ends_all_its_tokens_and_keeps_its_data(turso: Any, hostname: str) -> None:
    old, older, group = turso.token(), turso.token(expiration="1d"), turso.token("groups/default")
    turso.execute(hostname, old, TABLE, "INSERT INTO t VALUES (7)")
    answer = turso.api.post(f"{turso.base}/databases/jobs/auth/rotate")
    assert answer.status_code == 200
    assert answer.content == b""
    assert turso.execute(hostname, old, "SELECT 1").status_code == 401
    assert turso.execute(hostname, older, "SELECT 1").status_code == 401
    assert results(turso.execute(hostname, group, "SELECT 1")) == ["ok", "ok"]
    rows = turso.execute(hostname, turso.token(), "SELECT a FROM t").json()["results"][0]["response"]["result"]["rows"]
    assert rows == [[{"type": "integer", "value": "7"}]]


def test_rotating_a_group_ends_every_token_of_its_databases(turso: Any, hostname: str) -> None:
    tokens = [turso.token(), turso.token("groups/default")]
    turso.api.post(f"{turso.base}/groups/default/auth/rotate")
    assert [turso.execute(hostname, token, "SELECT 1").status_code for token in tokens] == [401, 401]
    assert results(turso.execute(hostname, turso.token(), "SELECT 1")) == ["ok", "ok"]
    assert results(turso.execute(hostname, turso.token("groups/default"), "SELECT 1")) == ["ok", "ok"]


def test_blocked_writes_are_refused_until_they_are_allowed_and_after_a_rotation_too(turso: Any, hostname: str) -> None:
    path = f"{turso.base}/databases/jobs"
    assert results(turso.execute(hostname, turso.token(), TABLE)) == ["ok", "ok"]
    assert turso.api.patch(f"{path}/configuration", json={"block_writes": True}).json()["block_writes"] is True
    assert turso.api.get(path).json()["database"]["block_writes"] is True
    turso.api.post(f"{path}/auth/rotate")
    refused = turso.execute(hostname, turso.token(), "INSERT INTO t VALUES (1)", "SELECT * FROM t")
    assert results(refused) == ["error", "ok", "ok"]
    assert refused.json()["results"][0]["error"]["code"] == "BLOCKED"
    turso.api.patch(f"{path}/configuration", json={"block_writes": False})
    assert results(turso.execute(hostname, turso.token(), "INSERT INTO t VALUES (1)")) == ["ok", "ok"]
    assert turso.api.patch(f"{path}/configuration", json={"delete_protection": True}).status_code == 501


def test_deleting_a_database_ends_its_process_and_its_data(turso: Any, hostname: str) -> None:
    token = turso.token()
    identifier = turso.api.get(f"{turso.base}/databases/jobs").json()["database"]["DbId"]
    directory = Path(turso.sandbox.exports["DEPLOYBOOK_SANDBOX_DIRECTORY"]) / "turso" / identifier
    assert processes(identifier)
    assert directory.exists()
    turso.api.delete(f"{turso.base}/databases/jobs")
    until(lambda: not processes(identifier), "the end of the database's processes")
    assert not directory.exists()
    answer = turso.execute(hostname, token, "SELECT 1")
    assert answer.status_code == 404
    assert answer.json()["error"] == f"Namespace `{identifier}` doesn't exist"


def test_recreated_database_is_empty_and_refuses_the_old_token(turso: Any, hostname: str) -> None:
    old = turso.token()
    turso.execute(hostname, old, TABLE)
    turso.api.delete(f"{turso.base}/databases/jobs")
    new = turso.create_database()
    assert turso.execute(new, old, "SELECT 1").status_code == 401
    assert results(turso.execute(new, turso.token(), "SELECT * FROM t")) == ["error", "ok"]


def test_database_speaks_tls_that_only_the_exported_authority_vouches_for(turso: Any, hostname: str) -> None:
    with httpx.Client(verify=ssl.create_default_context(), trust_env=False) as stranger:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.get(f"https://{hostname}/health")
        with pytest.raises(httpx.TransportError):
            stranger.get(f"http://{hostname}/health")
    assert turso.sql.get(f"https://{hostname}/health").status_code == 200


def test_private_keys_are_never_on_disk(turso: Any, hostname: str) -> None:
    directory = Path(turso.sandbox.exports["DEPLOYBOOK_SANDBOX_DIRECTORY"]) / "turso"
    (keys,) = directory.glob("*/keys.pem")
    assert keys.read_text().count("BEGIN PUBLIC KEY") == 2
    assert "PRIVATE" not in keys.read_text()


def test_stream_stays_open_between_requests_by_its_baton(turso: Any, hostname: str) -> None:
    url, headers = f"https://{hostname}/v3/pipeline", {"Authorization": f"Bearer {turso.token()}"}
    turso.execute(hostname, turso.token(), TABLE)

    def send(baton: str | None, *requests: dict[str, Any]) -> Any:
        return turso.sql.post(url, headers=headers, json={"baton": baton, "requests": list(requests)}).json()

    begun = send(None, {"type": "execute", "stmt": {"sql": "BEGIN IMMEDIATE"}})
    written = send(begun["baton"], {"type": "execute", "stmt": {"sql": "INSERT INTO t VALUES (1)"}})
    send(written["baton"], {"type": "execute", "stmt": {"sql": "ROLLBACK"}}, {"type": "close"})
    answer = turso.execute(hostname, turso.token(), "SELECT count(*) FROM t").json()
    assert answer["results"][0]["response"]["result"]["rows"] == [[{"type": "integer", "value": "0"}]]


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("SELECT 1", False),
        ("SELECT updatedAt, replace(a, 'x', 'y') FROM jobs WHERE type = 'delete'", False),
        ("PRAGMA table_info(t)", False),
        ("BEGIN IMMEDIATE", False),
        (TABLE, True),
        ("insert\n  into t values (1)", True),
        ("WITH x AS (SELECT 1) UPDATE t SET a = 1", True),
        ("CREATE UNIQUE INDEX i ON t (a)", True),
        ("CREATE TABLE IF NOT EXISTS t (a)", True),
        ("DELETE FROM t", True),
        ("DROP TABLE t", True),
    ],
)
def test_journal_tells_reads_from_writes(turso: Any, hostname: str, sql: str, writes: bool) -> None:
    turso.sandbox.control.delete("/journal")
    turso.execute(hostname, turso.token(), sql)
    (entry,) = turso.sandbox.journal("turso-sql")
    assert entry["path"] == "/v3/pipeline"
    assert entry["writes"] == writes


def test_fault_strikes_the_database_and_not_the_platform(turso: Any, hostname: str) -> None:
    token = turso.token()
    turso.sandbox.control.post("/faults", json={"service": "turso-sql", "kind": "reset"})
    assert turso.api.get(f"{turso.base}/groups").status_code == 200
    with pytest.raises(httpx.TransportError):
        turso.execute(hostname, token, "SELECT 1")
    assert results(turso.execute(hostname, token, "SELECT 1")) == ["ok", "ok"]
