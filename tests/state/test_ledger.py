"""The ledger holds ids, knows an intent from an entry, and is never half read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploybook.errors import StateDamaged
from deploybook.state.ledger import Action, Entry, Intent, Ledger, now

BUCKET = Entry(
    section="r2",
    kind="R2 bucket",
    name="b",
    id="b@1",
    account="a",
    environment="production",
    made_at=now(),
    run="me@here",
)
TOKEN = BUCKET.model_copy(update={"kind": "R2 token", "name": "t", "id": "t1"})
INTENT = Intent(
    action=Action.CREATE,
    section="r2",
    kind="R2 bucket",
    name="b",
    environment="production",
    begun_at=now(),
    run="me@here",
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path, "production")


def test_entries_come_back_oldest_first(ledger: Ledger, tmp_path: Path) -> None:
    ledger.put(BUCKET)
    ledger.put(TOKEN)
    assert Ledger(tmp_path, "production").entries() == [BUCKET, TOKEN]


def test_an_entry_replaces_the_one_of_its_kind_and_name(ledger: Ledger) -> None:
    ledger.put(BUCKET)
    again = BUCKET.model_copy(update={"id": "b@2"})
    ledger.put(again)
    assert ledger.entries() == [again]


def test_what_is_gone_is_forgotten_with_the_requests_for_it(ledger: Ledger) -> None:
    ledger.put(BUCKET)
    ledger.begin(INTENT)
    ledger.remove(BUCKET.key)
    assert ledger.entries() == []
    assert ledger.intents(BUCKET.key) == []


def test_an_intent_is_no_entry(ledger: Ledger) -> None:
    ledger.begin(INTENT)
    assert ledger.entries() == []
    assert ledger.intents(BUCKET.key) == [INTENT]


def test_an_entry_ends_the_intents_that_it_settles(ledger: Ledger) -> None:
    ledger.begin(INTENT)
    ledger.put(BUCKET, INTENT)
    assert ledger.intents(BUCKET.key) == []


def test_a_rotation_is_no_create(ledger: Ledger) -> None:
    ledger.begin(INTENT.model_copy(update={"action": Action.ROTATE}))
    assert ledger.intents(BUCKET.key) == []
    assert len(ledger.intents(BUCKET.key, Action.ROTATE)) == 1


def test_environments_are_kept_apart(ledger: Ledger, tmp_path: Path) -> None:
    ledger.put(BUCKET)
    assert Ledger(tmp_path, "staging").entries() == []


def test_what_another_environment_has_is_known_by_its_id(ledger: Ledger, tmp_path: Path) -> None:
    ledger.put(BUCKET)
    staging = Ledger(tmp_path, "staging")
    assert staging.elsewhere(BUCKET.key, BUCKET.id, "a") == BUCKET
    assert staging.elsewhere(BUCKET.key, "b@2", "a") is None
    assert staging.elsewhere(BUCKET.key, BUCKET.id, "another account") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ('{"version": 2, "environment": "produ', "it is not JSON"),
        ("null", "it holds no record"),
        ('{"version": 3, "environment": "production"}', "it is of version 3"),
        ('{"version": 2, "environment": "production", "entries": [{"kind": "R2 bucket"}]}', "entries.0.section"),
        ('{"version": 2, "environment": "staging"}', "it belongs to the environment staging"),
        ("[" * 100_000, "it is not JSON"),
        ('\ufeff{"version": 2, "environment": "production"}', "it is not JSON"),
        ('{"version": 2, "environment": "production", "entries": {}}', "entries is not as it should be"),
    ],
)
def test_a_damaged_ledger_is_an_error_that_names_the_file_and_the_way_out(
    ledger: Ledger, text: str, reason: str
) -> None:
    ledger.put(BUCKET)
    ledger.put(TOKEN)
    ledger.path.write_text(text)
    for act in (ledger.entries, lambda: ledger.put(TOKEN)):
        with pytest.raises(StateDamaged) as raised:
            act()
        assert str(ledger.path) in raised.value.message
        assert reason in raised.value.message
    assert ledger.path.read_text() == text
    command = raised.value.hint.partition(": ")[2].rstrip(".")
    _, source, target = command.split()
    Path(target).write_bytes(Path(source).read_bytes())
    assert ledger.entries() == [BUCKET]


def test_a_ledger_that_is_gone_is_not_a_new_one(ledger: Ledger) -> None:
    ledger.put(BUCKET)
    ledger.put(TOKEN)
    ledger.path.unlink()
    with pytest.raises(StateDamaged, match="it is gone") as raised:
        ledger.begin(INTENT)
    assert raised.value.hint == f"Put the last good copy back: cp {ledger.path}.bak {ledger.path}."
    assert not ledger.path.exists()


def test_a_damaged_ledger_without_a_good_copy_says_how_to_begin_again(ledger: Ledger) -> None:
    ledger.path.write_text("")
    with pytest.raises(StateDamaged, match="cannot be used") as raised:
        ledger.entries()
    assert f"mv {ledger.path} " in raised.value.hint
    assert "--adopt" in raised.value.hint


def test_a_ledger_of_names_becomes_intents_without_a_time(ledger: Ledger) -> None:
    ledger.path.write_text(json.dumps([{"section": "r2", "kind": "R2 bucket", "name": "b"}]))
    assert ledger.entries() == []
    assert [(intent.name, intent.begun_at) for intent in ledger.intents(BUCKET.key)] == [("b", None)]
    assert ledger.sections() == {"r2"}


def test_only_its_owner_can_read_it(ledger: Ledger) -> None:
    ledger.put(BUCKET)
    ledger.put(TOKEN)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in ledger.path.parent.iterdir()} == {
        "production.made.json": "0o600",
        "production.made.json.bak": "0o600",
        "production.made.lock": "0o600",
    }
