"""What was lost, came late or was done twice: one-time secrets, late creates and clones (R2, Turso)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.runbooks.identity.operator import ORIGIN, Operator

from deploybook import http
from deploybook.clouds.r2.token import BucketToken
from deploybook.state.ledger import Action

pytestmark = pytest.mark.xdist_group("r2")

OLD_LEDGER = [{"section": "turso", "kind": "Turso database", "name": "studio-production"}]


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


def test_a_token_that_was_rolled_elsewhere_is_named_and_not_rolled_without_beingasked(
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
    options = ("--adopt", "R2 bucket/studio-production", "--adopt", f"R2 token/{ours['id']}", "-p", "rotate", "true")
    operator.done("r2", "apply", *options)
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
