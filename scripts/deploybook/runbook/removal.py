"""``destroy``: checks first that nothing blocks it, then removes each resource by its id, newest first and credentials last.

It removes from the vault exactly the variables of the resources that it removed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Resource, StillNeeded
from deploybook.errors import NeedsDecision
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.modes import Mode
from deploybook.runbook.ownership import Ownership
from deploybook.state.ledger import Entry, Proof
from deploybook.state.vault import Vault


@dataclass(frozen=True)
class PendingDelete:
    """One resource to delete: its state as it was read, and the ledger's entry that proves it is ours."""

    resource: Resource[Any]
    state: Any
    entry: Entry


class Removal:
    """Collects the resources of a section's ``destroy``, and deletes them at the end."""

    def __init__(
        self,
        clouds: Connections,
        vault: Vault,
        ownership: Ownership,
        decisions: Decisions,
        line: Callable[[str, Resource[Any], str], None],
    ) -> None:
        self._clouds = clouds
        self._vault = vault
        self._ownership = ownership
        self._decisions = decisions
        self._line = line
        self._pending: list[PendingDelete] = []
        self._parts: list[Resource[Any]] = []
        self._lock = threading.Lock()

    def schedule(self, resource: Resource[Any], state: Any) -> Any:
        """Decide what happens to one resource; returns the state that the run goes on with."""
        if state is None:
            self._gone(resource)
            return resource.planned()
        if self._ownership.release(resource, state):
            self._line("left", resource, "released: it is no longer this environment's")
            return state
        self._ownership.settle(resource, state)
        self._adopt(resource, state)
        entry = self._ownership.ledger.entry(resource.key)
        if entry is None and resource.deleted_with and self._ownership.ledger.entry(resource.deleted_with):
            # It was made with the resource that it is a part of, and is deleted with it.
            self._parts.append(resource)
            return state
        if reason := self._reason_to_leave(resource, state, entry):
            self._line("left", resource, reason)
        elif entry:
            with self._lock:
                self._pending.append(PendingDelete(resource, state, entry))
        return state

    def finish(self) -> None:
        """Delete all pending resources; raises NeedsDecision before the first request if one of them is blocked."""
        newest_first = self._pending[::-1]
        ordered = [pending for pending in newest_first if not pending.resource.credential]
        ordered += [pending for pending in newest_first if pending.resource.credential]
        self._pending.clear()
        self._require_free(ordered)
        removed: set[tuple[str, str]] = set()
        for pending in ordered:
            if pending.resource.deleted_with and self._deleted_with_owner(pending, ordered):
                continue
            self._remove(pending, removed)
        for part in (*(pending.resource for pending in ordered), *self._parts):
            if part.key not in removed and part.deleted_with in removed:
                # It was deleted with the resource that it is a part of; deleting it first would only cost requests.
                part.forget()
                self._forget(part)

    def _require_free(self, ordered: list[PendingDelete]) -> None:
        empty = self._decisions.empty_bucket
        problems = [
            f"{pending.resource.kind} {pending.resource.name}: {reason}"
            for pending in ordered
            if (reason := pending.resource.blocked(self._clouds, pending.state, empty=empty))
        ]
        if problems:
            message = f"Nothing was destroyed, because it could not be completed: {'; '.join(problems)}."
            hint = "Move what you need, then run this again with --empty-bucket, which removes what is in it."
            raise NeedsDecision(message, hint, "bucket-not-empty")

    def _deleted_with_owner(self, part: PendingDelete, ordered: list[PendingDelete]) -> bool:
        return any(pending.resource.key == part.resource.deleted_with for pending in ordered)

    def _remove(self, pending: PendingDelete, removed: set[tuple[str, str]]) -> None:
        lost = self._ownership.ledger.intents(pending.resource.key)
        for stray in pending.resource.strays(self._clouds, pending.state, lost) if lost else []:
            pending.resource.remove_stray(self._clouds, stray)
            self._line("delete", pending.resource, f"{stray}, made by a request whose answer never came")
        try:
            detail = pending.resource.delete(self._clouds, pending.state)
        except StillNeeded as reason:
            self._line("left", pending.resource, str(reason))
            return
        self._forget(pending.resource)
        removed.add(pending.resource.key)
        self._line("delete", pending.resource, detail or "")

    def _gone(self, resource: Resource[Any]) -> None:
        """Forget a resource that does not exist: its entry, its intents, and its variables in the vault."""
        self._line("absent", resource, "")
        if self._ownership.ledger.entry(resource.key):
            self._forget(resource)
        elif intents := self._ownership.ledger.intents(resource.key):
            self._ownership.ledger.end(*intents)

    def _forget(self, resource: Resource[Any]) -> None:
        # The ledger is last: after a kill in between, the next run sees the entry without a resource and continues here.
        if resource.variables:
            self._vault.forget(*resource.variables)
        self._ownership.ledger.remove(resource.key)

    def _adopt(self, resource: Resource[Any], state: Any) -> None:
        """Take the operator's word for what a run of ours may have made."""
        entry = self._ownership.ledger.entry(resource.key)
        if self._ownership.ledger.intents(resource.key) or (entry and self._ownership.unproved(resource)):
            self._ownership.adopt(resource, state)

    def _reason_to_leave(self, resource: Resource[Any], state: Any, entry: Entry | None) -> str:
        if entry is None:
            if self._ownership.ledger.intents(resource.key):
                return self._until_named(resource, "somebody else may have made it")
            return "not made by deploybook"
        if entry.id != resource.identity(state):
            return f"another one of this name: {resource.identity(state)}, and ours was {entry.id}"
        if doubt := self._ownership.unproved(resource):
            return self._until_named(resource, doubt)
        if entry.proof is Proof.ADOPTED and not self._decisions.adopts(resource, entry.id):
            return "adopted, not made here: --adopt in this run removes it too"
        return ""

    def _until_named(self, resource: Resource[Any], doubt: str) -> str:
        return f"{doubt}. If it is, look at it, then remove it: {self._ownership.command(resource, mode=Mode.DESTROY)}"
