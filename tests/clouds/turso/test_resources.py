"""The group, the database and its token against the sandbox's Turso, which shares no code with them."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.conftest import RunningSandbox

from deploybook.clouds import turso
from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import StillNeeded
from deploybook.clouds.turso.database_token import TokenState
from deploybook.clouds.turso.resources import DatabaseState
from deploybook.errors import Conflict, InvalidValue, PermissionDenied, ServiceError, Unreachable

from .conftest import GROUP, opened


def held(token: SecretStr) -> dict[str, SecretStr]:
    return {"TURSO_AUTH_TOKEN": token}


def faults(clouds: Connections, token: turso.DatabaseToken) -> tuple[TokenState, list[str]]:
    present = token.read(clouds)
    assert present is not None
    return present, [change.field for change in token.differences(present)]


def rewriting(clouds: Connections, **fields: Any) -> list[httpx.Request]:
    """Have every answer of the platform say something else; the requests that are sent."""
    requests: list[httpx.Request] = []
    inner = clouds.turso.api.client._transport

    class Rewriting(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            requests.append(request)
            response = inner.handle_request(request)
            body = httpx.Response(200, content=response.read()).json()
            # The sandbox does not serve every operation; its error is one sentence.
            if isinstance(body.get("error"), str):
                return httpx.Response(200, json={})
            [(name, inside)] = body.items()
            return httpx.Response(200, json={name: inside | fields})

        def close(self) -> None:
            inner.close()

    clouds.turso.api.client._transport = Rewriting()
    return requests


def test_a_database_is_made_in_its_group_and_found_again(clouds: Connections, made: DatabaseState) -> None:
    group = GROUP.read(clouds)
    assert group is not None
    assert group.name == GROUP.name
    assert group.location == GROUP.location
    assert GROUP.identity(group) == group.id != ""
    database = turso.Database("studio", "default")
    assert database.read(clouds) == made
    assert made.url.startswith("libsql://127.0.0.1:")
    assert database.differences(made) == []
    assert database.planned().url == ""


def test_a_database_of_another_group_is_not_taken_for_ours(clouds: Connections, made: DatabaseState) -> None:
    del made
    with pytest.raises(Conflict, match="is in the group default, not in other") as caught:
        turso.Database("studio", "other").read(clouds)
    assert "-p group_name default" in caught.value.hint


@pytest.mark.parametrize("name", ["", "Upper", "under_score", "a" * 65, "ünï", "a/b"])
def test_a_name_that_turso_would_refuse_is_refused_before_any_request(name: str) -> None:
    for refused in (lambda: turso.Database(name, "default"), lambda: turso.Group(name, location="aws-us-east-1")):
        with pytest.raises(InvalidValue):
            refused()


def test_a_group_too_many_names_those_that_are_there(clouds: Connections, made: DatabaseState) -> None:
    del made
    with pytest.raises(PermissionDenied) as caught:
        turso.Group("second", location="aws-us-east-1").create(clouds)
    assert caught.value.entry == "turso-group-limit"
    assert "-p group_name default, " in caught.value.hint


def test_a_group_with_databases_in_it_is_left(clouds: Connections, made: DatabaseState) -> None:
    state = GROUP.read(clouds)
    assert state is not None
    with pytest.raises(StillNeeded, match="it holds studio"):
        GROUP.delete(clouds, state)
    turso.Database("studio", "default").delete(clouds, made)
    GROUP.delete(clouds, state)
    assert clouds.turso.groups() == ()


def test_an_archived_group_is_woken(clouds: Connections, made: DatabaseState) -> None:
    del made
    requests = rewriting(clouds, archived=True)
    state = GROUP.read(clouds)
    assert state is not None
    changes = GROUP.differences(state)
    assert [str(change) for change in changes] == ["state: archived → awake"]
    GROUP.update(clouds, state, changes)
    assert requests[-1].method == "POST"
    assert requests[-1].url.path.rpartition("/")[2] == "unarchive"


def test_a_blocked_database_is_drift_and_unblocked(clouds: Connections, made: DatabaseState) -> None:
    clouds.turso.configure_database("studio", {"block_writes": True})
    database = turso.Database("studio", "default")
    state = database.read(clouds)
    assert state is not None
    changes = database.differences(state)
    assert [str(change) for change in changes] == ["writes: blocked → allowed"]
    assert database.update(clouds, state, changes) == database.read(clouds) == made


def test_a_create_whose_answer_was_lost_is_found_by_name(
    clouds: Connections, made: DatabaseState, sandbox: RunningSandbox
) -> None:
    del made
    fault = {"service": "turso", "kind": "lost-answer", "method": "POST", "path": ".*/databases"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    database = turso.Database("another", "default")
    with pytest.raises(Unreachable):
        database.create(clouds)
    assert database.read(clouds) is not None


def test_a_delete_whose_answer_was_lost_is_done(
    clouds: Connections, made: DatabaseState, sandbox: RunningSandbox
) -> None:
    fault = {"service": "turso", "kind": "lost-answer", "method": "DELETE"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    turso.Database("studio", "default").delete(clouds, made)
    assert clouds.turso.database("studio") is None


def test_a_new_token_is_kept_and_opens_the_database(clouds: Connections, made: DatabaseState) -> None:
    token = turso.DatabaseToken(made, stored={})
    assert token.read(clouds) is None
    kept = token.one_time_secrets(token.create(clouds))
    assert opened(clouds, made, kept["TURSO_AUTH_TOKEN"]).query("SELECT 1 AS one") == [{"one": 1}]
    state, changed = faults(clouds, turso.DatabaseToken(made, stored=kept))
    assert changed == []
    assert token.one_time_secrets(state) == {}


def test_a_token_of_another_database_is_replaced(clouds: Connections, made: DatabaseState) -> None:
    turso.Database("other", "default").create(clouds)
    foreign = clouds.turso.mint_token("other", "never")
    token = turso.DatabaseToken(made, stored=held(foreign))
    state, changed = faults(clouds, token)
    assert changed == ["token"]
    fresh = token.update(clouds, state, token.differences(state))
    assert opened(clouds, made, fresh.value).query("SELECT 1 AS one") == [{"one": 1}]


def test_a_token_of_a_database_made_anew_is_replaced(clouds: Connections, made: DatabaseState) -> None:
    old = clouds.turso.mint_token("studio", "never")
    database = turso.Database("studio", "default")
    database.delete(clouds, made)
    _, changed = faults(clouds, turso.DatabaseToken(database.planned(), stored=held(old)))
    assert changed == ["token"]
    _, changed = faults(clouds, turso.DatabaseToken(database.create(clouds), stored=held(old)))
    assert changed == ["token"]


def test_a_read_only_token_is_replaced(clouds: Connections, made: DatabaseState, sandbox: RunningSandbox) -> None:
    path = f"/v1/organizations/{sandbox.exports['TURSO_ORGANIZATION']}/databases/studio/auth/tokens"
    reader = clouds.turso.api.json("mint", "POST", path, params={"authorization": "read-only"})["jwt"]
    _, changed = faults(clouds, turso.DatabaseToken(made, stored=held(SecretStr(reader))))
    assert changed == ["access"]


def test_an_expired_token_is_replaced(
    clouds: Connections, made: DatabaseState, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = turso.DatabaseToken(made, stored=held(clouds.turso.mint_token("studio", "1h")), expiration="1h")
    state, changed = faults(clouds, token)
    assert changed == []
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert [str(change) for change in token.differences(state)] == ["token: expired → new"]


@pytest.mark.parametrize(("minted", "wished"), [("never", "30d"), ("30d", "never"), ("30d", "2w")])
def test_another_lifetime_is_a_difference(clouds: Connections, made: DatabaseState, minted: str, wished: str) -> None:
    token = clouds.turso.mint_token("studio", minted)
    _, changed = faults(clouds, turso.DatabaseToken(made, stored=held(token), expiration=wished))
    assert changed == ["lifetime"]
    _, changed = faults(clouds, turso.DatabaseToken(made, stored=held(token), expiration=minted))
    assert changed == []


def test_a_lifetime_that_turso_would_refuse_is_refused_before_any_request(made: DatabaseState) -> None:
    with pytest.raises(InvalidValue):
        turso.DatabaseToken(made, stored={}, expiration="1y")


def test_rotation_is_a_request_and_ends_every_other_token(clouds: Connections, made: DatabaseState) -> None:
    mine, theirs = (clouds.turso.mint_token("studio", "never") for _ in range(2))
    token = turso.DatabaseToken(made, stored=held(mine), rotate=True)
    state, changed = faults(clouds, token)
    changes = token.differences(state)
    assert changed == ["all tokens"]
    assert [change.requested for change in changes] == [True]
    fresh = token.update(clouds, state, changes)
    for old in (mine, theirs):
        assert faults(clouds, turso.DatabaseToken(made, stored=held(old)))[1] == ["token"]
    assert faults(clouds, turso.DatabaseToken(made, stored=token.one_time_secrets(fresh)))[1] == []


def test_a_refused_token_is_replaced_without_ending_others(clouds: Connections, made: DatabaseState) -> None:
    theirs = clouds.turso.mint_token("studio", "never")
    token = turso.DatabaseToken(made, stored=held(SecretStr("a.b.c")))
    state, _ = faults(clouds, token)
    token.update(clouds, state, token.differences(state))
    assert opened(clouds, made, theirs).query("SELECT 1 AS one") == [{"one": 1}]


def test_a_secret_is_in_no_error_and_no_repr(clouds: Connections, made: DatabaseState, sandbox: RunningSandbox) -> None:
    token = turso.DatabaseToken(made, stored=held(clouds.turso.mint_token("studio", "never")))
    state = token.read(clouds)
    assert state is not None
    with pytest.raises(ServiceError) as caught:
        clouds.turso.mint_token("nope", "never")
    output = " ".join([*caught.value.lines(), repr(state), repr(clouds.turso), *map(str, token.differences(state))])
    for secret in (state.value, SecretStr(sandbox.exports["TURSO_API_TOKEN"])):
        assert secret.get_secret_value() not in output
