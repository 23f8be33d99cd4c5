"""What a killed run began to create is gone on with by proof: never by a name, nor by the time alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr
from tests.runbook.one_cloud import Checkout, Cloud, Killed, State, Thing, Unmarked

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change
from deploybook.errors import (
    Conflict,
    NeedsDecision,
    NotMadeHere,
)
from deploybook.runbook.modes import Mode
from deploybook.state.ledger import Action, Intent, Proof, now


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_create_that_was_killed_is_run_again_to_one_thing_with_a_secret_that_is_ours(
    checkout: Checkout, cloud: Cloud, killed: str
) -> None:
    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Thing(cloud, killed=killed))
    checkout.run(Mode.APPLY, Thing(cloud))
    assert checkout.stored() == {"THING_ID", "SHOWN"}
    checkout.run(Mode.APPLY, Thing(cloud))
    assert checkout.outcomes() == ["unchanged"]
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert cloud.things == {}
    assert checkout.ledger.sections() == set()
    assert checkout.stored() == set()


def test_a_create_that_is_still_being_carried_out_is_waited_for(checkout: Checkout, cloud: Cloud) -> None:
    class Slow(Thing):
        reads = 0

        def read(self, clouds: Connections) -> State | None:
            self.reads += 1
            # The name is taken; what bears it is not shown before it is made.
            return super().read(clouds) if self.reads > 2 else None

        def create(self, clouds: Connections) -> State:
            raise Conflict("cloud", "create it", "the name is taken")

    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Thing(cloud, killed="after"))
    checkout.run(Mode.APPLY, Slow(cloud))
    assert checkout.stored() == {"THING_ID", "SHOWN"}
    assert len(cloud.things) == 1


def test_an_intent_alone_removes_nothing(checkout: Checkout, cloud: Cloud) -> None:
    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Thing(cloud, killed="before"))
    cloud.make("t", "a colleague's data")
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert checkout.outcomes() == ["left"]
    assert list(cloud.things) == ["t"]


def test_what_appeared_while_a_killed_run_was_making_it_is_gone_on_with_and_never_destroyed(
    checkout: Checkout, cloud: Cloud
) -> None:
    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Unmarked(cloud, killed="before"))
    cloud.make("t", "a colleague's data")
    checkout.run(Mode.APPLY, Unmarked(cloud))
    assert checkout.outcomes() == ["update"]
    assert "not proved to be ours" in checkout.events[0].detail
    for _ in range(2):
        checkout.run(Mode.DESTROY, Unmarked(cloud))
        assert checkout.outcomes() == ["left"]
        assert "deploybook run s --mode destroy --adopt unmarked/t" in checkout.events[0].detail
    assert list(cloud.things) == ["t"]
    checkout.run(Mode.DESTROY, Unmarked(cloud), adopt=["unmarked/t"])
    assert cloud.things == {}
    assert checkout.ledger.sections() == set()


def test_what_was_taken_up_and_then_adopted_is_taken_over(checkout: Checkout, cloud: Cloud) -> None:
    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Unmarked(cloud, killed="after"))
    checkout.run(Mode.APPLY, Unmarked(cloud), adopt=["unmarked/t"])
    assert checkout.ledger.entries()[0].proof is Proof.ADOPTED


def test_an_address_that_follows_from_the_name_proves_no_create(checkout: Checkout, cloud: Cloud) -> None:
    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Unmarked(cloud, killed="before"))
    made = cloud.make("t")
    checkout.vault.put({"THING_ID": SecretStr(made["id"])})
    checkout.run(Mode.APPLY, Unmarked(cloud))
    checkout.run(Mode.DESTROY, Unmarked(cloud))
    assert checkout.outcomes() == ["left"]
    assert list(cloud.things) == ["t"]


def test_a_colleagues_credential_of_our_name_is_not_replaced_on_the_time_alone(
    checkout: Checkout, cloud: Cloud
) -> None:
    class Lost(Thing):
        def differences(self, state: State) -> list[Change]:
            changes = (
                [] if self.unfinished_rotation else [Change("secret", "not in the vault", "rolled", replaces=True)]
            )
            return super().differences(state) or changes

    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Lost(cloud, killed="before"))
    cloud.make("t")
    cloud.journal.clear()
    with pytest.raises(NeedsDecision):
        checkout.run(Mode.APPLY, Lost(cloud))
    assert cloud.journal == []


def test_an_intent_does_not_make_ours_what_was_made_long_after_it(checkout: Checkout, cloud: Cloud) -> None:
    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Thing(cloud, killed="before"))
    cloud.make("t", born=now() + timedelta(hours=1))
    with pytest.raises(NotMadeHere):
        checkout.run(Mode.APPLY, Thing(cloud))


def test_a_name_in_a_ledger_of_before_is_ours_only_where_the_vault_proves_it(checkout: Checkout, cloud: Cloud) -> None:
    old = Intent(
        action=Action.CREATE,
        section="s",
        kind="thing",
        name="t",
        environment="production",
        begun_at=None,
        run="version 1",
    )
    checkout.ledger.begin(old)
    made = cloud.make("t")
    with pytest.raises(NotMadeHere):
        checkout.run(Mode.APPLY, Thing(cloud))
    checkout.vault.put({"THING_ID": SecretStr(made["id"])})
    checkout.run(Mode.DESTROY, Thing(cloud))
    assert checkout.outcomes() == ["delete"]
    assert cloud.things == {}


def test_a_create_whose_answer_was_lost_gets_another_secret_at_once(checkout: Checkout, cloud: Cloud) -> None:
    checkout.run(Mode.APPLY, Thing(cloud, killed="lost"))
    assert checkout.vault.get("SHOWN") == SecretStr("rolled")
    assert checkout.ledger.entries()[0].id == "id-1"
