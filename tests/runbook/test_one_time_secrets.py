"""A secret that its provider shows once survives a kill at any point, and is replaced only for a reason."""

from __future__ import annotations

from typing import cast

import pytest
from filelock import FileLock
from pydantic import SecretStr
from tests.runbook.one_cloud import Checkout, Cloud, Killed, State, Thing

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change
from deploybook.clouds.shared_secret import FORM, SharedSecret
from deploybook.errors import (
    NeedsDecision,
    VaultLocked,
)
from deploybook.runbook.modes import Mode
from deploybook.runbook.reconcile import Reconciler
from deploybook.state import vault as vault_module
from deploybook.state.ledger import Action


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_rotation_that_was_killed_is_carried_out_again_without_being_asked(
    checkout: Checkout, cloud: Cloud, killed: str
) -> None:
    checkout.run(Mode.APPLY, Thing(cloud))
    with pytest.raises(Killed):
        checkout.run(Mode.APPLY, Thing(cloud, rotate=True, killed=killed))
    [intent] = checkout.ledger.intents(("thing", "t"), Action.ROTATE)
    assert intent.id == "id-1"
    assert intent.fingerprint
    checkout.run(Mode.APPLY, Thing(cloud))
    assert checkout.vault.get("SHOWN") == SecretStr("rolled")
    checkout.run(Mode.APPLY, Thing(cloud))
    assert checkout.outcomes() == ["unchanged"]


@pytest.mark.parametrize("begun", ["create", "update"])
def test_a_secret_that_came_while_the_vault_was_locked_is_replaced_by_one_that_is_kept(
    checkout: Checkout, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, begun: str
) -> None:
    monkeypatch.setattr(vault_module, "LOCK_SECONDS", 0.05)
    if begun == "update":
        checkout.run(Mode.APPLY, Thing(cloud))
    lock = FileLock(checkout.vault.path.parent / "production.lock")
    with pytest.raises(VaultLocked):
        checkout.run(Mode.APPLY, Thing(cloud, rotate=True, meanwhile=lock.acquire))
    lock.release()
    assert cloud.journal[-1] == begun
    checkout.run(Mode.APPLY, Thing(cloud))
    assert checkout.vault.get("SHOWN") == SecretStr("rolled")
    checkout.run(Mode.APPLY, Thing(cloud))
    assert checkout.outcomes() == ["unchanged"]


def test_a_secret_that_nobody_asked_to_replace_is_not_replaced(checkout: Checkout, cloud: Cloud) -> None:
    class Lost(Thing):
        def differences(self, state: State) -> list[Change]:
            return [Change("secret", "not in the vault", "rolled", replaces=True)]

    checkout.run(Mode.APPLY, Thing(cloud))
    cloud.journal.clear()
    with pytest.raises(NeedsDecision, match="would get a new secret") as raised:
        checkout.run(Mode.APPLY, Lost(cloud))
    assert "deploybook run s --mode apply -p rotate true" in raised.value.hint
    assert cloud.journal == []


def test_a_shared_secret_of_another_form_is_replaced_only_when_asked(checkout: Checkout, cloud: Cloud) -> None:
    def ensure(*, rotate: bool) -> None:
        clouds = cast(Connections, cloud)
        reconciler = Reconciler(
            "webhook_secret", Mode.APPLY, clouds, checkout.vault, checkout.ledger, checkout.events.append
        )
        reconciler.ensure(SharedSecret("HOOK", stored=checkout.vault.all(), rotate=rotate))

    checkout.vault.put({"HOOK": SecretStr("of a colleague's making")})
    with pytest.raises(NeedsDecision) as raised:
        ensure(rotate=False)
    assert "deploybook run webhook_secret --mode apply -p rotate true" in raised.value.hint
    assert checkout.vault.get("HOOK") == SecretStr("of a colleague's making")
    ensure(rotate=True)
    assert FORM.fullmatch(checkout.vault.all()["HOOK"].get_secret_value())
