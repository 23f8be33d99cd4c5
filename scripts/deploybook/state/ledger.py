"""The ledger: which resources this environment made or took over, each by its provider's own id; ``destroy`` goes by it alone.

An *intent* is written before the request that makes or rotates something. It becomes an entry only by an id: the one in the answer, or
one that is proved to be of that request. An intent says that something may be there, never that it is ours.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime

from deploybook.state.record_file import Record, RecordFile, Versioned

SUFFIX = ".made.json"
Key = tuple[str, str]


class Proof(StrEnum):
    """How an entry's id is known to be ours.

    ``TIME`` and ``NAME`` prove nothing: the resource appeared while a request of ours was on its way, or an old ledger names it. A
    colleague may have made it, so ``destroy`` never removes it by itself.
    """

    ANSWER = "answer"
    MARKER = "marker"
    VAULT = "vault"
    TIME = "time"
    NAME = "name"
    ADOPTED = "adopted"

    @property
    def certain(self) -> bool:
        """Whether it proves that a request of ours made the resource."""
        return self in {Proof.ANSWER, Proof.MARKER, Proof.VAULT}


class Action(StrEnum):
    """What an intent is about to do."""

    CREATE = "create"
    ROTATE = "rotate"


class Entry(Record):
    """One resource: the section that made it, kind and name, the provider's own ``id``, and the ``account`` it is in."""

    section: str
    kind: str
    name: str
    id: str
    account: str = ""
    environment: str
    made_at: AwareDatetime
    run: str
    proof: Proof = Proof.ANSWER

    @property
    def key(self) -> Key:
        """Kind and name."""
        return self.kind, self.name


class Intent(Record):
    """A request that is about to be sent, or was never answered. ``begun_at`` is None in one from before version 2.

    ``fingerprint``: what the vault held before a rotation. ``id``: what is rotated. ``marker``: a random hex string that the request
    carries where the provider has a place for it.
    """

    action: Action
    section: str
    kind: str
    name: str
    id: str = ""
    account: str = ""
    environment: str
    begun_at: AwareDatetime | None
    run: str
    fingerprint: str = ""
    marker: str = ""

    @property
    def key(self) -> Key:
        """Kind and name."""
        return self.kind, self.name


class _Ledger(Versioned):
    version: Literal[2] = 2
    entries: tuple[Entry, ...] = ()
    intents: tuple[Intent, ...] = ()


class Ledger:
    """The resources of one environment. Raises StateDamaged wherever its file cannot be read whole."""

    def __init__(self, directory: Path, environment: str) -> None:
        self.environment = environment
        self.path = directory / f"{environment}.made.json"
        self._file = RecordFile(
            self.path,
            directory / f"{environment}.made.json.bak",
            _Ledger(environment=environment),
            lambda data: _migrated(data, environment),
            "adopt what is yours again: deploybook run --mode apply names each with its --adopt",
        )

    def entries(self) -> list[Entry]:
        """What was made or taken over, oldest first."""
        return list(self._file.read().entries)

    def entry(self, key: Key) -> Entry | None:
        """The entry of a kind and name, whichever section made it."""
        return next((entry for entry in self.entries() if entry.key == key), None)

    def intents(self, key: Key, action: Action = Action.CREATE) -> list[Intent]:
        """The requests for a kind and name without a known end, oldest first."""
        return [intent for intent in self._file.read().intents if intent.key == key and intent.action is action]

    def sections(self) -> set[str]:
        """The sections that made something, or were about to."""
        state = self._file.read()
        return {entry.section for entry in state.entries} | {intent.section for intent in state.intents}

    def begin(self, intent: Intent) -> None:
        """Note a request that is about to be sent."""
        self._change(lambda state: {"intents": (*state.intents, intent)})

    def end(self, *intents: Intent) -> None:
        """Forget requests with a known end."""
        self._change(lambda state: {"intents": tuple(intent for intent in state.intents if intent not in intents)})

    def put(self, made: Entry, *settled: Intent) -> None:
        """Note a resource in place of any earlier one of its kind and name, and end the requests that it settles."""
        self._change(
            lambda state: {
                "entries": (*(entry for entry in state.entries if entry.key != made.key), made),
                "intents": tuple(intent for intent in state.intents if intent not in settled),
            }
        )

    def remove(self, key: Key) -> None:
        """Forget a resource that is gone or given back, and every request for it."""
        self._change(
            lambda state: {
                "entries": tuple(entry for entry in state.entries if entry.key != key),
                "intents": tuple(intent for intent in state.intents if intent.key != key),
            }
        )

    def elsewhere(self, key: Key, resource_id: str, account: str) -> Entry | None:
        """The entry of another environment of this checkout that is about the same resource."""
        for other in self._others():
            for entry in other.entries():
                same_account = not account or not entry.account or entry.account == account
                if entry.kind == key[0] and same_account and resource_id and entry.id == resource_id:
                    return entry
        return None

    def _others(self) -> Iterator[Ledger]:
        for path in sorted(self.path.parent.glob(f"*{SUFFIX}")):
            environment = path.name.removesuffix(SUFFIX)
            if environment != self.environment:
                yield Ledger(path.parent, environment)

    def _change(self, edit: Callable[[_Ledger], dict[str, Any]]) -> None:
        self._file.change(lambda state: state.model_copy(update=edit(state)))


def now() -> datetime:
    """This moment, as the ledger writes it."""
    return datetime.now(UTC)


def this_run() -> str:
    """The user and host of this run as ``user@host``, for readers in another clone."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _migrated(data: Any, environment: str) -> dict[str, Any] | None:
    """Version 1, a list of ``{section, kind, name}`` written before each create: each says only that something may be there."""
    fields = {"section", "kind", "name"}
    if not isinstance(data, list) or not all(isinstance(item, dict) and set(item) == fields for item in data):
        return None
    common = {"action": "create", "environment": environment, "begun_at": None, "run": "version 1"}
    return {"version": 2, "environment": environment, "entries": [], "intents": [item | common for item in data]}
