"""Whose a resource is follows from ids and proofs, never from a name; what is not ours is neither changed nor removed nor forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import SecretStr
from tests.runbook.one_cloud import Checkout, Cloud, Killed, State, Thing

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change
from deploybook.errors import (
    ConfigurationError,
    Conflict,
    NeedsDecision,
    NotMadeHere,
    OtherAccount,
)
from deploybook.runbook.modes import Mode
from deploybook.state.ledger import Proof
from deploybook.state.pins import Account


def test_what_is_made_is_noted_by_its_id_account_and_environment(checkout: Checkout, cloud: Cloud) -> None:
    checkout.run(Mode.APPLY, Thing(cloud))
    [entry] = checkout.ledger.entries()
    assert entry.id == "id-1"
    assert entry.account == "cloud account"
    assert entry.environment == "production"
    assert "@" in entry.run
    assert entry.proof is Proof.ANSWER


def test_apply_stops_at_what_it_did_not_make_with_the_command_that_takes_it_over(
    checkout: Checkout, cloud: Cloud
) -> None:
    cloud.make("t")
    with pytest.raises(NotMadeHere, match="exists and was not made for production") as raised:
        checkout.run(Mode.APPLY, Thing(cloud))
    assert cloud.journal == []
    assert "deploybook run s --mode apply --adopt thing/t." in raised.value.hint


def test_plan_says_that_it_was_not_made_here(checkout: Checkout, cloud: Cloud) -> None:
    cloud.make("t", "wrong")
    checkout.run(Mode.PLAN, Thing(cloud))
    assert checkout.outcomes() == ["left"]
    assert "exists, not made here" in checkout.events[0].detail


def test_verify_reads_it_as_before(checkout: Checkout, cloud: Cloud) -> None:
    cloud.make("t")
    checkout.run(Mode.VERIFY, Thing(cloud))
    assert checkout.outcomes() == ["unchanged"]


def test_what_is_adopted_is_changed_and_left_by_destroy_unless_named(checkout: Checkout, cloud: Cloud) -> None:
    cloud.make("t", "wrong")
    checkout.run(Mode.APPLY, Thing(cloud), adopt=["thing/t"])
    assert checkout.ledger.entries()[0].proof is Proof.ADOPTED
    assert cloud.things["t"]["value"] == "right"
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert checkout.outcomes() == ["left"]
    assert list(cloud.things) == ["t"]
    checkout.run(Mode.DESTROY, Thing(cloud), adopt=["thing/t"])
    assert checkout.outcomes() == ["delete"]
    assert list(cloud.things) == []


def test_what_is_released_is_no_longer_ours(checkout: Checkout, cloud: Cloud) -> None:
    checkout.run(Mode.APPLY, Thing(cloud))
    checkout.run(Mode.APPLY, Thing(cloud), release=["thing/t"])
    assert checkout.ledger.entries() == []
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert list(cloud.things) == ["t"]


def test_a_namesake_that_took_the_place_of_ours_is_neither_changed_nor_removed(
    checkout: Checkout, cloud: Cloud
) -> None:
    checkout.run(Mode.APPLY, Thing(cloud))
    cloud.make("t", "theirs")
    cloud.journal.clear()
    with pytest.raises(NotMadeHere):
        checkout.run(Mode.APPLY, Thing(cloud))
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert checkout.outcomes() == ["left"]
    assert cloud.journal == []
    assert "another one of this name: id-2, and ours was id-1" in checkout.events[0].detail


def test_another_environments_resource_is_refused_by_name(tmp_path: Path, cloud: Cloud) -> None:
    Checkout(tmp_path).run(Mode.APPLY, Thing(cloud))
    cloud.journal.clear()
    with pytest.raises(NotMadeHere, match="was made for production, and this is staging"):
        Checkout(tmp_path, "staging").run(Mode.APPLY, Thing(cloud))
    assert cloud.journal == []


def test_a_clone_with_the_vault_may_change_what_the_vault_proves_and_never_removes_it(
    tmp_path: Path, cloud: Cloud
) -> None:
    first, second = Checkout(tmp_path / "a"), Checkout(tmp_path / "b")
    first.run(Mode.APPLY, Thing(cloud))
    second.vault.put(first.vault.all())
    cloud.things["t"]["value"] = "wrong"
    second.run(Mode.APPLY, Thing(cloud))
    assert second.outcomes() == ["update"]
    second.run(Mode.DESTROY, Thing(cloud))
    assert second.outcomes() == ["left"]
    assert list(cloud.things) == ["t"]
    assert second.stored() == {"THING_ID", "SHOWN"}


def test_destroy_forgets_exactly_what_it_removed(checkout: Checkout, cloud: Cloud) -> None:
    checkout.vault.put({"OTHER": SecretStr("stays")})
    checkout.run(Mode.APPLY, Thing(cloud))
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert checkout.stored() == {"OTHER"}


def test_what_another_clone_wrote_since_is_overwritten_only_on_request(checkout: Checkout, cloud: Cloud) -> None:
    class Newer(Thing):
        def differences(self, state: State) -> list[Change]:
            return [Change("value", "another vault's, written 12:00", "ours", theirs=True)]

    checkout.run(Mode.APPLY, Thing(cloud))
    cloud.journal.clear()
    with pytest.raises(NeedsDecision, match="another vault's, written 12:00"):
        checkout.run(Mode.APPLY, Newer(cloud))
    assert cloud.journal == []
    checkout.run(Mode.APPLY, Newer(cloud), adopt=["thing/t"])
    assert cloud.journal == ["update"]


def test_a_vault_that_cannot_be_written_stops_a_rotation_before_its_request(checkout: Checkout, cloud: Cloud) -> None:
    checkout.run(Mode.APPLY, Thing(cloud))
    cloud.journal.clear()
    checkout.vault.path.chmod(0o644)
    with pytest.raises(ConfigurationError):
        checkout.run(Mode.APPLY, Thing(cloud, rotate=True))
    assert cloud.journal == []


def test_what_another_took_in_between_is_theirs(checkout: Checkout, cloud: Cloud) -> None:
    class Late(Thing):
        def create(self, clouds: Connections) -> State:
            self.cloud.make("t", "theirs")
            raise Conflict("Cloud", "create", "taken")

    with pytest.raises(NotMadeHere):
        checkout.run(Mode.APPLY, Late(cloud))
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert list(cloud.things) == ["t"]


def test_a_request_of_before_that_comes_late_and_takes_the_name_is_ours(checkout: Checkout, cloud: Cloud) -> None:
    class Late(Thing):
        def create(self, clouds: Connections) -> State:
            [earlier, _] = checkout.ledger.intents(self.key)
            self.cloud.make("t", marker=earlier.marker)
            raise Conflict("Cloud", "create", "taken")

    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Thing(cloud, killed="before"))
    checkout.run(Mode.APPLY, Late(cloud))
    assert checkout.ledger.entries()[0].proof is Proof.MARKER
    assert checkout.vault.get("SHOWN") == SecretStr("rolled")


def test_destroy_changes_nothing_where_it_could_not_end(checkout: Checkout, cloud: Cloud) -> None:
    class Full(Thing):
        kind: ClassVar[str] = "store"
        credential: ClassVar[bool] = False

        def blocked(self, clouds: Connections, state: State, *, empty: bool) -> str:
            return "" if empty else "it holds uploads/a.wav"

    things = (Full(cloud, "store"), Thing(cloud))
    checkout.run(Mode.APPLY, *things)
    cloud.journal.clear()
    with pytest.raises(NeedsDecision, match=r"it holds uploads/a\.wav"):
        checkout.run(Mode.DESTROY, *things)
    assert cloud.journal == []
    assert set(cloud.things) == {"store", "t"}
    assert checkout.stored() == {"THING_ID", "SHOWN"}


def test_credentials_are_removed_last(checkout: Checkout, cloud: Cloud) -> None:
    class Store(Thing):
        kind: ClassVar[str] = "store"
        credential: ClassVar[bool] = False

    things = (Store(cloud, "store"), Thing(cloud))
    checkout.run(Mode.APPLY, *things)
    checkout.run(Mode.DESTROY, *things)
    assert [event.subject for event in checkout.events] == ["store store", "thing t"]


class Taking(Thing):
    """A thing with an address that another one of the operator's has."""

    def taken_from(self, clouds: Connections) -> str:
        return "another thing answers to its address, and would lose it"


def test_what_another_thing_would_lose_is_not_taken_unless_the_operator_says_so(
    checkout: Checkout, cloud: Cloud
) -> None:
    checkout.run(Mode.PLAN, Taking(cloud))
    assert checkout.outcomes() == ["left"]
    with pytest.raises(NotMadeHere, match="would lose it") as raised:
        checkout.run(Mode.APPLY, Taking(cloud))
    assert f"--mode apply --adopt {Taking.kind}/t" in raised.value.hint
    assert cloud.journal == []
    assert checkout.ledger.intents(Taking(cloud).key) == []
    checkout.run(Mode.APPLY, Taking(cloud), adopt=[f"{Taking.kind}/t"])
    assert cloud.journal == ["create"]


def test_a_change_takes_nothing_either(checkout: Checkout, cloud: Cloud) -> None:
    checkout.run(Mode.APPLY, Thing(cloud))
    cloud.things["t"]["value"] = "wrong"
    with pytest.raises(NotMadeHere, match="would lose it"):
        checkout.run(Mode.APPLY, Taking(cloud))
    assert cloud.journal == ["create"]


@pytest.mark.parametrize("mode", [Mode.PLAN, Mode.APPLY, Mode.DESTROY])
def test_what_is_in_another_account_is_not_taken_for_gone(
    checkout: Checkout, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    checkout.run(Mode.APPLY, Thing(cloud))
    elsewhere = Cloud()
    monkeypatch.setattr(elsewhere, "account", lambda _: Account(id="another account"))
    with pytest.raises(
        OtherAccount, match="in the account cloud account, and these credentials belong to another account"
    ):
        checkout.run(mode, Thing(elsewhere))
    assert elsewhere.journal == []
    assert checkout.ledger.entry(Thing(cloud).key)
    assert checkout.stored() == {"THING_ID", "SHOWN"}
