"""Nothing of anybody else's is changed, and nothing of ours is lost: issue 12, seen through the command line (R2, Turso)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.runbooks.identity.operator import ORIGIN, Operator, kill_before, put_objects

from deploybook.state.pins import Account
from deploybook.state.vault import Vault

pytestmark = pytest.mark.xdist_group("r2")

OLD_LEDGER = [{"section": "turso", "kind": "Turso database", "name": "studio-production"}]


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
    ("section", "parameters", "kind"),
    [
        ("r2", ("-p", "bucket_name", "studio-production"), "R2 bucket"),
        ("turso", ("-p", "group_name", "default", "-p", "database_name", "studio-production"), "Turso database"),
    ],
)
def test_staging_is_refused_what_production_has(
    operator: Operator, section: str, parameters: tuple[str, ...], kind: str
) -> None:
    operator.done(section, "apply")
    operator.writes()
    refused = operator.run(section, "apply", *parameters, environment="staging")
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


def test_a_bucket_that_exists_isasked_about_before_anything_is_changed(operator: Operator) -> None:
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
        destroyed = other.done(section, "destroy")
        assert set(destroyed.outcomes("resource")) == {"left"}
    assert other.writes() == []
    assert other.vault() == before


# Seen 10 and 11: the ledger


def test_a_name_in_the_ledger_does_not_let_destroy_delete_a_colleagues_database(operator: Operator) -> None:
    operator.state("").mkdir(mode=0o700)
    operator.state("production.made.json").write_text(json.dumps(OLD_LEDGER))
    assert operator.turso("POST", "/groups", json={"name": "default", "location": "aws-us-east-1"}).is_success
    assert operator.turso("POST", "/databases", json={"name": "studio-production", "group": "default"}).is_success
    destroyed = operator.done("turso", "destroy")
    assert set(destroyed.outcomes("resource")) == {"left", "absent"}
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
    destroyed = operator.done("r2", "destroy")
    assert "named by an earlier ledger; not proved to be ours" in destroyed.output
    operator.done("r2", "destroy", "--adopt", "R2 bucket/studio-production")
    assert operator.tokens() == []
    assert operator.vault() == {}


def test_a_database_that_a_colleague_made_after_a_killed_run_keeps_its_data(operator: Operator) -> None:
    assert operator.turso("POST", "/groups", json={"name": "default", "location": "aws-us-east-1"}).is_success
    kill_before(operator, "turso", service="turso", method="POST", path=".*/databases")
    assert operator.turso("POST", "/databases", json={"name": "studio-production", "group": "default"}).is_success
    [theirs] = operator.turso("GET", "/databases").json()["databases"]
    applied = operator.done("turso", "apply", "--adopt", "Turso group/default")
    assert "appeared while a killed run was creating it; not proved to be ours" in applied.output
    for _ in range(2):
        destroyed = operator.done("turso", "destroy")
        assert "--mode destroy --adopt 'Turso database/studio-production'" in " ".join(destroyed.output.split())
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


# Seen 2: accounts


def test_an_environment_keeps_to_the_accounts_of_its_first_apply(operator: Operator) -> None:
    operator.done("r2", "apply", *ORIGIN)
    pins = json.loads(operator.state("production.pins.json").read_text())["accounts"]
    assert pins["cloudflare"]["id"] == operator.sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
    elsewhere = "f" * 32
    operator.sandbox.control.delete("/journal")
    for mode in ("plan", "apply", "verify", "destroy"):
        words = ("run", "r2", "--mode", mode, *(("--yes",) if mode == "apply" else ()))
        environ = operator.sandbox.exports | {"CLOUDFLARE_ACCOUNT_ID": elsewhere}
        refused = operator.guide.run(*words, env=environ, typed="production\n")
        assert refused.code == 2
        home = str(Account(id=pins["cloudflare"]["id"], name=pins["cloudflare"]["name"]))
        assert f"is in Cloudflare's account {home}" in refused.output
        assert f"belong to {elsewhere}" in refused.output
    requests = {
        (entry["method"], entry["path"].partition("/accounts/")[2]) for entry in operator.sandbox.journal("cloudflare")
    }
    assert requests <= {("GET", elsewhere)}
