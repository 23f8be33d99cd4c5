"""How a wish becomes a fact: read, compare, and act as the mode allows. The only place that decides by mode about a resource."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change, Resource, StillNeeded
from deploybook.errors import Conflict, ServiceError, Unreachable
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode
from deploybook.state.ledger import Ledger, Made
from deploybook.state.vault import Vault


class Reconciler:
    """Ensures the resources of one section's run. ``drifted`` collects what ``verify`` found to be otherwise than wished."""

    def __init__(
        self,
        slug: str,
        mode: Mode,
        clouds: Connections,
        vault: Vault,
        ledger: Ledger,
        show: Callable[[Event], None],
        expected: Collection[str] = (),
    ) -> None:
        self._slug = slug
        self._mode = mode
        self._clouds = clouds
        self._vault = vault
        self._ledger = ledger
        self._show = show
        # Variables that are known when this section has run, in this mode or not: what waits for them is made then.
        self._expected = expected
        self._pending_deletes: list[tuple[Resource[Any], Any]] = []
        self._told: set[Made] = set()
        self._lock = threading.Lock()
        self.drifted: list[str] = []
        # When something was last changed, on the monotonic clock; checks are patient for a while after it.
        self.changed_at = float("-inf")
        # Variables that a provider showed in this run and that are in the vault since.
        self.shown: set[str] = set()

    def ensure(self, resource: Resource[Any]) -> Any:
        """Bring one resource to what is wished and give its state; see ``Runbook.ensure``."""
        if resource.waits_for and self._mode is not Mode.DESTROY:
            self._wait(resource, resource.waits_for)
            return None
        state = resource.read(self._clouds)
        again = self._already_told(resource)
        if again and not self._mode.makes:
            return resource.planned() if state is None else state
        if self._mode is Mode.DESTROY:
            return self._schedule_delete(resource, state)
        if state is None:
            return self._absent(resource)
        changes = resource.differences(state)
        if self._mode is Mode.VERIFY:
            return self._judge(resource, state, [change for change in changes if not change.requested])
        if not changes:
            if not again:
                self._line("unchanged", resource)
            return state
        return self._differing(resource, state, changes)

    def finish(self) -> None:
        """In ``destroy``: remove what was found, newest first."""
        for resource, state in reversed(self._pending_deletes):
            try:
                detail = resource.delete(self._clouds, state)
            except StillNeeded as reason:
                self._line("left", resource, str(reason))
                continue
            self._ledger.remove(self._made(resource))
            self._line("delete", resource, detail or "")
        self._pending_deletes.clear()

    def _wait(self, resource: Resource[Any], name: str) -> None:
        if self._mode is Mode.PLAN and name in self._expected:
            self._line("would create", resource, f"once {name} is known")
        else:
            self._line("later", resource, f"needs {name}")

    def _absent(self, resource: Resource[Any]) -> Any:
        if self._mode is Mode.PLAN:
            self._line("would create", resource)
            return resource.planned()
        if self._mode is Mode.VERIFY:
            self._drift(resource, "it is not there", resource.absent_entry)
            return resource.planned()
        return self._create(resource)

    def _create(self, resource: Resource[Any]) -> Any:
        made = self._made(resource)
        self._ledger.add(made)
        try:
            state = resource.create(self._clouds)
        except Unreachable:
            return self._after_lost_answer(resource)
        except Conflict:
            # Somebody else made it between our look and our request: it is theirs.
            self._ledger.remove(made)
            raise
        except ServiceError:
            if resource.read(self._clouds) is None:
                self._ledger.remove(made)
            raise
        self._keep(resource, state)
        self._line("create", resource)
        return state

    def _after_lost_answer(self, resource: Resource[Any]) -> Any:
        """A create whose answer was lost: it is looked up by name, never sent twice."""
        state = resource.read(self._clouds)
        if state is None:
            state = resource.create(self._clouds)
        elif changes := resource.differences(state):
            state = resource.update(self._clouds, state, changes)
        self._keep(resource, state)
        self._line("create", resource, "its first answer was lost")
        return state

    def _differing(self, resource: Resource[Any], state: Any, changes: list[Change]) -> Any:
        described = ", ".join(str(change) for change in changes)
        if self._mode is Mode.PLAN:
            self._line("would update", resource, described)
            return state
        state = resource.update(self._clouds, state, changes)
        self._keep(resource, state)
        self._line("update", resource, described)
        return state

    def _judge(self, resource: Resource[Any], state: Any, changes: list[Change]) -> Any:
        if changes:
            entry = next((change.entry for change in changes if change.entry), resource.drift_entry)
            self._drift(resource, ", ".join(str(change) for change in changes), entry)
        else:
            self._line("unchanged", resource)
        return state

    def _already_told(self, resource: Resource[Any]) -> bool:
        """Whether this run had the same resource before: a section may come back to it when it knows more."""
        made = self._made(resource)
        with self._lock:
            told = made in self._told
            self._told.add(made)
        return told

    def _schedule_delete(self, resource: Resource[Any], state: Any) -> Any:
        made = self._made(resource)
        if state is None:
            self._ledger.remove(made)
            self._line("absent", resource)
            return resource.planned()
        entries = self._ledger.entries()
        if resource.deleted_with and Made(self._slug, *resource.deleted_with) in entries:
            # It is gone with what it is a part of; removing it first would only cost requests.
            self._ledger.remove(made)
            resource.forget()
            return state
        if made not in entries:
            self._line("left", resource, "not made by deploybook")
        else:
            with self._lock:
                self._pending_deletes.append((resource, state))
        return state

    def _keep(self, resource: Resource[Any], state: Any) -> None:
        self.changed_at = time.monotonic()
        kept = resource.one_time_secrets(state)
        if kept:
            self._vault.put(kept)
            self.shown.update(kept)

    def _made(self, resource: Resource[Any]) -> Made:
        return Made(self._slug, resource.kind, resource.name)

    def _drift(self, resource: Resource[Any], detail: str, entry: str) -> None:
        with self._lock:
            self.drifted.append(f"{resource.kind} {resource.name}")
        self._show(Event("resource", "failed", f"{resource.kind} {resource.name}", detail, entry))

    def _line(self, outcome: str, resource: Resource[Any], detail: str = "") -> None:
        self._show(Event("resource", outcome, f"{resource.kind} {resource.name}", detail))
