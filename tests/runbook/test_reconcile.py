"""``ensure`` acts as the mode allows, keeps one-time values first, and never makes a thing twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, cast

import pytest
from pydantic import SecretStr

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change, Resource, StillNeeded
from deploybook.errors import Conflict, NotMadeHere, ServiceError, UnexpectedResponse, Unreachable
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode
from deploybook.runbook.reconcile import Reconciler
from deploybook.state.ledger import Entry, Intent, Ledger, now
from deploybook.state.pins import Account
from deploybook.state.vault import Vault


class Clouds:
    """The one account of the test's provider."""

    def account(self, provider: str) -> Account:
        return Account(id=f"{provider} account")

    def pin(self, provider: str) -> None:
        del provider


CLOUDS = cast(Connections, Clouds())


def entry(kind: str = "thing", name: str = "t", resource_id: str = "id-of-a") -> Entry:
    return Entry(
        section="s",
        kind=kind,
        name=name,
        id=resource_id,
        account="cloud account",
        environment="e",
        made_at=now(),
        run="r",
    )


class Thing(Resource[str]):
    """A resource at a provider that is one list; ``calls`` is what it was asked."""

    kind: ClassVar[str] = "thing"
    provider: ClassVar[str] = "cloud"

    def __init__(self, wanted: str, world: list[str], *, on_create: Exception | None = None, acts: bool = True) -> None:
        self.name = "t"
        self.wanted = wanted
        self.world = world
        self.calls: list[str] = []
        self._on_create = on_create
        self._acts = acts

    def read(self, clouds: Connections) -> str | None:
        return self.world[0] if self.world else None

    def identity(self, state: str) -> str:
        return f"id-of-{state}"

    def page(self, clouds: Connections, state: str) -> str:
        return f"https://cloud.example.com/{state}"

    def differences(self, state: str) -> list[Change]:
        return [] if state == self.wanted else [Change("value", state, self.wanted)]

    def create(self, clouds: Connections) -> str:
        self.calls.append("create")
        error, self._on_create = self._on_create, None
        if error is None or self._acts:
            self.world.append(self.wanted)
        if error is not None:
            raise error
        return self.wanted

    def update(self, clouds: Connections, state: str, changes: list[Change]) -> str:
        self.calls.append("update")
        self.world[0] = self.wanted
        return self.wanted

    def delete(self, clouds: Connections, state: str) -> None:
        self.calls.append("delete")
        self.world.clear()

    def planned(self) -> str:
        return "planned"

    def one_time_secrets(self, state: str) -> Mapping[str, SecretStr]:
        return {"SHOWN_ONCE": SecretStr(state)}


class World:
    """One environment on disk, and reconcilers in any mode over it."""

    def __init__(self, directory: Path) -> None:
        self.vault, self.ledger = Vault(directory, "e"), Ledger(directory, "e")
        self.lines: list[Event] = []

    def reconciler(self, mode: Mode) -> Reconciler:
        return Reconciler("s", mode, CLOUDS, self.vault, self.ledger, self.lines.append)

    def outcomes(self) -> list[str]:
        return [line.outcome for line in self.lines]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_line_says_where_the_thing_is_at_the_provider_until_it_is_removed(world: World) -> None:
    things: list[str] = []
    for mode in (Mode.PLAN, Mode.APPLY, Mode.VERIFY):
        world.reconciler(mode).ensure(Thing("a", things))
    last = world.reconciler(Mode.DESTROY)
    last.ensure(Thing("a", things))
    last.finish()
    pages = [(line.outcome, line.page) for line in world.lines]
    page = "https://cloud.example.com/a"
    assert pages == [("would create", ""), ("create", page), ("unchanged", page), ("delete", "")]


def test_what_a_dry_run_makes_is_in_no_dashboard(world: World) -> None:
    world.reconciler(Mode.DRY_RUN).ensure(Thing("a", []))
    assert [line.page for line in world.lines] == [""]


@pytest.mark.parametrize("mode", [Mode.APPLY, Mode.DRY_RUN])
def test_what_is_absent_is_created_then_unchanged(world: World, mode: Mode) -> None:
    things: list[str] = []
    assert world.reconciler(mode).ensure(Thing("a", things)) == "a"
    second = Thing("a", things)
    world.reconciler(mode).ensure(second)
    assert world.outcomes() == ["create", "unchanged"]
    assert second.calls == []
    assert things == ["a"]


def test_what_differs_is_updated_and_says_how(world: World) -> None:
    world.ledger.put(entry(resource_id="id-of-old"))
    world.reconciler(Mode.APPLY).ensure(Thing("new", ["old"]))
    assert world.lines[0].detail == "value: old → new"
    assert world.vault.get("SHOWN_ONCE") == SecretStr("new")


@pytest.mark.parametrize(
    ("things", "outcome"), [([], "would create"), (["old"], "would update"), (["new"], "unchanged")]
)
def test_plan_tells_and_changes_nothing(world: World, things: list[str], outcome: str) -> None:
    before = list(things)
    world.ledger.put(entry(resource_id="id-of-old"))
    thing = Thing("new", things)
    world.reconciler(Mode.PLAN).ensure(thing)
    assert world.outcomes() == [outcome]
    assert thing.calls == []
    assert things == before
    assert world.vault.all() == {}


@pytest.mark.parametrize(("things", "drifted"), [([], ["thing t"]), (["old"], ["thing t"]), (["new"], [])])
def test_verify_names_what_is_otherwise_and_changes_nothing(
    world: World, things: list[str], drifted: list[str]
) -> None:
    reconciler, thing = world.reconciler(Mode.VERIFY), Thing("new", things)
    reconciler.ensure(thing)
    assert reconciler.drifted == drifted
    assert thing.calls == []


def test_destroy_removes_what_apply_made_newest_first(world: World) -> None:
    things: list[str] = []
    world.reconciler(Mode.APPLY).ensure(Thing("a", things))
    reconciler = world.reconciler(Mode.DESTROY)
    reconciler.ensure(Thing("a", things))
    assert things == ["a"]
    reconciler.finish()
    assert things == []
    assert world.ledger.entries() == []


def test_destroy_leaves_what_it_did_not_make(world: World) -> None:
    things = ["theirs"]
    reconciler = world.reconciler(Mode.DESTROY)
    reconciler.ensure(Thing("theirs", things))
    reconciler.finish()
    assert things == ["theirs"]
    assert world.outcomes() == ["left"]


class Shared(Thing):
    """A thing that others have come to use."""

    def delete(self, clouds: Connections, state: str) -> None:
        raise StillNeeded("others use it")


def test_destroy_leaves_what_others_have_come_to_use_and_goes_on(world: World) -> None:
    shared, own = Shared("s", []), Thing("o", [])
    shared.name = "shared"
    for thing in (own, shared):
        world.reconciler(Mode.APPLY).ensure(thing)
    reconciler = world.reconciler(Mode.DESTROY)
    reconciler.ensure(own)
    reconciler.ensure(shared)
    world.lines.clear()
    reconciler.finish()
    assert [(line.outcome, line.detail) for line in world.lines] == [("left", "others use it"), ("delete", "")]
    assert [made.name for made in world.ledger.entries()] == ["shared"]


def test_destroy_goes_on_with_what_is_known_of_a_thing_that_is_gone(world: World) -> None:
    world.ledger.put(entry())
    reconciler = world.reconciler(Mode.DESTROY)
    assert reconciler.ensure(Thing("a", [])) == "planned"
    reconciler.finish()
    assert world.outcomes() == ["absent"]
    assert world.ledger.entries() == []


def test_what_was_there_before_apply_is_not_ours(world: World) -> None:
    world.reconciler(Mode.APPLY).ensure(Thing("a", ["a"]))
    assert world.ledger.entries() == []


def test_a_create_whose_answer_was_lost_is_found_not_repeated(world: World) -> None:
    things: list[str] = []
    thing = Thing("a", things, on_create=Unreachable("S", "create", "lost"))
    world.reconciler(Mode.APPLY).ensure(thing)
    assert thing.calls == ["create"]
    assert things == ["a"]
    assert world.vault.get("SHOWN_ONCE") == SecretStr("a")


def test_a_create_that_never_arrived_is_sent_again(world: World) -> None:
    things: list[str] = []
    thing = Thing("a", things, on_create=Unreachable("S", "create", "lost"), acts=False)
    world.reconciler(Mode.APPLY).ensure(thing)
    assert thing.calls == ["create", "create"]
    assert things == ["a"]


def test_what_another_made_in_between_is_not_ours(world: World) -> None:
    with pytest.raises(NotMadeHere):
        world.reconciler(Mode.APPLY).ensure(Thing("a", [], on_create=Conflict("S", "create", "taken")))
    assert world.ledger.entries() == []


@pytest.mark.parametrize(("status", "kept"), [(201, 1), (500, 1), (520, 1), (400, 0), (402, 0), (0, 0)])
def test_a_create_that_may_have_been_carried_out_keeps_its_note(world: World, status: int, kept: int) -> None:
    error = UnexpectedResponse("Cloud", "create it", "no field id", status=status)
    thing = Thing("a", [], on_create=error)
    with pytest.raises(UnexpectedResponse):
        world.reconciler(Mode.APPLY).ensure(thing)
    assert len(world.ledger.intents(("thing", "t"))) == kept
    assert thing.calls == ["create"]


def test_the_longest_settling_change_says_how_long_checks_are_patient(world: World) -> None:
    class Slow(Thing):
        kind: ClassVar[str] = "slow thing"
        settle_seconds: ClassVar[float] = 75.0

    reconciler = world.reconciler(Mode.APPLY)
    for thing in (Slow("a", []), Thing("a", [])):
        reconciler.ensure(thing)
    assert reconciler.settle_seconds == 75.0


def test_a_refused_create_leaves_no_note(world: World) -> None:
    with pytest.raises(ServiceError):
        world.reconciler(Mode.APPLY).ensure(Thing("a", [], on_create=ServiceError("S", "create", "no"), acts=False))
    assert world.ledger.entries() == []


def test_the_note_is_written_before_the_provider_is_asked(world: World) -> None:
    noted: list[Intent] = []

    class Watching(Thing):
        def create(self, clouds: Connections) -> str:
            noted.extend(world.ledger.intents(self.key))
            return super().create(clouds)

    world.reconciler(Mode.APPLY).ensure(Watching("a", []))
    assert [(intent.kind, intent.name) for intent in noted] == [("thing", "t")]


def test_what_a_provider_showed_is_reported_by_name(world: World) -> None:
    reconciler = world.reconciler(Mode.APPLY)
    one_time_variables = reconciler.one_time_variables
    reconciler.ensure(Thing("a", []))
    assert one_time_variables == {"SHOWN_ONCE"}


def test_the_one_time_value_is_kept_before_the_line_is_shown(world: World) -> None:
    values: list[SecretStr | None] = []
    reconciler = Reconciler(
        "s", Mode.APPLY, CLOUDS, world.vault, world.ledger, lambda _: values.append(world.vault.get("SHOWN_ONCE"))
    )
    reconciler.ensure(Thing("a", []))
    assert values == [SecretStr("a")]


def test_what_waits_for_a_variable_that_apply_will_know_is_planned(world: World) -> None:
    thing = Thing("a", [])
    thing.waits_for = "X"
    for mode, expected in ((Mode.PLAN, {"X"}), (Mode.PLAN, {"Y"}), (Mode.APPLY, {"X"})):
        Reconciler("s", mode, CLOUDS, world.vault, world.ledger, world.lines.append, expected).ensure(thing)
    assert world.outcomes() == ["would create", "later", "later"]
    assert thing.calls == []


def test_what_waits_for_a_variable_is_reported_and_left(world: World) -> None:
    thing = Thing("a", [])
    thing.waits_for = "X"
    assert world.reconciler(Mode.APPLY).ensure(thing) is None
    assert world.outcomes() == ["later"]
    assert thing.calls == []


@pytest.mark.parametrize("mode", list(Mode))
def test_a_resource_that_a_section_comes_back_to_is_reported_once(world: World, mode: Mode) -> None:
    things = ["a"]
    world.ledger.put(entry())
    reconciler = world.reconciler(mode)
    thing = Thing("a", things)
    reconciler.ensure(thing)
    reconciler.ensure(thing)
    reconciler.finish()
    assert len(world.lines) == 1
    assert thing.calls == (["delete"] if mode is Mode.DESTROY else [])


class Whole(Thing):
    """Something that has parts."""

    kind: ClassVar[str] = "whole"


def test_a_part_is_removed_with_its_whole(world: World) -> None:
    whole, part = Whole("a", []), Thing("a", [])
    part.deleted_with = part.within = whole.key
    for thing in (whole, part):
        world.reconciler(Mode.APPLY).ensure(thing)
    reconciler = world.reconciler(Mode.DESTROY)
    world.lines.clear()
    for thing in (whole, part):
        thing.calls.clear()
        reconciler.ensure(thing)
    reconciler.finish()
    assert whole.calls == ["delete"]
    assert part.calls == []
    assert world.outcomes() == ["delete"]
    assert world.ledger.entries() == []


def test_a_part_of_what_others_made_is_removed_by_itself(world: World) -> None:
    world.ledger.put(entry())
    part = Thing("a", ["a"])
    part.deleted_with = ("whole", "w")
    reconciler = world.reconciler(Mode.DESTROY)
    reconciler.ensure(part)
    reconciler.finish()
    assert part.calls == ["delete"]
