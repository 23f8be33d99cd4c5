"""``destroy``: first what stands in the way, then each thing by its id, newest first, credentials last, and of the vault exactly that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Resource, StillNeeded
from deploybook.errors import NeedsDecision
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.ownership import Ownership
from deploybook.state.ledger import Entry, Proof
from deploybook.state.vault import Vault


@dataclass(frozen=True)
class Doomed:
    """One resource that is to go, as it was read, with the ledger's entry by which it goes."""

    resource: Resource[Any]
    state: Any
    entry: Entry


class Removal:
    """Collects what a section's ``destroy`` meets, and removes it at the end."""

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
        self._doomed: list[Doomed] = []
        self._parts: list[Resource[Any]] = []
        self._lock = threading.Lock()

    def schedule(self, resource: Resource[Any], state: Any) -> Any:
        """Decide about one resource as it was read; gives what the run goes on with."""
        if state is None:
            self._gone(resource)
            return resource.planned()
        if self._ownership.release(resource, state):
            self._line("left", resource, "released: it is no longer this environment's")
            return state
        self._ownership.settle(resource, state, by_time=False)
        entry = self._ownership.ledger.entry(resource.key)
        if entry is None and resource.deleted_with and self._ownership.ledger.entry(resource.deleted_with):
            # It came with what it is a part of, and goes with that.
            self._parts.append(resource)
            return state
        if reason := self._reason_to_leave(resource, state, entry):
            self._line("left", resource, reason)
        elif entry:
            with self._lock:
                self._doomed.append(Doomed(resource, state, entry))
        return state

    def finish(self) -> None:
        """Remove it all, or nothing: raises NeedsDecision before the first removal if something stands in the way."""
        newest_first = self._doomed[::-1]
        ordered = [each for each in newest_first if not each.resource.credential]
        ordered += [each for each in newest_first if each.resource.credential]
        self._doomed.clear()
        self._require_free(ordered)
        removed: set[tuple[str, str]] = set()
        for each in ordered:
            if each.resource.deleted_with and self._goes_with_its_whole(each, ordered):
                continue
            self._remove(each, removed)
        for part in (*(each.resource for each in ordered), *self._parts):
            if part.key not in removed and part.deleted_with in removed:
                # It went with what it was a part of; removing it first would only have cost requests.
                part.forget()
                self._forget(part)

    def _require_free(self, ordered: list[Doomed]) -> None:
        empty = self._decisions.empty_bucket
        problems = [
            f"{each.resource.kind} {each.resource.name}: {reason}"
            for each in ordered
            if (reason := each.resource.blocked(self._clouds, each.state, empty=empty))
        ]
        if problems:
            message = f"Nothing was destroyed, for it could not be done to the end: {'; '.join(problems)}."
            hint = "Move what you need, then run this again with --empty-bucket, which removes what is in it."
            raise NeedsDecision(message, hint, "bucket-not-empty")

    def _goes_with_its_whole(self, part: Doomed, ordered: list[Doomed]) -> bool:
        return any(each.resource.key == part.resource.deleted_with for each in ordered)

    def _remove(self, each: Doomed, removed: set[tuple[str, str]]) -> None:
        try:
            detail = each.resource.delete(self._clouds, each.state)
        except StillNeeded as reason:
            self._line("left", each.resource, str(reason))
            return
        self._forget(each.resource)
        removed.add(each.resource.key)
        self._line("delete", each.resource, detail or "")

    def _gone(self, resource: Resource[Any]) -> None:
        """Nothing of it is there: an entry for it is done with, and so are the vault's variables of it."""
        self._line("absent", resource, "")
        if self._ownership.ledger.entry(resource.key):
            self._forget(resource)
        elif intents := self._ownership.ledger.intents(resource.key):
            self._ownership.ledger.end(*intents)

    def _forget(self, resource: Resource[Any]) -> None:
        # The ledger last: a run that is killed in between finds the entry, sees that the thing is gone, and goes on here.
        if resource.variables:
            self._vault.forget(*resource.variables)
        self._ownership.ledger.remove(resource.key)

    def _reason_to_leave(self, resource: Resource[Any], state: Any, entry: Entry | None) -> str:
        if entry is None:
            if self._ownership.ledger.intents(resource.key):
                return "an unfinished run may have made it, or somebody else: run apply, which settles that"
            return "not made by deploybook"
        if entry.id != resource.identity(state):
            return f"another one of this name: {resource.identity(state)}, and ours was {entry.id}"
        if entry.proof is Proof.ADOPTED and not self._decisions.adopts(resource, entry.id):
            return "taken over, not made here: --adopt in this run removes it too"
        return ""
