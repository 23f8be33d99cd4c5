"""The troubleshooting page as data: its messages, commands, marks and claims; and that each entry can be proved."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT
from tests.e2e import machine

from deploybook.contract.model import load_contract
from deploybook.errors import DocsError
from deploybook.guide.entries import PAGE, parse_entries, read_entries, speaking_for
from deploybook.sandbox.scenarios.registry import scenarios

TEXT = """# Troubleshooting

<!-- A group -->

## It does not play {#plays .by-hand .seen-in-the-app}

<!-- variables: ONE TWO at vercel modal:render-auth -->

**You see** silence, and:

```text
ONE at vercel — missing
the upload plays — …
```

**Check** the variable:

```sh
look --closely
```

**Fix** Set it:

```sh
first one
second one

third one
```

It says:

```text
what it says
```

Then press the button, and:

```sh
look again
```

## Anything else {#else}

<!-- variables: * at vercel -->

**You see** `something`.

**Check** it.

**Fix** Mend it.
"""
REAL = read_entries(ROOT / PAGE)


def test_an_entry_is_read_with_its_marks_and_the_line_of_its_heading() -> None:
    entry = parse_entries(TEXT)["plays"]
    assert entry.title == "It does not play"
    assert entry.line == 5
    assert entry.marks == {"by-hand", "seen-in-the-app"}
    assert entry.link == "docs/troubleshooting.md#plays"


def test_messages_checks_and_commands_are_those_of_their_own_part_and_language() -> None:
    entry = parse_entries(TEXT)["plays"]
    assert entry.messages == ["ONE at vercel — missing", "the upload plays — …"]
    assert entry.checks == ["look --closely"]
    assert entry.commands == ["first one", "second one", "third one", "look again"]
    assert entry.stages == [["first one", "second one", "third one"], ["look again"]]


def test_an_entry_in_words_has_neither_messages_nor_commands() -> None:
    entry = parse_entries(TEXT)["else"]
    assert entry.messages == []
    assert entry.checks == []
    assert entry.commands == []
    assert entry.stages == []


@pytest.mark.parametrize(
    ("name", "consumer", "entry"),
    [
        ("ONE", "vercel", "plays"),
        ("TWO", "modal:render-auth", "plays"),
        ("THREE", "vercel", "else"),
        ("ONE", "render", None),
        ("THREE", "modal:render-auth", None),
    ],
)
def test_the_entry_that_names_a_variable_goes_before_the_one_that_claims_all(
    name: str, consumer: str, entry: str | None
) -> None:
    entries = parse_entries(TEXT)
    for order in (entries, dict(reversed(entries.items()))):
        speakers = speaking_for(order, name, consumer)
        assert (speakers and speakers.id) == entry


def test_an_id_that_stands_twice_is_refused_with_its_line() -> None:
    with pytest.raises(DocsError, match=r"docs/troubleshooting\.md:5: the entry one stands twice"):
        parse_entries("# T\n\n## A {#one}\n\n## B {#one}\n")


@pytest.mark.parametrize("consumer", ["vercel", "render"])
def test_an_entry_speaks_for_every_variable_that_is_compared(consumer: str) -> None:
    names = [variable.name for variable in load_contract(ROOT / "runbooks" / "contract.toml").consumed_by(consumer)]
    assert names
    assert [name for name in names if not speaking_for(REAL, name, consumer)] == []


def test_every_claim_is_of_variables_that_are_consumed_there() -> None:
    contract = load_contract(ROOT / "runbooks" / "contract.toml")
    for entry in REAL.values():
        for claim in entry.claims:
            consumed = {variable.name for place in claim.places for variable in contract.consumed_by(place)}
            assert consumed, f"{entry.id}: nothing is consumed there"
            assert claim.names - {"*"} <= consumed, entry.id


def test_every_entry_has_its_scenario_and_every_scenario_its_entry() -> None:
    made = scenarios().keys() | machine.scenarios().keys()
    proved = {entry.id for entry in REAL.values() if not entry.marks & {"at-the-command", "unproved"}}
    assert proved - made == set(), "define the scenario in sandbox/scenarios, or mark the entry"
    assert {name.partition(".")[0] for name in made} - REAL.keys() == set(), "a scenario of no entry"


def test_an_entry_is_marked_by_hand_where_a_person_fixes_it() -> None:
    hands = {name for name, each in scenarios().items() if each.by_hand}
    hands |= {name for name, each in machine.scenarios().items() if each.by_hand}
    marked = {entry.id for entry in REAL.values() if "by-hand" in entry.marks}
    assert marked - hands == set(), "nobody does by hand what the entry tells"


def test_two_blocks_of_a_fix_are_those_before_and_after_the_hand() -> None:
    several = {entry.id: entry.marks for entry in REAL.values() if len(entry.stages) > 1}
    assert [name for name, marks in several.items() if "by-hand" not in marks] == []
    assert [name for name in several if len(REAL[name].stages) > 2] == []
