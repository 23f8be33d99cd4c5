"""Production variables: what is set, what a hand changed, what is left alone; values never shown."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from tests.conftest import RunningSandbox

from deploybook.clouds import vercel
from deploybook.clouds.comparison import DriftStatus, VariableDrift
from deploybook.clouds.resource import Change
from deploybook.clouds.vercel import fingerprints
from deploybook.clouds.vercel.comparing import _finding
from deploybook.errors import UnexpectedResponse, VerificationFailed

from .conftest import WANTED, Site, pushed


def test_variables_are_set_for_production_alone_and_sensitive_where_secret(site: Site) -> None:
    site.set()
    entries = [(entry.key, entry.type, list(entry.targets), entry.value or None) for entry in site.entries()]
    assert entries == [("PLAIN", "plain", ["production"], "p"), ("SECRET", "sensitive", ["production"], None)]
    assert site.judged() == {}
    assert site.variables().verify(site.clouds.vercel) == "2 for production"


def test_equal_secrets_have_unequal_comments_that_say_nothing(site: Site) -> None:
    site.set(pushed(SECRET_A="same-secret-value", SECRET_B="same-secret-value"))
    first, second = (entry.comment for entry in site.entries())
    assert first != second
    assert "same" not in first
    assert fingerprints.matches(first, SecretStr("same-secret-value"))
    assert not fingerprints.matches(first, SecretStr("another"))
    for other in (None, "", "by hand", "deploybook", f"x {first}", f"{first}0"):
        assert not fingerprints.matches(other, SecretStr("same-secret-value"))


def test_a_sensitive_value_edited_by_hand_is_told_by_its_time_and_a_new_one_by_its_fingerprint(site: Site) -> None:
    site.set()
    path = f"/v9/projects/web/env/{site.entry('SECRET').id}"
    site.clouds.vercel.api.json("edit", "PATCH", path, json={"value": "other"})
    assert site.judged() == {"SECRET": "edited elsewhere since it was set"}
    assert site.judged(pushed(SECRET="t" * 32, PLAIN="p")) == {"SECRET": "different"}
    site.set()
    assert site.judged() == {}


def test_without_a_record_of_our_own_write_the_fingerprint_alone_decides(site: Site) -> None:
    site.set()
    site.variables().forget()
    assert site.judged() == {}


def test_another_value_under_a_mark_that_is_not_ours_is_another_vaults(site: Site) -> None:
    site.set()
    site.variables().forget()
    problems = site.judged(pushed(SECRET="t" * 32, PLAIN="q"))
    assert problems.keys() == {"SECRET", "PLAIN"}
    assert all(problem.startswith("another vault's, written 20") for problem in problems.values())


def test_another_clones_write_of_the_same_value_is_at_rest(site: Site) -> None:
    site.set()
    before = site.entry("SECRET").comment
    record = site.variables()._last_writes.get("vercel:variable:SECRET")
    site.variables().forget()
    site.variables().update(site.clouds, site.entries(), [Change("SECRET", "different", "set for production")])
    assert site.entry("SECRET").comment != before
    site.variables()._last_writes.put("vercel:variable:SECRET", record)
    assert site.judged() == {}


@pytest.mark.parametrize("kind", ["plain", "encrypted"])
def test_a_secret_that_can_be_read_is_removed_and_set_as_sensitive(site: Site, kind: str) -> None:
    body = [{"key": "SECRET", "value": "s" * 32, "type": kind, "target": ["production"]}]
    site.clouds.vercel.put_variables(site.project.id, body)
    before = site.entry("SECRET").id
    assert site.judged()["SECRET"] == "not sensitive"
    site.set()
    assert site.entry("SECRET").type == "sensitive"
    assert site.entry("SECRET").id != before
    assert site.judged() == {}


def test_a_secret_that_can_be_read_leads_to_its_own_entry_unless_its_value_is_wrong(site: Site) -> None:
    site.set()
    body = {"key": "SECRET", "type": "encrypted", "target": ["production"]}
    for value, problem, entry in (("s", "not sensitive", "vercel-variables"), ("t", "", "")):
        site.clouds.vercel.put_variables(site.project.id, [body | {"value": value * 32}])
        problems = {change.field: change for change in site.variables().differences(site.entries())}
        assert problems["SECRET"].old == (problem or "different")
        assert _finding(problems["SECRET"].old, site.entry("SECRET")) == VariableDrift(
            DriftStatus.DIFFERS, problem, entry
        )


def test_a_plain_variable_that_a_policy_made_sensitive_is_as_wished_and_one_by_hand_is_set_again(site: Site) -> None:
    body = {"key": "PLAIN", "value": "p", "type": "sensitive", "target": ["production"]}
    site.set()
    kept = site.entry("PLAIN").comment
    site.clouds.vercel.delete_variable(site.project.id, site.entry("PLAIN").id)
    site.variables().forget()
    site.clouds.vercel.put_variables(site.project.id, [body | {"comment": kept}])
    assert site.judged() == {}
    site.clouds.vercel.put_variables(site.project.id, [body])
    assert site.judged() == {"PLAIN": "different"}
    site.set()
    assert site.entry("PLAIN").type == "plain"
    assert site.entry("PLAIN").value == "p"
    assert site.judged() == {}


def test_an_encrypted_plain_variable_is_compared_by_value(site: Site) -> None:
    body = {"key": "PLAIN", "type": "encrypted", "target": ["production"]}
    site.set()
    site.clouds.vercel.put_variables(site.project.id, [body | {"value": "p"}])
    assert site.judged() == {}
    site.clouds.vercel.put_variables(site.project.id, [body | {"value": "q"}])
    assert site.judged() == {"PLAIN": "different"}


@pytest.mark.parametrize(
    ("targets", "problem", "remaining"),
    [
        (["preview"], "set for preview only", ["preview"]),
        (["production", "preview"], "set for preview, production", ["preview"]),
        (
            ["development", "preview", "production"],
            "set for development, preview, production",
            ["preview", "development"],
        ),
    ],
)
def test_other_targets_are_told_and_keep_their_value(
    site: Site, targets: list[str], problem: str, remaining: list[str]
) -> None:
    body = {"key": "PLAIN", "value": "theirs", "type": "plain", "target": targets}
    site.clouds.vercel.put_variables(site.project.id, [body])
    assert site.judged()["PLAIN"] == problem
    site.set()
    entries = {entry.targets: entry.value for entry in site.entries() if entry.key == "PLAIN"}
    assert entries == {tuple(sorted(remaining)): "theirs", ("production",): "p"}
    assert site.judged() == {}


def test_what_the_contract_does_not_know_is_told_and_survives_update_and_delete(site: Site) -> None:
    others = [
        {"key": "OLD", "value": "1", "type": "plain", "target": ["production"]},
        {"key": "THEIRS", "value": "1", "type": "plain", "target": ["preview"]},
        {"key": "PLAIN", "value": "1", "type": "plain", "target": ["preview"]},
    ]
    site.clouds.vercel.put_variables(site.project.id, others)
    made = site.set()
    assert made.verify(site.clouds.vercel) == "2 for production; not in the contract, and left: OLD"
    state = made.read(site.clouds)
    assert state is not None
    made.delete(site.clouds, state)
    assert [(entry.key, list(entry.targets)) for entry in site.entries()] == [
        ("OLD", ["production"]),
        ("PLAIN", ["preview"]),
        ("THEIRS", ["preview"]),
    ]
    assert site.observed.get("vercel:variable:PLAIN") == {}
    assert site.observed.get("vercel:variable:SECRET") == {}


def test_variables_that_fail_inside_a_201_are_an_error_that_names_them_and_not_their_value(site: Site) -> None:
    # Vercel's limit for one environment: of the two, one still fits, and the answer is a 201 that lists the other.
    full = [{"key": f"F{number}", "value": "1", "type": "plain", "target": ["production"]} for number in range(999)]
    site.clouds.vercel.put_variables(site.project.id, full)
    with pytest.raises(UnexpectedResponse, match=r"could not set SECRET_B: .*\(MAX_ENVS_EXCEEDED\)") as caught:
        site.set(pushed(SECRET="canary-value-1", SECRET_B="canary-value-2"))
    assert caught.value.exit_code == 3
    assert caught.value.entry == "vercel-variables"
    assert "canary" not in " ".join(caught.value.lines()) + repr(caught.value)


def test_verify_names_every_variable_that_is_otherwise(site: Site) -> None:
    site.set()
    with pytest.raises(VerificationFailed) as caught:
        site.variables(WANTED | pushed(PLAIN="q", NEW="n")).verify(site.clouds.vercel)
    assert caught.value.entry == "vercel-variables"
    assert caught.value.found == "PLAIN different, NEW missing"


@pytest.mark.parametrize("fault", [{"kind": "lost-answer"}, {"kind": "status", "status": 503}, {"kind": "reset"}])
def test_an_upsert_is_sent_again(site: Site, sandbox: RunningSandbox, fault: dict[str, object]) -> None:
    body = {"service": "vercel", "method": "POST", "path": ".*/env", **fault}
    sandbox.control.post("/faults", json=body).raise_for_status()
    site.set()
    assert sandbox.control.get("/faults").json() == []
    assert site.judged() == {}
    assert len(site.entries()) == 2


def test_without_a_project_nothing_is_there_and_nothing_is_asked(site: Site, sandbox: RunningSandbox) -> None:
    sandbox.control.delete("/journal")
    absent = vercel.Variables("web", vercel.Project("web").planned(), WANTED, site.observed)
    assert absent.read(site.clouds) is None
    assert absent.changed_at == 0
    assert absent.leftovers() == []
    assert absent.differ() is True
    assert sandbox.journal("vercel") == []
