"""Whose a resource is follows from ids and proofs, never from a name; what is not ours is neither changed nor removed nor forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, cast

import pytest
from filelock import FileLock
from pydantic import SecretStr

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.clouds.shared_secret import FORM, SharedSecret
from deploybook.errors import (
    ConfigurationError,
    Conflict,
    NeedsDecision,
    NotMadeHere,
    OtherAccount,
    Unreachable,
    VaultLocked,
)
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode
from deploybook.runbook.reconcile import Reconciler
from deploybook.state import vault as vault_module
from deploybook.state.ledger import Action, Intent, Ledger, Proof, now
from deploybook.state.pins import Account
from deploybook.state.vault import Vault


class Killed(BaseException):
    """The run ends here."""


class Cloud:
    """A provider: things by name, each ``{id, value, born}``; ``journal`` is every writing request."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, str]] = {}
        self.journal: list[str] = []
        self.made = 0

    def make(self, name: str, value: str = "right", born: datetime | None = None, marker: str = "") -> dict[str, str]:
        self.made += 1
        made = {"id": f"id-{self.made}", "value": value, "born": (born or now()).isoformat(), "marker": marker}
        self.things[name] = made
        return self.things[name]

    def account(self, provider: str) -> Account:
        return Account(id=f"{provider} account")

    def pin(self, provider: str) -> None:
        del provider


State = dict[str, str]


class Thing(Resource[State]):
    """A thing with an id; ``SHOWN`` is the secret that its provider shows once."""

    kind: ClassVar[str] = "thing"
    provider: ClassVar[str] = "cloud"
    credential: ClassVar[bool] = True
    known_by_id: ClassVar[bool] = True

    def __init__(
        self,
        cloud: Cloud,
        name: str = "t",
        *,
        rotate: bool = False,
        killed: str = "",
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self.cloud = cloud
        self.name = name
        self.variables = ("THING_ID", "SHOWN")
        self._rotate = rotate
        self._killed = killed
        # What happens on this machine while the provider carries a request out.
        self._meanwhile = meanwhile

    def identity(self, state: State) -> str:
        return state["id"]

    def known(self, state: State | None, vault_values: VaultValues) -> bool:
        return (
            state is not None
            and "THING_ID" in vault_values
            and vault_values["THING_ID"].get_secret_value() == state["id"]
        )

    def is_marked(self, state: State, marker: str) -> bool:
        return state["marker"] == marker

    def born(self, state: State) -> datetime | None:
        return datetime.fromisoformat(state["born"])

    def read(self, clouds: Connections) -> State | None:
        return self.cloud.things.get(self.name)

    def differences(self, state: State) -> list[Change]:
        changes = [] if state["value"] == "right" else [Change("value", state["value"], "right")]
        if self._rotate or self.unfinished_rotation:
            changes.append(Change("secret", "old", "new", requested=True, replaces=True))
        return changes

    def create(self, clouds: Connections) -> State:
        self._request("create", "before")
        state = self.cloud.make(self.name, marker=self.marker)
        self._request("", "after")
        return state | {"secret": f"secret of {state['id']}"}

    def update(self, clouds: Connections, state: State, changes: list[Change]) -> State:
        self._request("update", "before")
        self.cloud.things[self.name]["value"] = "right"
        self._request("", "after")
        secret = {"secret": "rolled"} if any(change.replaces for change in changes) else {}
        return self.cloud.things[self.name] | secret

    def delete(self, clouds: Connections, state: State) -> None:
        self.cloud.journal.append("delete")
        del self.cloud.things[self.name]

    def planned(self) -> State:
        return {"id": "", "value": ""}

    def one_time_secrets(self, state: State) -> Mapping[str, SecretStr]:
        if "secret" not in state:
            return {}
        return {"THING_ID": SecretStr(state["id"]), "SHOWN": SecretStr(state["secret"])}

    def _request(self, name: str, moment: str) -> None:
        if self._meanwhile and moment == "after":
            self._meanwhile()
        if self._killed == moment:
            raise Killed
        if self._killed == "lost" and moment == "after":
            self._killed = ""
            raise Unreachable("Cloud", "create", "no answer in time")
        if name:
            self.cloud.journal.append(name)


class Unmarked(Thing):
    """A thing whose provider has no place for a marker, nor an id that is in the vault, nor a secret."""

    kind: ClassVar[str] = "unmarked"
    credential: ClassVar[bool] = False
    known_by_id: ClassVar[bool] = False

    def is_marked(self, state: State, marker: str) -> bool:
        return False


class Checkout:
    """One clone of the guide, and its runs."""

    def __init__(self, directory: Path, environment: str = "production") -> None:
        self.vault, self.ledger = Vault(directory, environment), Ledger(directory, environment)
        self.events: list[Event] = []

    def run(self, mode: Mode, *things: Thing, adopt: Sequence[str] = (), release: Sequence[str] = ()) -> None:
        self.events.clear()
        decisions = Decisions(tuple(adopt), tuple(release))
        clouds = cast(Connections, things[0].cloud)
        reconciler = Reconciler("s", mode, clouds, self.vault, self.ledger, self.events.append, (), decisions)
        for thing in things:
            reconciler.ensure(thing)
        reconciler.finish()

    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.events]

    def stored(self) -> set[str]:
        return set(self.vault.all())


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


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
            held = [] if self.unfinished_rotation else [Change("secret", "not in the vault", "rolled", replaces=True)]
            return super().differences(state) or held

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
        OtherAccount, match="in the account cloud account, and these credentials lead to another account"
    ):
        checkout.run(mode, Thing(elsewhere))
    assert elsewhere.journal == []
    assert checkout.ledger.entry(Thing(cloud).key)
    assert checkout.stored() == {"THING_ID", "SHOWN"}
