"""Whose a resource is: by the provider's id in the ledger, by what the vault proves, never by its name."""

from __future__ import annotations

import secrets
import shlex
from enum import Enum
from typing import Any

from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change, Resource
from deploybook.clouds.times import made_about
from deploybook.contract.validation import in_environment, set_command
from deploybook.errors import NeedsDecision, NotMadeHere, OtherAccount
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.modes import Mode
from deploybook.state.ledger import Action, Entry, Intent, Ledger, Proof, now, this_run
from deploybook.state.vault import Vault

UNPROVED = {
    Proof.TIME: "appeared while a killed run was creating it; not proved to be ours",
    Proof.NAME: "named by an earlier ledger; not proved to be ours",
}


class Owner(Enum):
    """Whose it is. ``MADE``, ``TAKEN_UP`` and ``ADOPTED`` are in the ledger; ``KNOWN`` is proved by the vault alone.

    ``TAKEN_UP`` appeared while a request of ours was on its way: ``apply`` goes on with it, ``destroy`` leaves it.
    """

    MADE = "made here"
    TAKEN_UP = "adopted, not proved to be ours"
    ADOPTED = "adopted"
    KNOWN = "not made here, and known to the vault"
    ELSEWHERE = "another environment's"
    UNKNOWN = "not made here"

    @property
    def ours(self) -> bool:
        """Whether it may be changed."""
        return self.recorded or self is Owner.KNOWN

    @property
    def recorded(self) -> bool:
        """Whether this environment's ledger holds it."""
        return self in {Owner.MADE, Owner.TAKEN_UP, Owner.ADOPTED}


class Ownership:
    """Judges the resources of one section's run, and keeps the ledger's entries and intents."""

    def __init__(self, slug: str, clouds: Connections, vault: Vault, ledger: Ledger, decisions: Decisions) -> None:
        self._slug = slug
        self._clouds = clouds
        self._vault = vault
        self.ledger = ledger
        self.decisions = decisions
        self._owners: dict[tuple[str, str], Owner] = {}

    def prepare(self, resource: Resource[Any]) -> Entry | None:
        """Give a resource its recorded id before it is read; returns its entry."""
        entry = self.ledger.entry(resource.key)
        resource.known_id = self.decisions.chosen_id(resource) or (entry.id if entry else "")
        resource.unfinished_rotation = bool(self.ledger.intents(resource.key, Action.ROTATE))
        return entry

    def judge(self, resource: Resource[Any], state: Any) -> Owner:
        """Whose the resource is; writes nothing."""
        owner = self._judge(resource, state)
        self._owners[resource.key] = owner
        return owner

    def settle(self, resource: Resource[Any], state: Any) -> None:
        """Turn unfinished creates of ours into an entry, which says how far it is proved that this is their result."""
        pending = self.ledger.intents(resource.key)
        if not pending or self.ledger.entry(resource.key):
            return
        proof = self._proof(resource, state, pending)
        if proof is None:
            return
        if proof is Proof.MARKER and resource.credential and resource.variables:
            # Its secret was in the answer that never came, so nobody has it: it must be replaced first.
            self.begin(resource, Action.ROTATE, resource.identity(state))
            resource.unfinished_rotation = True
        self.ledger.put(self._entry(resource, state, proof), *pending)

    def unproved(self, resource: Resource[Any]) -> str:
        """Why it is not certain that a resource in the ledger is ours; empty where it is."""
        entry = self.ledger.entry(resource.key)
        return UNPROVED.get(entry.proof, "") if entry else ""

    def _proof(self, resource: Resource[Any], state: Any, pending: list[Intent]) -> Proof | None:
        if any(intent.marker and resource.is_marked(state, intent.marker) for intent in pending):
            return Proof.MARKER
        if resource.within and self._whole(resource).ours:
            whole = self.ledger.entry(resource.within)
            return Proof.VAULT if whole is None or whole.proof.certain else Proof.TIME
        is_known = resource.known(state, self._vault.all())
        if is_known and resource.known_by_id:
            return Proof.VAULT
        # It was not there when the intent was written. Where nothing says when it was made, it was between then and now.
        if made_about(resource.born(state) or now(), pending):
            return Proof.TIME
        return Proof.NAME if is_known else None

    def begin(self, resource: Resource[Any], action: Action, resource_id: str = "", fingerprint: str = "") -> Intent:
        """Write an intent before a request is sent."""
        intent = Intent(
            action=action,
            section=self._slug,
            kind=resource.kind,
            name=resource.name,
            id=resource_id,
            account=self._account(resource),
            environment=self.ledger.environment,
            begun_at=now(),
            run=this_run(),
            fingerprint=fingerprint,
            marker=secrets.token_hex(8) if action is Action.CREATE else "",
        )
        resource.marker = intent.marker
        self.ledger.begin(intent)
        return intent

    def made(self, resource: Resource[Any], state: Any, *settled: Intent, proof: Proof = Proof.ANSWER) -> None:
        """Note a resource that this run made, or that has another id after an update."""
        self.ledger.put(self._entry(resource, state, proof), *settled)
        self._owners[resource.key] = Owner.MADE

    def follow(self, resource: Resource[Any], state: Any) -> None:
        """Keep the ledger's id where an update of ours gave the resource another one."""
        entry = self.ledger.entry(resource.key)
        if entry and entry.id != (new := resource.identity(state)):
            self.ledger.put(entry.model_copy(update={"id": new}))

    def adopt(self, resource: Resource[Any], state: Any) -> bool:
        """Take a resource over if the operator said so; returns whether it did."""
        if not self.decisions.adopts(resource, resource.identity(state)):
            return False
        entry = self.ledger.entry(resource.key)
        if entry is None or entry.id != resource.identity(state) or entry.proof in UNPROVED:
            self.ledger.put(self._entry(resource, state, Proof.ADOPTED), *self.ledger.intents(resource.key))
            self._owners[resource.key] = Owner.ADOPTED
        return True

    def release(self, resource: Resource[Any], state: Any) -> bool:
        """Give a resource back if the operator said so; returns whether it did."""
        if not self.decisions.releases(resource, resource.identity(state)):
            return False
        self.ledger.remove(resource.key)
        return True

    def require(self, resource: Resource[Any], owner: Owner, state: Any, changes: list[Change]) -> None:
        """Raise NotMadeHere for a resource that is not this environment's, with the command that takes it over."""
        if owner.ours:
            return
        label, environment = f"{resource.kind} {resource.name}", self.ledger.environment
        other = self._elsewhere(resource, state)
        if other:
            message = f"The {label} was made for {other.environment}, and this is {environment}: it was not changed."
            hint = f"Choose another name for {environment}, or share it deliberately: {self.command(resource)}"
        elif resource.within and resource.within != resource.key:
            message = (
                f"The {' '.join(resource.within)} was not made for {environment}: its {resource.kind} was not changed."
            )
            hint = f"To adopt it, run {self.command(resource, '/'.join(resource.within))}"
        else:
            described = "; ".join(map(str, changes))
            message = f"The {label} exists and was not made for {environment}: it was not changed"
            message += f" ({described})." if described else "."
            hint = f"Choose another name, or adopt it: {self.command(resource)}"
        raise NotMadeHere(message, f"{hint}.")

    def require_within(self, resource: Resource[Any]) -> None:
        """Raise NotMadeHere for a part, yet to be made, of something that is not this environment's."""
        if resource.within and not self._whole(resource).ours:
            self.require(resource, Owner.UNKNOWN, None, [])

    def require_account(self, resource: Resource[Any]) -> None:
        """Raise OtherAccount for a resource that is not there because it is in another account: it is neither gone nor to be made anew."""
        entry = self.ledger.entry(resource.key)
        if entry is None or not entry.account or entry.account == (account := self._account(resource)):
            return
        message = f"The {resource.kind} {resource.name} is in the account {entry.account}, and these credentials belong to {account}."
        raise OtherAccount(message, "Export the credentials of that account, then run this again.")

    def require_nothing_taken(self, resource: Resource[Any]) -> None:
        """Raise NotMadeHere if the resource would take something from another one, unless the operator said so."""
        taken = "" if self.decisions.adopts(resource) else resource.taken_from(self._clouds)
        if taken:
            message = f"The {resource.kind} {resource.name} was not changed: {taken}."
            raise NotMadeHere(message, f"Choose another name, or adopt it: {self.command(resource)}.")

    def require_decision(self, resource: Resource[Any], changes: list[Change], *, adopted: bool) -> None:
        """Stop before a change that would cut somebody off, or overwrite what somebody else wrote."""
        described = ", ".join(str(change) for change in changes)
        label = f"{resource.kind} {resource.name}"
        if any(change.replaces and not change.requested for change in changes):
            message = f"The {label} would get a new secret, and everything that uses the present one would be refused ({described})."
            raise NeedsDecision(message, self._hint_to_replace(resource))
        if any(change.theirs for change in changes) and not adopted:
            message = f"The {label} was written by somebody else since, and was not changed ({described})."
            hint = f"Take over what they wrote into the vault, or overwrite it: {self.command(resource)}."
            raise NeedsDecision(message, hint)

    def command(self, resource: Resource[Any], name: str = "", option: str = "--adopt", mode: Mode = Mode.APPLY) -> str:
        """The command that decides about one resource, as it can be pasted."""
        name = name or f"{resource.kind}/{resource.name}"
        environment = self.ledger.environment
        return f"deploybook run {self._slug} --mode {mode}{in_environment(environment)} {option} {shlex.quote(name)}"

    def _hint_to_replace(self, resource: Resource[Any]) -> str:
        if not resource.provider:
            # It lives in the vault alone, where somebody edited it.
            right = " && ".join(set_command(name, self.ledger.environment) for name in resource.variables)
            return f"Run {right} and enter the right value, or {self._rotating()} if it is lost."
        return f"If that is what you want, run {self._rotating()}; if another clone has the secret, copy its vault instead."

    def _rotating(self) -> str:
        environment = self.ledger.environment
        return f"deploybook run {self._slug} --mode apply{in_environment(environment)} -p rotate true"

    def _judge(self, resource: Resource[Any], state: Any) -> Owner:
        if resource.within:
            return self._whole(resource)
        if not resource.provider:
            return Owner.KNOWN
        entry, resource_id = self.ledger.entry(resource.key), resource.identity(state)
        if entry and entry.id == resource_id:
            return _owner(entry)
        if self._elsewhere(resource, state):
            return Owner.ELSEWHERE
        return Owner.KNOWN if resource.known(state, self._vault.all()) else Owner.UNKNOWN

    def _whole(self, resource: Resource[Any]) -> Owner:
        assert resource.within is not None
        if resource.within in self._owners:
            return self._owners[resource.within]
        if entry := self.ledger.entry(resource.within):
            return _owner(entry)
        return Owner.KNOWN if resource.known(None, self._vault.all()) else Owner.UNKNOWN

    def _elsewhere(self, resource: Resource[Any], state: Any) -> Entry | None:
        if state is None or not resource.provider or resource.within:
            return None
        return self.ledger.elsewhere(resource.key, resource.identity(state), self._account(resource))

    def _entry(self, resource: Resource[Any], state: Any, proof: Proof) -> Entry:
        return Entry(
            section=self._slug,
            kind=resource.kind,
            name=resource.name,
            id=resource.identity(state),
            account=self._account(resource),
            environment=self.ledger.environment,
            made_at=now(),
            run=this_run(),
            proof=proof,
        )

    def _account(self, resource: Resource[Any]) -> str:
        return self._clouds.account(resource.provider).id if resource.provider else ""


def _owner(entry: Entry) -> Owner:
    if entry.proof is Proof.ADOPTED:
        return Owner.ADOPTED
    return Owner.MADE if entry.proof.certain else Owner.TAKEN_UP
