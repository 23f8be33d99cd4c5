"""The Turso runbook from the command line: every mode, hand-made drift, lost secrets, rotation, killed runs, canaries, bad input."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from dotenv import dotenv_values
from tests.conftest import RunningSandbox
from tests.runbooks.conftest import Finished, Guide
from tests.runbooks.killing import destroy_as_shown, kill_while_held
from tests.waiting import until

from deploybook.state.ledger import Ledger

pytestmark = pytest.mark.xdist_group("turso")

MAKING = ["Turso group default", "Turso database studio-production", "Turso database token studio-production"]


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("turso")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def platform(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """The operator's own hands at Turso, past deploybook."""
    base = f"{sandbox.exports['TURSO_API_URL']}/v1/organizations/{sandbox.exports['TURSO_ORGANIZATION']}"
    headers = {"Authorization": f"Bearer {sandbox.exports['TURSO_API_TOKEN']}"}
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
        yield client


def writes(sandbox: RunningSandbox) -> list[tuple[str, str]]:
    """The writing requests to the platform since the last call."""
    entries = [(entry["method"], entry["path"].rpartition("/")[2]) for entry in sandbox.journal("turso")]
    calls = [call for call, entry in zip(entries, sandbox.journal("turso"), strict=True) if entry["writes"]]
    sandbox.control.delete("/journal")
    return calls


def apply(guide: Guide, sandbox: RunningSandbox, *arguments: str) -> Finished:
    result = guide.run("run", "turso", "--mode", "apply", "--yes", *arguments, env=sandbox.exports)
    assert result.code == 0, result.output
    return result


def vault(guide: Guide) -> dict[str, str | None]:
    return dict(dotenv_values(guide.root / ".deploybook" / "production.env"))


def expiry(token: str) -> float:
    """When a JWT ends, in seconds since the epoch."""
    claims = token.split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])


def resources(result: Finished) -> list[str]:
    lines = [line for cell in result.report["sections"][0]["cells"] for line in cell["lines"]]
    return [f"{line['subject']}: {line['detail']}" for line in lines if line["step"] == "resource"]


def test_plan_apply_apply_plan_verify_destroy(guide: Guide, sandbox: RunningSandbox, platform: httpx.Client) -> None:
    env = sandbox.exports
    plan = guide.run("run", "turso", "--mode", "plan", env=env)
    assert plan.code == 0
    assert plan.outcomes("resource") == ["would create"] * 3
    assert writes(sandbox) == []
    assert not list((guide.root / ".deploybook").glob("*.env"))

    first = apply(guide, sandbox)
    assert first.outcomes("resource") == ["create"] * 3
    assert resources(first) == resources(plan)
    assert [subject.partition(": ")[0] for subject in resources(first)] == MAKING
    assert writes(sandbox) == [("POST", "groups"), ("POST", "databases"), ("POST", "tokens")]
    kept = vault(guide)
    assert set(kept) == {"TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN"}

    for mode in ("apply", "plan", "verify"):
        again = guide.run("run", "turso", "--mode", mode, "--yes", env=env)
        assert again.code == 0
        assert set(again.outcomes("resource")) == {"unchanged"}
        assert writes(sandbox) == []
        assert set(again.outcomes("record")) == {"kept"}
        assert vault(guide) == kept

    destroyed = guide.run("run", "turso", "--mode", "destroy", env=env, typed="production\n")
    assert destroyed.code == 0
    assert destroyed.outcomes("resource") == ["delete"] * 2
    assert "with its data and its tokens" in destroyed.output
    assert writes(sandbox) == [("DELETE", "studio-production"), ("DELETE", "default")]
    assert vault(guide) == {}
    assert platform.get("/groups").json() == {"groups": []}
    assert platform.get("/databases").json() == {"databases": []}
    assert Ledger(guide.root / ".deploybook", "production").sections() == set()
    once_more = guide.run("run", "turso", "--mode", "destroy", env=env, typed="production\n")
    assert once_more.code == 0
    assert once_more.outcomes("resource") == ["absent"] * 3


def test_no_resource_is_read_twice_in_a_run(guide: Guide, sandbox: RunningSandbox) -> None:
    apply(guide, sandbox)
    sandbox.control.delete("/journal")
    apply(guide, sandbox)
    reads = [entry["path"] for entry in sandbox.journal("turso")]
    assert len(reads) == len(set(reads)) == 5


def test_tokens_invalidated_by_hand_are_named_by_verify_and_repaired_by_apply(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client
) -> None:
    apply(guide, sandbox)
    before = vault(guide)
    platform.post("/databases/studio-production/auth/rotate").raise_for_status()
    verified = guide.run("run", "turso", "--mode", "verify", env=sandbox.exports)
    assert verified.code == 4
    assert verified.failed()[0] == MAKING[2]
    assert "not accepted by this database" in verified.output
    assert "the database answers to the recorded token" in verified.failed()
    plan = guide.run("run", "turso", "--mode", "plan", env=sandbox.exports)
    assert plan.outcomes("resource") == ["unchanged", "unchanged", "would update"]
    repaired = apply(guide, sandbox)
    assert repaired.outcomes("resource") == ["unchanged", "unchanged", "update"]
    assert resources(repaired) == resources(plan)
    after = vault(guide)
    assert after["TURSO_DATABASE_URL"] == before["TURSO_DATABASE_URL"]
    assert after["TURSO_AUTH_TOKEN"] != before["TURSO_AUTH_TOKEN"]


def test_a_database_deleted_by_hand_is_named_by_verify_and_made_anew_by_apply(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client
) -> None:
    apply(guide, sandbox)
    before = vault(guide)
    platform.delete("/databases/studio-production").raise_for_status()
    verified = guide.run("run", "turso", "--mode", "verify", env=sandbox.exports)
    assert verified.code == 4
    assert MAKING[1] in verified.failed()
    plan = guide.run("run", "turso", "--mode", "plan", env=sandbox.exports)
    assert plan.outcomes("resource") == ["unchanged", "would create", "would update"]
    again = apply(guide, sandbox)
    assert again.outcomes("resource") == ["unchanged", "create", "update"]
    assert resources(again) == resources(plan)
    after = vault(guide)
    assert after["TURSO_AUTH_TOKEN"] != before["TURSO_AUTH_TOKEN"]


def test_another_url_in_the_vault_is_named_and_repaired_and_lines_lost_from_it_are_made_anew(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client
) -> None:
    apply(guide, sandbox)
    other = platform.post("/databases", json={"name": "staging", "group": "default"}).json()["database"]["Hostname"]
    path = guide.root / ".deploybook" / "production.env"
    right = path.read_text()
    path.write_text(right.replace(str(vault(guide)["TURSO_DATABASE_URL"]), f"libsql://{other}"))
    verified = guide.run("run", "turso", "--mode", "verify", env=sandbox.exports)
    assert verified.code == 4
    assert "the recorded URL is the database's own" in verified.failed()
    apply(guide, sandbox)
    assert path.read_text() == right

    path.write_text("ANOTHER='kept'\n")
    lost = apply(guide, sandbox)
    assert lost.outcomes("resource") == ["unchanged", "unchanged", "create"]
    assert len(platform.get("/databases").json()["databases"]) == 2


def test_rotation_is_planned_ends_the_old_token_and_happens_once(guide: Guide, sandbox: RunningSandbox) -> None:
    apply(guide, sandbox)
    before = vault(guide)
    sandbox.control.delete("/journal")
    rotate = ("-p", "rotate", "true")
    plan = guide.run("run", "turso", "--mode", "plan", *rotate, env=sandbox.exports)
    assert "all tokens: valid → invalidated, and one new" in plan.output
    assert writes(sandbox) == []
    rotated = apply(guide, sandbox, *rotate)
    assert resources(rotated) == resources(plan)
    assert writes(sandbox) == [("POST", "rotate"), ("POST", "tokens")]
    url = str(before["TURSO_DATABASE_URL"]).replace("libsql://", "https://")
    headers = {"Authorization": f"Bearer {before['TURSO_AUTH_TOKEN']}"}
    context = ssl.create_default_context(cafile=sandbox.exports["SSL_CERT_FILE"])
    body = {"requests": [{"type": "close"}]}
    assert httpx.post(f"{url}/v2/pipeline", headers=headers, json=body, verify=context).status_code == 401


def test_an_expired_token_is_named_by_verify(guide: Guide, sandbox: RunningSandbox) -> None:
    short = ("-p", "token_expiration", "2s")
    apply(guide, sandbox, *short)
    ends = expiry(str(vault(guide)["TURSO_AUTH_TOKEN"]))
    until(lambda: time.time() > ends, "the end of a token of two seconds")
    verified = guide.run("run", "turso", "--mode", "verify", *short, env=sandbox.exports)
    assert verified.code == 4
    assert "token: expired → new" in verified.output


def test_destroy_leaves_a_group_that_others_use_and_takes_it_once_they_are_gone(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client
) -> None:
    apply(guide, sandbox)
    platform.post("/databases", json={"name": "theirs", "group": "default"}).raise_for_status()
    destroyed = guide.run("run", "turso", "--mode", "destroy", env=sandbox.exports, typed="production\n")
    assert destroyed.code == 0
    assert destroyed.outcomes("resource") == ["delete", "left"]
    assert "it holds theirs" in destroyed.output
    assert [database["Name"] for database in platform.get("/databases").json()["databases"]] == ["theirs"]
    platform.delete("/databases/theirs").raise_for_status()
    again = guide.run("run", "turso", "--mode", "destroy", env=sandbox.exports, typed="production\n")
    assert again.code == 0
    assert again.outcomes("resource") == ["absent", "absent", "delete"]
    assert platform.get("/groups").json() == {"groups": []}


def test_destroy_leaves_the_group_and_the_database_that_it_did_not_make(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client
) -> None:
    platform.post("/groups", json={"name": "default", "location": "aws-eu-west-1"}).raise_for_status()
    platform.post("/databases", json={"name": "studio-production", "group": "default"}).raise_for_status()
    adopted = ("--adopt", "Turso database/studio-production")
    assert apply(guide, sandbox, *adopted).outcomes("resource") == ["unchanged", "unchanged", "create"]
    destroyed = guide.run("run", "turso", "--mode", "destroy", env=sandbox.exports, typed="production\n")
    assert destroyed.code == 0
    assert sorted(destroyed.outcomes("resource")) == ["delete", "left", "left"]
    assert "Turso cannot revoke a single token" in destroyed.output
    assert len(platform.get("/databases").json()["databases"]) == 1


@pytest.mark.parametrize("path", [".*/databases", ".*/auth/tokens"])
def test_a_run_that_was_killed_and_run_again_ends_in_the_same_state(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client, path: str
) -> None:
    fault = {"service": "turso", "kind": "slow-answer", "method": "POST", "path": path}
    kill_while_held(guide, sandbox, "run", "turso", "--mode", "apply", "--yes", fault=fault)
    apply(guide, sandbox)
    assert len(platform.get("/databases").json()["databases"]) == 1
    assert set(destroy_as_shown(guide, sandbox, "turso")) == {"absent"}


def test_lost_answers_a_restart_and_a_rate_limit_make_nothing_twice(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client
) -> None:
    faults: list[dict[str, Any]] = [
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "method": "POST"},
        {"kind": "status", "status": 503, "method": "GET"},
        *({"kind": "lost-answer", "path": path} for path in (".*/groups", ".*/databases", ".*/tokens")),
    ]
    for fault in faults:
        sandbox.control.post("/faults", json={"service": "turso", "method": "POST", **fault}).raise_for_status()
    apply(guide, sandbox)
    assert sandbox.control.get("/faults").json() == []
    # Journalled are answered requests: the group's 429, and a second token. Group and database were sent once, unanswered.
    assert [path for _, path in writes(sandbox)] == ["groups", "tokens"]
    assert len(platform.get("/databases").json()["databases"]) == 1


def test_no_secret_is_written_anywhere_but_the_vault(
    guide: Guide, sandbox: RunningSandbox, platform: httpx.Client
) -> None:
    command = ("run", "turso", "--yes", "--mode")
    outputs = [guide.with_kernels.run(*command, "apply", env=sandbox.exports).output]
    secrets = [str(vault(guide)["TURSO_AUTH_TOKEN"]), sandbox.exports["TURSO_API_TOKEN"]]
    platform.post("/databases/studio-production/auth/rotate").raise_for_status()
    outputs += [guide.with_kernels.run(*command, mode, env=sandbox.exports).output for mode in ("verify", "apply")]
    assert ["1 of 1 sections passed" in output for output in outputs] == [True, False, True]
    secrets.append(str(vault(guide)["TURSO_AUTH_TOKEN"]))
    written = guide.written() | {guide.root / "terminal": "".join(outputs)}
    assert len(written) > 5
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert [path for path, text in written.items() if form in text] == []


def test_a_dry_run_needs_no_credential_and_leaves_no_state(guide: Guide) -> None:
    canaries = {"TURSO_API_TOKEN": "canary-operator-token", "TURSO_API_URL": "http://127.0.0.1:9"}
    result = guide.run("run", "turso", env=canaries)
    assert result.code == 0, result.output
    assert set(result.outcomes("check")) == {"passed"}
    assert result.outcomes("resource") == ["create"] * 3
    assert not (guide.root / ".deploybook").exists()
    assert [path for path, text in guide.written().items() if "canary" in text] == []


@pytest.mark.parametrize(
    ("arguments", "changed", "code", "sentence"),
    [
        (("-p", "database_name", "Bad_Name"), {}, 2, "Parameter database_name is 'Bad_Name'."),
        (("-p", "group_location", "lhr"), {}, 2, "Turso has no location lhr."),
        (("-p", "token_expiration", "1y"), {}, 2, "Parameter token_expiration is '1y'."),
        ((), {"TURSO_ORGANIZATION": ""}, 2, "TURSO_ORGANIZATION is not set."),
        ((), {"TURSO_API_TOKEN": "wrong"}, 3, "Turso could not verify the token"),
        ((), {"TURSO_ORGANIZATION": "../auth"}, 3, "Turso could not read the organization ../auth"),
    ],
)
def test_bad_input_is_one_sentence_a_hint_and_an_exit_code(
    guide: Guide, sandbox: RunningSandbox, arguments: tuple[str, ...], changed: dict[str, str], code: int, sentence: str
) -> None:
    result = guide.run("run", "turso", "--mode", "apply", "--yes", *arguments, env=sandbox.exports | changed)
    assert result.code == code, result.output
    assert sentence in result.output, result.output
    assert "hint: " in result.output
    assert "Traceback" not in result.output
    assert writes(sandbox) == []
