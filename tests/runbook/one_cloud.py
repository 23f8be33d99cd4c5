"""A provider in memory, a resource at it, and a clone that runs: for what follows from whose a resource is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, cast

from pydantic import SecretStr

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.errors import (
    Unreachable,
)
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode
from deploybook.runbook.reconcile import Reconciler
from deploybook.state.ledger import Ledger, now
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
