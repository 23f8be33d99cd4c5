"""From what fails to its cause: what stops a section, whose variables differ, what only follows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import ROOT

from deploybook.contract.model import Contract, load_contract
from deploybook.diagnosis.causes import causes
from deploybook.diagnosis.observations import Observation
from deploybook.guide.entries import Entry, parse_entries

PAGE = """# Troubleshooting

## Callbacks {#callbacks}

<!-- variables: SECRET at vercel render -->

**You see** it.

## Kept wrongly {#kept-wrongly}

<!-- variables: * at vercel -->

**You see** it.

## First {#first}

**You see** it.

## Second {#second}

**You see** it.
"""


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT / "runbooks" / "contract.toml")


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    return parse_entries(PAGE)


def claim(section: str, entry: str, step: str = "check") -> Observation:
    return Observation(section, step, "failed", f"claim of {section}", entry=entry)


def differing(name: str, consumer: str = "vercel", entry: str = "") -> Observation:
    return Observation(consumer, "variable", "failed", f"{name} at {consumer}", "differs", entry, "", name, consumer)


def named(contract: Contract, entries: dict[str, Entry], *observed: Observation) -> list[str]:
    return [cause.entry.id for cause in causes(contract, entries, observed)]


def test_nothing_that_fails_has_no_cause(contract: Contract, entries: dict[str, Entry]) -> None:
    assert named(contract, entries, Observation("vercel", "check", "passed", "holds")) == []


def test_the_first_claim_that_fails_names_the_cause_of_its_section(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    assert named(contract, entries, claim("vercel", "first"), claim("vercel", "second")) == ["first"]


def test_a_variable_names_its_own_entry_and_goes_before_any_claim(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    assert named(contract, entries, differing("SECRET"), claim("vercel", "first")) == ["callbacks"]


def test_a_variable_that_no_entry_names_is_the_entrys_that_speaks_for_all(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    assert named(contract, entries, differing("OTHER")) == ["kept-wrongly"]


def test_a_variable_that_is_only_kept_wrongly_is_not_what_it_is_for(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    assert named(contract, entries, differing("SECRET", entry="kept-wrongly")) == ["kept-wrongly"]


def test_what_stops_a_section_goes_before_all_that_it_did_not_come_to(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    observed = (claim("vercel", "first", "preflight"), differing("SECRET"))
    assert named(contract, entries, *observed) == ["first"]


def test_what_stands_on_a_broken_section_and_the_journey_only_follow(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    observed = (claim("vercel", "first"), claim("render", "second"), claim("end_to_end", "second"))
    [cause] = causes(contract, entries, observed)
    assert cause.entry.id == "first"
    assert cause.sections == ("vercel",)
    assert cause.evidence == observed[:1]
    assert cause.consequences == observed[1:]


def test_the_journey_names_what_no_section_sees(contract: Contract, entries: dict[str, Entry]) -> None:
    assert named(contract, entries, claim("end_to_end", "second"), claim("end_to_end", "first")) == ["second"]


def test_two_sections_that_fail_independently_are_both_named_in_the_contracts_order(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    assert named(contract, entries, claim("turso", "second"), claim("r2", "first")) == ["first", "second"]


def test_one_cause_at_two_places_is_reported_once_with_both_sections(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    [cause] = causes(contract, entries, [claim("r2", "first"), claim("turso", "first")])
    assert cause.sections == ("r2", "turso")
    assert len(cause.evidence) == 2
    assert cause.consequences == ()


def test_two_entries_of_one_sections_variables_are_both_named(contract: Contract, entries: dict[str, Entry]) -> None:
    assert named(contract, entries, differing("SECRET"), differing("OTHER")) == ["callbacks", "kept-wrongly"]


def test_the_deploys_of_ci_are_asked_only_where_the_journey_holds(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    alone, journey = claim("ci_cd", "first"), claim("end_to_end", "second")
    assert named(contract, entries, alone) == ["first"]
    assert named(contract, entries, alone, journey) == ["second"]


def test_the_journey_is_not_asked_where_a_section_that_it_does_not_stand_on_fails(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    assert named(contract, entries, claim("end_to_end", "second"), claim("modal", "first")) == ["first"]


def test_what_no_other_section_can_bring_about_is_named_beside_what_is_wrong_in_that(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    upstream, follows = claim("r2", "first"), claim("vercel", "first")
    edge = replace(claim("vercel", "second"), obstacle="https://app Vercel's firewall")
    refused = claim("render", "second", "preflight")
    own = replace(differing("DEPLOY_ENV"), claim="DEPLOY_ENV at vercel")
    assert named(contract, entries, upstream, follows) == ["first"]
    assert named(contract, entries, upstream, follows, edge) == ["first", "second"]
    assert named(contract, entries, upstream, refused) == ["first", "second"]
    assert named(contract, entries, upstream, own) == ["first", "kept-wrongly"]


def test_a_variable_that_a_broken_section_has_to_record_first_is_no_cause_of_its_own(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    recorded = differing("TURSO_AUTH_TOKEN")
    assert named(contract, entries, claim("turso", "first"), recorded) == ["first"]
    assert named(contract, entries, claim("r2", "first"), recorded) == ["first", "kept-wrongly"]


def test_a_section_that_is_broken_by_a_variable_alone_hides_none_that_it_has_recorded(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    pasted, follows = differing("SECRET"), claim("vercel", "first")
    recorded = differing("VERCEL_PROJECT_ID", "github", "second")
    observed = replace(recorded, section="ci_cd")
    assert named(contract, entries, pasted, follows, observed) == ["callbacks", "second"]
    assert named(contract, entries, follows, observed) == ["first"]


def test_an_edge_that_only_the_journey_meets_is_named_beside_another_sections_trouble(
    contract: Contract, entries: dict[str, Entry]
) -> None:
    met = replace(claim("end_to_end", "second"), obstacle="https://app Vercel's firewall")
    assert named(contract, entries, claim("r2", "first"), met) == ["first", "second"]


def test_a_failure_that_leads_nowhere_is_a_bug_and_raises(contract: Contract, entries: dict[str, Entry]) -> None:
    with pytest.raises(KeyError):
        causes(contract, entries, [claim("r2", "no-such-entry")])
