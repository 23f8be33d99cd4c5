"""Nothing of anybody else's is changed, and nothing of ours is lost: issue 12, seen through the command line (R2, Turso)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from dotenv import dotenv_values
from pydantic import SecretStr
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, Guide
from tests.runbooks.killing import kill_while_held

from deploybook import http
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.r2.token import BucketToken
from deploybook.state.ledger import Action, Ledger
from deploybook.state.pins import Account
from deploybook.state.vault import Vault

pytestmark = pytest.mark.xdist_group("r2")

ORIGIN = ("-p", "app_origin", "https://app.example.com")
OLD_LEDGER = [{"section": "turso", "kind": "Turso database", "name": "studio-production"}]


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox], monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    running = start_sandbox("r2", "cloudflare", "turso")
    running.reset()
    if bundle := running.exports.get("AWS_CA_BUNDLE"):
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
    yield running
    running.control.delete("/faults")


class Operator:
    """Somebody at the command line of one clone, in the sandbox's accounts."""

    def __init__(self, guide: Guide, sandbox: RunningSandbox) -> None:
        self.guide = guide
        self.sandbox = sandbox

    def run(self, section: str, mode: str, *arguments: str, environment: str = "production") -> Finished:
        confirmed = ("--yes",) if mode == "apply" else ()
        given = ("run", section, "--mode", mode, "--environment", environment, *confirmed, *arguments)
        return self.guide.run(*given, env=self.sandbox.exports, typed=f"{environment}\n")

    def done(self, section: str, mode: str, *arguments: str, environment: str = "production") -> Finished:
        finished = self.run(section, mode, *arguments, environment=environment)
        assert finished.code == 0, finished.output
        return finished

    def state(self, name: str) -> Path:
        return self.guide.root / ".deploybook" / name

    def vault(self, environment: str = "production") -> dict[str, str | None]:
        return dict(dotenv_values(self.state(f"{environment}.env")))

    def ledger(self, environment: str = "production") -> Ledger:
        return Ledger(self.state(""), environment)

    def writes(self) -> list[str]:
        """The writing requests since the last call, but those to the checks' scratch things."""
        entries = [f"{entry['method']} {entry['path']}" for entry in self.sandbox.journal() if entry["writes"]]
        self.sandbox.control.delete("/journal")
        return [entry for entry in entries if "/deploybook-check/" not in entry and "/v2/pipeline" not in entry]

    def cloudflare(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request by the operator's own hands at Cloudflare, past deploybook."""
        exports = self.sandbox.exports
        base = f"{exports['CLOUDFLARE_API_URL']}/accounts/{exports['CLOUDFLARE_ACCOUNT_ID']}"
        return _ask(base, exports["CLOUDFLARE_API_TOKEN"], method, path, **options)

    def turso(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The same at Turso."""
        exports = self.sandbox.exports
        base = f"{exports['TURSO_API_URL']}/v1/organizations/{exports['TURSO_ORGANIZATION']}"
        return _ask(base, exports["TURSO_API_TOKEN"], method, path, **options)

    def tokens(self) -> list[dict[str, str]]:
        """The tokens that are no operator's, as Cloudflare lists them."""
        listed: list[dict[str, str]] = self.cloudflare("GET", "/tokens").json()["result"]
        return [token for token in listed if token["name"].startswith("studio-")]

    def another_clone(self, root: Path) -> Operator:
        """A second clone: the same runbooks, no state."""
        root.mkdir()
        (root / "runbooks").symlink_to(ROOT / "runbooks")
        return Operator(Guide(root), self.sandbox)


def _ask(base: str, token: str, method: str, path: str, **options: Any) -> httpx.Response:
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        return client.request(method, path, **options)


def kill_before(operator: Operator, section: str, **request: str) -> None:
    """Kill ``apply`` of a section at a request that is never carried out."""
    arguments = ("run", section, "--mode", "apply", "--yes", *(ORIGIN if section == "r2" else ()))
    if section == "turso":
        arguments = (*arguments, "--adopt", "Turso group/default")
    kill_while_held(operator.guide, operator.sandbox, *arguments, fault={"kind": "slow", **request}, carried_out=False)


def put_objects(operator: Operator, *keys: str) -> None:
    """Upload to the bucket with the vault's key, as the application does."""
    values = {name: SecretStr(value or "") for name, value in operator.vault().items()}
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": operator.sandbox.exports["SSL_CERT_FILE"]}):
        store = Store.from_variables(values, operator.sandbox.exports)
    assert store
    with closing(store):
        for key in keys:
            store.call("put_object", Key=key, Body=b"x")


@pytest.fixture
def operator(guide: Guide, sandbox: RunningSandbox) -> Operator:
    return Operator(guide, sandbox)


# Seen 1: production beside staging


def test_staging_has_names_of_its_own_and_touches_nothing_of_productions(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    production = operator.vault()
    operator.writes()
    operator.done("r2", "apply", *ORIGIN, environment="staging")
    operator.done("r2", "apply", *ORIGIN, "-p", "rotate", "true", environment="staging")
    operator.done("r2", "destroy", environment="staging")
    ids = [str(production["R2_ACCESS_KEY_ID"]), "studio-production"]
    assert [entry for entry in operator.writes() if any(identifier in entry for identifier in ids)] == []
    assert operator.vault() == production
    operator.done("r2", "verify", *ORIGIN)


@pytest.mark.parametrize(
    ("section", "given", "kind"),
    [
        ("r2", ("-p", "bucket_name", "studio-production"), "R2 bucket"),
        ("turso", ("-p", "group_name", "default", "-p", "database_name", "studio-production"), "Turso database"),
    ],
)
def test_staging_is_refused_what_production_has(
    operator: Operator, section: str, given: tuple[str, ...], kind: str
) -> None:
    operator.done(section, "apply")
    operator.writes()
    refused = operator.run(section, "apply", *given, environment="staging")
    assert refused.code == 2
    assert f"The {kind} studio-production was made for production, and this is staging" in refused.output
    assert operator.writes() == []
    assert operator.vault("staging") == {}


# Seen 6: a quota is no bad token


def test_a_database_that_is_blocked_gets_no_other_token(operator: Operator) -> None:
    operator.done("turso", "apply")
    before = operator.vault()["TURSO_AUTH_TOKEN"]
    assert operator.turso("PATCH", "/databases/studio-production/configuration", json={"block_reads": True}).is_success
    operator.writes()
    for mode in ("verify", "plan"):
        operator.run("turso", mode)
    assert operator.vault()["TURSO_AUTH_TOKEN"] == before
    operator.run("turso", "apply")
    assert [entry for entry in operator.writes() if "/auth/" in entry] == []
    assert operator.vault()["TURSO_AUTH_TOKEN"] == before


# Seen 7: what exists and was not made here


def test_a_bucket_that_exists_is_asked_about_before_anything_is_changed(operator: Operator) -> None:
    assert operator.cloudflare("POST", "/r2/buckets", json={"name": "studio-production"}).is_success
    operator.writes()
    planned = operator.done("r2", "plan", *ORIGIN)
    assert "exists, not made here" in planned.output
    refused = operator.run("r2", "apply", *ORIGIN)
    assert refused.code == 2
    assert "deploybook run r2 --mode apply --adopt 'R2 bucket/studio-production'" in refused.output
    assert operator.writes() == []
    operator.done("r2", "apply", *ORIGIN, "--adopt", "R2 bucket/studio-production")
    destroyed = operator.done("r2", "destroy")
    assert destroyed.outcomes("resource") == ["left", "delete", "delete"]
    assert operator.cloudflare("GET", "/r2/buckets/studio-production").status_code == 200
    assert operator.vault().keys() == {"R2_ACCOUNT_ID", "R2_BUCKET_NAME"}


# Seen 8: destroy can finish


def test_destroy_changes_nothing_while_the_bucket_holds_something_and_ends_when_told(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    put_objects(operator, "assets/upload.wav", "deploybook-check/left.bin")
    before = operator.vault()
    operator.writes()
    refused = operator.run("r2", "destroy")
    assert refused.code == 2
    assert "it holds assets/upload.wav" in refused.output
    assert operator.writes() == []
    assert operator.vault() == before
    operator.done("r2", "destroy", "--empty-bucket")
    assert operator.tokens() == []
    assert operator.vault() == {}
    assert operator.cloudflare("GET", "/r2/buckets/studio-production").status_code == 404


def test_destroy_removes_nothing_where_the_bucket_holds_something_that_no_key_can_list(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    put_objects(operator, "uploads/a.wav")
    Vault(operator.state(""), "production").forget("R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY")
    operator.writes()
    refused = operator.run("r2", "destroy")
    assert refused.code == 3
    [sent] = operator.writes()
    assert sent.endswith("/r2/buckets/studio-production")
    assert operator.cloudflare("GET", "/r2/buckets/studio-production/cors").json()["result"]["rules"]
    assert len(operator.tokens()) == 1


def test_a_scratch_object_that_a_killed_check_left_is_no_hindrance(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    put_objects(operator, "deploybook-check/left.bin")
    operator.done("r2", "destroy")
    assert operator.cloudflare("GET", "/r2/buckets/studio-production").status_code == 404


# Seen 9: destroy keeps in the vault what it leaves


def test_a_clone_that_made_nothing_destroys_nothing_and_keeps_its_vault(operator: Operator, tmp_path: Path) -> None:
    operator.done("r2", "apply", *ORIGIN)
    operator.done("turso", "apply")
    other = operator.another_clone(tmp_path / "clone")
    other.state("").mkdir(mode=0o700)
    shutil.copy2(operator.state("production.env"), other.state("production.env"))
    before = other.vault()
    operator.writes()
    for section in ("turso", "r2"):
        left = other.done(section, "destroy")
        assert set(left.outcomes("resource")) == {"left"}
    assert other.writes() == []
    assert other.vault() == before


# Seen 10 and 11: the ledger


def test_a_name_in_the_ledger_does_not_let_destroy_delete_a_colleagues_database(operator: Operator) -> None:
    operator.state("").mkdir(mode=0o700)
    operator.state("production.made.json").write_text(json.dumps(OLD_LEDGER))
    assert operator.turso("POST", "/groups", json={"name": "default", "location": "aws-us-east-1"}).is_success
    assert operator.turso("POST", "/databases", json={"name": "studio-production", "group": "default"}).is_success
    left = operator.done("turso", "destroy")
    assert set(left.outcomes("resource")) == {"left", "absent"}
    assert len(operator.turso("GET", "/databases").json()["databases"]) == 1


@pytest.mark.parametrize("text", ["", '{"version": 2, "env', "null"])
def test_a_damaged_ledger_stops_apply_and_destroy_with_the_command_that_restores_it(
    operator: Operator, text: str
) -> None:
    operator.done("r2", "apply", *ORIGIN)
    operator.state("production.made.json").write_text(text)
    operator.writes()
    for mode in ("apply", "destroy"):
        refused = operator.run("r2", mode, *(ORIGIN if mode == "apply" else ()))
        assert refused.code == 2
        assert "production.made.json cannot be used" in refused.output
        assert "cp " in refused.output
        assert "Traceback" not in refused.output
    assert operator.writes() == []


def test_an_old_ledger_and_its_vault_are_taken_up_and_destroyed_to_the_end(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    ledger = operator.ledger()
    names = [{"section": entry.section, "kind": entry.kind, "name": entry.name} for entry in ledger.entries()]
    ledger.path.write_text(json.dumps(names))
    left = operator.done("r2", "destroy")
    assert "named by a ledger of before; not proved to be ours" in left.output
    operator.done("r2", "destroy", "--adopt", "R2 bucket/studio-production")
    assert operator.tokens() == []
    assert operator.vault() == {}


def test_a_database_that_a_colleague_made_after_a_killed_run_keeps_its_data(operator: Operator) -> None:
    assert operator.turso("POST", "/groups", json={"name": "default", "location": "aws-us-east-1"}).is_success
    kill_before(operator, "turso", service="turso", method="POST", path=".*/databases")
    assert operator.turso("POST", "/databases", json={"name": "studio-production", "group": "default"}).is_success
    [theirs] = operator.turso("GET", "/databases").json()["databases"]
    applied = operator.done("turso", "apply", "--adopt", "Turso group/default")
    assert "made while a killed run was making it; not proved to be ours" in applied.output
    for _ in range(2):
        left = operator.done("turso", "destroy")
        assert "--mode destroy --adopt 'Turso database/studio-production'" in " ".join(left.output.split())
    assert operator.turso("GET", "/databases").json()["databases"] == [theirs]
    operator.done("turso", "destroy", "--adopt", "Turso database/studio-production")
    assert operator.turso("GET", "/databases").json()["databases"] == []


def test_a_bucket_that_a_colleague_made_after_a_killed_run_keeps_its_objects(operator: Operator) -> None:
    kill_before(operator, "r2", service="cloudflare", method="POST", path=".*/r2/buckets")
    assert operator.cloudflare("POST", "/r2/buckets", json={"name": "studio-production"}).is_success
    operator.done("r2", "apply", *ORIGIN)
    put_objects(operator, "uploads/theirs.wav")
    operator.done("r2", "destroy", "--empty-bucket")
    assert operator.cloudflare("GET", "/r2/buckets/studio-production").is_success
    listed = operator.sandbox.journal("r2")
    assert not [entry for entry in listed if entry["method"] == "DELETE" and "theirs.wav" in entry["path"]]


# Seen 12: one-time secrets


def test_a_rotation_whose_answer_was_lost_ends_with_a_secret_that_works(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    fault = {"service": "cloudflare", "kind": "lost-answer", "method": "PUT", "path": ".*/value", "times": 10}
    operator.sandbox.control.post("/faults", json=fault).raise_for_status()
    with http.patience(2):
        assert operator.run("r2", "apply", *ORIGIN, "-p", "rotate", "true").code == 3
    operator.sandbox.control.delete("/faults")
    [token] = operator.tokens()
    assert operator.ledger().intents(("R2 token", token["name"]), Action.ROTATE)
    operator.done("r2", "apply", *ORIGIN)
    assert operator.done("r2", "apply", *ORIGIN).outcomes("resource") == ["unchanged"] * 3


def test_a_token_that_was_rolled_elsewhere_is_named_and_not_rolled_without_being_asked(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BucketToken, "settle_seconds", 0.0)
    operator.done("r2", "apply", *ORIGIN)
    [token] = operator.tokens()
    assert operator.cloudflare("PUT", f"/tokens/{token['id']}/value", json={}).is_success
    operator.writes()
    refused = operator.run("r2", "apply", *ORIGIN)
    assert refused.code == 2
    assert "the vault's is not this token's (it was changed on " in refused.output
    assert "deploybook run r2 --mode apply -p rotate true" in refused.output
    assert operator.writes() == []
    operator.done("r2", "apply", *ORIGIN, "-p", "rotate", "true")


# Seen 13: late creates


def test_two_tokens_of_one_name_are_told_apart_by_what_the_vault_holds(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    [ours] = operator.tokens()
    theirs = {"name": ours["name"], "policies": ours["policies"]}
    assert operator.cloudflare("POST", "/tokens", json=theirs).is_success
    operator.guide.lose("made")
    operator.done("r2", "verify", *ORIGIN)
    assert operator.done("r2", "apply", *ORIGIN).outcomes("resource") == ["unchanged"] * 3
    assert len(operator.tokens()) == 2


def test_two_tokens_that_nothing_tells_apart_are_shown_with_the_command_that_chooses(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    [ours] = operator.tokens()
    theirs = {"name": ours["name"], "policies": ours["policies"]}
    assert operator.cloudflare("POST", "/tokens", json=theirs).is_success
    shutil.rmtree(operator.state(""))
    refused = operator.run("r2", "plan", *ORIGIN)
    assert refused.code == 3
    for token in operator.tokens():
        assert token["id"] in refused.output
    assert "--adopt 'R2 token/" in refused.output
    given = ("--adopt", "R2 bucket/studio-production", "--adopt", f"R2 token/{ours['id']}", "-p", "rotate", "true")
    operator.done("r2", "apply", *given)
    assert operator.vault()["R2_ACCESS_KEY_ID"] == ours["id"]


def test_a_second_token_is_removed_only_if_it_bears_the_marker_of_a_lost_request(operator: Operator) -> None:
    fault = {"service": "cloudflare", "kind": "reset", "method": "POST", "path": ".*/tokens", "times": 1}
    operator.sandbox.control.post("/faults", json=fault).raise_for_status()
    operator.done("r2", "apply", *ORIGIN)
    [ours] = operator.tokens()
    assert operator.ledger().intents(("R2 token", ours["name"]))
    theirs = {"name": ours["name"], "policies": ours["policies"]}
    kept = operator.cloudflare("POST", "/tokens", json=theirs).json()["result"]["id"]
    assert operator.cloudflare("POST", "/tokens", json=theirs | {"not_before": ours["not_before"]}).is_success
    operator.done("r2", "apply", *ORIGIN)
    assert {token["id"] for token in operator.tokens()} == {ours["id"], kept}


def test_destroy_removes_the_token_of_a_lost_request_too(operator: Operator) -> None:
    fault = {"service": "cloudflare", "kind": "reset", "method": "POST", "path": ".*/tokens", "times": 1}
    operator.sandbox.control.post("/faults", json=fault).raise_for_status()
    operator.done("r2", "apply", *ORIGIN)
    [ours] = operator.tokens()
    late = {name: ours[name] for name in ("name", "policies", "not_before")}
    assert operator.cloudflare("POST", "/tokens", json=late).is_success
    operator.done("r2", "destroy")
    assert operator.tokens() == []


# Seen 14: two clones


def test_two_clones_with_one_vault_are_both_at_rest(operator: Operator, tmp_path: Path) -> None:
    operator.done("r2", "apply", *ORIGIN)
    operator.done("turso", "apply")
    other = operator.another_clone(tmp_path / "clone")
    other.state("").mkdir(mode=0o700)
    shutil.copy2(operator.state("production.env"), other.state("production.env"))
    operator.writes()
    for clone in (other, operator, other):
        assert clone.done("r2", "apply", *ORIGIN).outcomes("resource") == ["unchanged"] * 3
        assert clone.done("turso", "apply").outcomes("resource") == ["unchanged"] * 3
    assert operator.writes() == []


def test_a_clone_without_the_vault_cuts_nobody_off(operator: Operator, tmp_path: Path) -> None:
    operator.done("r2", "apply", *ORIGIN)
    other = operator.another_clone(tmp_path / "clone")
    operator.writes()
    assert other.run("r2", "apply", *ORIGIN).code == 2
    assert other.run("r2", "apply", *ORIGIN, "--adopt", "R2 bucket/*", "--adopt", "R2 token/*").code == 2
    assert operator.writes() == []
    operator.done("r2", "verify", *ORIGIN)


# Seen 2: accounts


def test_an_environment_keeps_to_the_accounts_of_its_first_apply(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    pins = json.loads(operator.state("production.pins.json").read_text())["accounts"]
    assert pins["cloudflare"]["id"] == operator.sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
    elsewhere = "f" * 32
    operator.sandbox.control.delete("/journal")
    for mode in ("plan", "apply", "verify", "destroy"):
        given = ("run", "r2", "--mode", mode, *(("--yes",) if mode == "apply" else ()))
        environ = operator.sandbox.exports | {"CLOUDFLARE_ACCOUNT_ID": elsewhere}
        refused = operator.guide.run(*given, env=environ, typed="production\n")
        assert refused.code == 2
        home = str(Account(id=pins["cloudflare"]["id"], name=pins["cloudflare"]["name"]))
        assert f"lives in Cloudflare's account {home}" in refused.output
        assert f"lead to {elsewhere}" in refused.output
    asked = {
        (entry["method"], entry["path"].partition("/accounts/")[2]) for entry in operator.sandbox.journal("cloudflare")
    }
    assert asked <= {("GET", elsewhere)}
