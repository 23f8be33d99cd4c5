"""Brings a resource to its desired state: read, compare, act as the mode allows. Only this module decides about resources by mode."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change, Resource
from deploybook.clouds.waiting import wait_until
from deploybook.errors import Conflict, ServiceError, UnexpectedResponse, Unreachable
from deploybook.redact import fingerprint
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode
from deploybook.runbook.ownership import Owner, Ownership
from deploybook.runbook.removal import Removal
from deploybook.state.ledger import Action, Intent, Ledger
from deploybook.state.vault import Vault

GONE = frozenset({"delete", "absent"})
NOT_MADE_HERE = "exists, not made here"
# So long a provider may take to carry out a create of a run that was killed.
APPEARS_SECONDS = 60.0


class Reconciler:
    """Ensures the resources of one section's run. ``drifted`` collects what ``verify`` saw to be otherwise than desired."""

    def __init__(
        self,
        slug: str,
        mode: Mode,
        clouds: Connections,
        vault: Vault,
        ledger: Ledger,
        show: Callable[[Event], None],
        expected: Collection[str] = (),
        decisions: Decisions | None = None,
    ) -> None:
        self._slug = slug
        self._mode = mode
        self._clouds = clouds
        self._vault = vault
        self._ledger = ledger
        self._show = show
        # Variables that are known when this section has run, in this mode or not: what waits for them is made then.
        self._expected = expected
        self._decisions = decisions or Decisions()
        self._ownership = Ownership(slug, clouds, vault, ledger, self._decisions)
        self._removal = Removal(clouds, vault, self._ownership, self._decisions, self._emit)
        self._reported: set[tuple[str, str]] = set()
        # Where the dashboards show what this run has seen: a dry run's things are in none.
        self._pages: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        self.drifted: list[str] = []
        # When something was last changed, on the monotonic clock, and how long its provider may take to show it: checks are patient for
        # as long.
        self.changed_at = float("-inf")
        self.settle_seconds = 0.0
        # Variables that a provider showed in this run; the vault has them since.
        self.one_time_variables: set[str] = set()

    def ensure(self, resource: Resource[Any]) -> Any:
        """Bring one resource to what is desired and give its state; see ``Runbook.ensure``."""
        if resource.waits_for and self._mode is not Mode.DESTROY:
            self._wait(resource, resource.waits_for)
            return None
        self._ownership.prepare(resource)
        state = resource.read(self._clouds)
        if state is None:
            self._ownership.require_account(resource)
        else:
            self._locate(resource, state)
        repeated = self._was_reported(resource)
        if repeated and not self._mode.makes:
            return resource.planned() if state is None else state
        if self._mode is Mode.DESTROY:
            return self._removal.schedule(resource, state)
        if state is None:
            return self._absent(resource)
        if self._mode.makes:
            return self._present(resource, state, repeated=repeated)
        owner = self._ownership.judge(resource, state)
        changes = resource.differences(state)
        if self._mode is Mode.VERIFY:
            return self._judge(resource, state, [change for change in changes if not change.requested])
        return self._planned(resource, state, owner, changes)

    def finish(self) -> None:
        """In ``destroy``: remove what was made here, newest first and credentials last."""
        self._removal.finish()

    def _wait(self, resource: Resource[Any], name: str) -> None:
        if self._mode is Mode.PLAN and name in self._expected:
            self._emit("would create", resource, f"once {name} is known")
        else:
            self._emit("later", resource, f"needs {name}")

    def _absent(self, resource: Resource[Any]) -> Any:
        if self._mode is Mode.PLAN:
            taken = resource.taken_from(self._clouds)
            self._emit(*(("left", resource, f"{taken}: apply stops") if taken else ("would create", resource)))
            return resource.planned()
        if self._mode is Mode.VERIFY:
            self._drift(resource, "it does not exist", resource.absent_entry)
            return resource.planned()
        self._ownership.require_within(resource)
        self._ownership.require_nothing_taken(resource)
        return self._create(resource)

    def _planned(self, resource: Resource[Any], state: Any, owner: Owner, changes: list[Change]) -> Any:
        described = ", ".join(str(change) for change in changes)
        if not owner.ours and (changes or resource.variables):
            theirs = f"{NOT_MADE_HERE}: apply stops" + (f" ({described})" if described else "")
            self._emit("left", resource, theirs)
        elif changes and not all(change.unknown for change in changes):
            self._emit("would update", resource, described)
        else:
            self._emit("unchanged", resource, resource.undecided(state) or self._doubt(resource, owner))
        return state

    def _doubt(self, resource: Resource[Any], owner: Owner) -> str:
        """What the operator should know about its owner; empty if it is ours."""
        return self._ownership.unproved(resource) if owner.ours else NOT_MADE_HERE

    def _present(self, resource: Resource[Any], state: Any, *, repeated: bool) -> Any:
        """``apply`` to a resource that exists: check its owner first, then what to change."""
        if self._ownership.release(resource, state):
            self._emit("left", resource, "released: it is no longer this environment's")
            return state
        self._ownership.settle(resource, state)
        adopted = self._ownership.adopt(resource, state)
        owner = self._ownership.judge(resource, state)
        changes = resource.differences(state)
        if resource.variables and owner in {Owner.UNKNOWN, Owner.ELSEWHERE}:
            # Once recorded in the vault it would look like this environment's own.
            self._ownership.require(resource, owner, state, changes)
        changes = resource.examine(self._clouds, state, changes)
        if not owner.recorded:
            # Another clone made it and has the record; this clone cannot compare it, and does not overwrite it.
            changes = [change for change in changes if not change.unknown]
        self._pin(resource)
        self._sweep(resource, state)
        if not changes:
            if not repeated:
                self._emit("unchanged", resource, resource.undecided(state) or self._doubt(resource, owner))
            return state
        self._ownership.require(resource, owner, state, changes)
        self._ownership.require_decision(resource, changes, adopted=adopted)
        self._ownership.require_nothing_taken(resource)
        return self._update(resource, state, changes)

    def _create(self, resource: Resource[Any]) -> Any:
        # Requests of earlier runs whose end is not known: one of them may be carried out late, and take the name.
        earlier = self._ownership.ledger.intents(resource.key)
        if resource.credential and resource.variables:
            self._vault.require_writable()
        intent = self._ownership.begin(resource, Action.CREATE)
        try:
            state = resource.create(self._clouds)
        except Unreachable:
            return self._after_lost_answer(resource)
        except Conflict:
            return self._after_conflict(resource, intent, earlier)
        except ServiceError as error:
            # Refused in the provider's words, nothing was made by this request. Of any other answer that is not known: the intent stays.
            if not (isinstance(error, UnexpectedResponse) and error.may_be_done):
                self._ledger.end(intent)
            raise
        self._kept(resource, state, intent)
        self._emit("create", resource)
        if earlier:
            # One of them may have been carried out between our look and our request.
            resource.known_id = resource.identity(state)
            resource.read(self._clouds)
            self._sweep(resource, state)
        return state

    def _after_lost_answer(self, resource: Resource[Any]) -> Any:
        """Look for the result of a create whose answer was lost; never send it twice while the resource may exist."""
        state = resource.read(self._clouds)
        if state is None:
            state = resource.create(self._clouds)
            # The first request may still be carried out: its intent stays until the resource is seen alone.
            self._kept(resource, state)
        else:
            self._ownership.settle(resource, state)
            owner = self._ownership.judge(resource, state)
            self._ownership.require(resource, owner, state, [])
            self._keep(resource, state)
            self._pin(resource)
            lost = "; ".join(filter(None, ("its first answer was lost", self._ownership.unproved(resource))))
            self._emit("create", resource, lost)
            return self._present(resource, state, repeated=True)
        self._emit("create", resource, "its first answer was lost")
        return state

    def _after_conflict(self, resource: Resource[Any], intent: Intent, earlier: list[Intent]) -> Any:
        """The name was taken between our look and our request: by somebody else, or by a request of ours that came late."""
        self._ledger.end(intent)
        # Of a request that is still being carried out the name is taken at once, and the resource is shown when it is made.
        subject = f"the {resource.kind} {resource.name} that an earlier run began to create"
        state: Any = wait_until(
            lambda read: read is not None,
            lambda: resource.read(self._clouds),
            APPEARS_SECONDS if earlier else 0.0,
            subject=subject,
        )
        if state is not None and earlier:
            self._ownership.settle(resource, state)
            if self._ownership.judge(resource, state).ours:
                return self._present(resource, state, repeated=False)
        if state is None:
            raise Conflict(
                resource.provider,
                "create it",
                f"The name {resource.name} of the {resource.kind} is taken by one that these credentials do not see.",
                "Choose another name.",
            ) from None
        owner = self._ownership.judge(resource, state)
        self._ownership.require(resource, owner, state, [])
        return state

    def _update(self, resource: Resource[Any], state: Any, changes: list[Change]) -> Any:
        described = ", ".join(str(change) for change in changes)
        intents = self._ledger.intents(resource.key, Action.ROTATE)
        if any(change.replaces for change in changes):
            self._vault.require_writable()
            vault_values = {name: value for name, value in self._vault.all().items() if name in resource.variables}
            secret = next(
                iter(vault_values[name] for name in reversed(resource.variables) if name in vault_values), None
            )
            print_ = fingerprint(secret, resource.identity(state)) if secret else ""
            intents = [*intents, self._ownership.begin(resource, Action.ROTATE, resource.identity(state), print_)]
        state = resource.update(self._clouds, state, changes)
        self._keep(resource, state)
        self._ownership.follow(resource, state)
        self._ledger.end(*intents)
        self._emit("update", resource, "; ".join(filter(None, (described, self._ownership.unproved(resource)))))
        return state

    def _judge(self, resource: Resource[Any], state: Any, changes: list[Change]) -> Any:
        if changes:
            entry = next((change.entry for change in changes if change.entry), resource.drift_entry)
            self._drift(resource, ", ".join(str(change) for change in changes), entry)
        else:
            self._emit("unchanged", resource, resource.undecided(state))
        return state

    def _was_reported(self, resource: Resource[Any]) -> bool:
        """Whether this run has reported the same resource before: a section may return to it when it knows more."""
        with self._lock:
            reported = resource.key in self._reported
            self._reported.add(resource.key)
        return reported

    def _sweep(self, resource: Resource[Any], state: Any) -> None:
        """Remove what our unanswered requests made, and forget those requests."""
        lost = self._ledger.intents(resource.key)
        if not lost:
            return
        for stray in resource.strays(self._clouds, state, lost):
            resource.remove_stray(self._clouds, stray)
            self._emit("delete", resource, f"{stray}, made by a request whose answer never came")

    def _kept(self, resource: Resource[Any], state: Any, *settled: Intent) -> None:
        self._keep(resource, state)
        self._ownership.made(resource, state, *settled)
        self._ledger.end(*self._ledger.intents(resource.key, Action.ROTATE))
        self._pin(resource)

    def _locate(self, resource: Resource[Any], state: Any) -> None:
        if self._mode.live:
            self._pages[resource.key] = resource.page(self._clouds, state)

    def _keep(self, resource: Resource[Any], state: Any) -> None:
        self._locate(resource, state)
        self.changed_at = time.monotonic()
        self.settle_seconds = max(self.settle_seconds, resource.settle_seconds)
        kept = resource.one_time_secrets(state)
        if kept:
            self._vault.put(kept)
            self.one_time_variables.update(kept)

    def _pin(self, resource: Resource[Any]) -> None:
        if resource.provider:
            self._clouds.pin(resource.provider)

    def _drift(self, resource: Resource[Any], detail: str, entry: str) -> None:
        with self._lock:
            self.drifted.append(f"{resource.kind} {resource.name}")
        self._emit("failed", resource, detail, entry)

    def _emit(self, outcome: str, resource: Resource[Any], detail: str = "", entry: str = "") -> None:
        page = "" if outcome in GONE else self._pages.get(resource.key, "")
        self._show(Event("resource", outcome, f"{resource.kind} {resource.name}", detail, entry, page=page))
