"""Everything that one API key sees: workspaces, services and their logs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.render.state.identifiers import xid
from deploybook.sandbox.render.state.logs import LogBook
from deploybook.sandbox.render.state.workers import Event, Owner, Settings, Worker, new_hook_key, not_found


@dataclass
class Cloud:
    """Everything that one API key sees."""

    owner: Owner
    user_email: str
    user_name: str
    user_id: str = field(default_factory=lambda: xid("usr"))
    workers: dict[str, Worker] = field(default_factory=dict)
    logs: LogBook = field(default_factory=LogBook)
    # Workspaces of others that the key's user was invited to.
    joined: list[Owner] = field(default_factory=list)
    has_payment_method: bool = True

    @property
    def owners(self) -> list[Owner]:
        """Every workspace that the key sees."""
        return [self.owner, *self.joined]

    def worker(self, worker_id: str) -> Worker:
        """The service of this id."""
        if worker_id not in self.workers:
            raise not_found(worker_id)
        return self.workers[worker_id]

    def check_owner(self, owner_id: str) -> None:
        """Refuse a workspace that the key has no part in."""
        if owner_id != self.owner.id:
            raise not_found(owner_id)

    def create(self, owner_id: str, settings: Settings, variables: Sequence[tuple[str, str]]) -> Worker:
        """Make a service; its name must be free in the workspace."""
        if owner_id != self.owner.id:
            raise Refusal(400, f"invalid ownerId {owner_id}")
        if not self.has_payment_method:
            raise Refusal(402, "Payment information is required to complete this request.")
        self.check_name(settings.name)
        slug = f"{settings.name.lower().replace(' ', '-')}-{secrets.token_hex(2)}"
        worker = Worker(xid("srv"), owner_id, settings, slug, new_hook_key())
        worker.replace_variables(variables)
        self.workers[worker.id] = worker
        return worker

    def check_name(self, name: str, of: Worker | None = None) -> None:
        """Refuse a name that another service of the workspace has."""
        if any(other.settings.name == name for other in self.workers.values() if other is not of):
            raise Refusal(409, f"name {name} is already in use")

    def workspace(self, owner_id: str) -> Owner:
        """The workspace of this id."""
        owner = next((owner for owner in self.owners if owner.id == owner_id), None)
        if owner is None:
            raise not_found(owner_id)
        return owner

    def event(self, event_id: str) -> tuple[Worker, Event]:
        """The event of this id, and the service that it happened to."""
        for worker in self.workers.values():
            for event in worker.events:
                if event.id == event_id:
                    return worker, event
        raise not_found(event_id)

    def clear(self) -> None:
        """Forget services, logs and invitations."""
        self.workers.clear()
        self.joined.clear()
        self.has_payment_method = True
        self.logs.lines.clear()
