"""A Modal secret: the contract's variables for it under its name, whose values Modal never shows."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.modal.client import Modal, SecretState
from deploybook.clouds.modal.probe import differing, stop_abandoned
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.clouds.times import moment
from deploybook.contract.consumers import ConsumerVariable
from deploybook.contract.definitions import Variable
from deploybook.redact import fingerprint
from deploybook.state.last_writes import LastWrites

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections


def placed(name: str, environment: str) -> str:
    """A name that is unique to its Modal environment, for the ledger and our record."""
    return f"{environment}/{name}" if environment else name


class ModalSecret(Resource[SecretState]):
    """A named secret that holds the contract's variables for it, and no other key.

    Modal never shows a value. ``last_writes`` remembers which secret (id and time of making) was given which values (salted fingerprints):
    one that was removed, made anew, or lost or gained a key is drift; values that were changed in place are found by
    ``secret_values_arrive``. ``renewed`` names variables that this run replaces.
    """

    kind: ClassVar[str] = "Modal secret"
    provider: ClassVar[str] = "modal"
    known_by_id: ClassVar[bool] = True
    credential: ClassVar[bool] = True
    absent_entry: ClassVar[str] = "modal-secrets"
    drift_entry: ClassVar[str] = "modal-secrets"

    def __init__(
        self,
        name: str,
        wanted: Iterable[Variable],
        values: Mapping[str, ConsumerVariable],
        last_writes: LastWrites,
        *,
        environment: str = "",
        renewed: Collection[str] = (),
    ) -> None:
        self.name = placed(name, environment)
        self.secret = name
        self.environment = environment
        self.values = {variable: pushed.value for variable, pushed in values.items()}
        self.keys = frozenset(variable.name for variable in wanted if not variable.optional or variable.name in values)
        self._last_writes = last_writes
        self._renewed = renewed
        # Whether this run has written it: containers that run may have older values.
        self.rewritten = False
        # Which write the secret's values are from; empty while they are to be written.
        self.stamp = ""

    def identity(self, state: SecretState) -> str:
        """The secret's id: one that is made anew has another."""
        return state.id

    def page(self, clouds: Connections, state: SecretState) -> str:
        """The secrets of its Modal environment."""
        del state
        return dashboards.modal(clouds, self.environment, "secrets")

    def known(self, state: SecretState | None, vault_values: VaultValues) -> bool:
        """This clone's record says that it wrote this very secret."""
        del vault_values
        return state is not None and bool(state.id) and self._last_writes.get(self._key).get("id") == state.id

    def born(self, state: SecretState) -> datetime | None:
        """When Modal says that it was made."""
        return moment(state.created_at)

    def examine(self, clouds: Connections, state: SecretState, changes: list[Change]) -> list[Change]:
        """Without a record, compare the values in a container that has the secret, so that equal ones are not written again."""
        del state
        if not any(change.unknown for change in changes) or len(changes) > 1:
            return changes
        differ = differing(clouds.modal, self.secret, self.environment, self.values)
        if differ:
            return [Change(name, "another value", "set") for name in differ]
        self._remember(clouds.modal)
        return []

    def read(self, clouds: Connections) -> SecretState | None:
        """By name."""
        return clouds.modal.secret(self.secret, self.environment)

    def differences(self, state: SecretState) -> list[Change]:
        """Keys, and what our record says of the values."""
        record = self._last_writes.get(self._key)
        changes = [Change(key, "missing", "set") for key in sorted(self.keys - state.keys)]
        changes += [Change(key, "not in the contract", "removed") for key in sorted(state.keys - self.keys)]
        if not record:
            # Not known to be wrong, and not known to be right: apply writes it, verify looks at it from a container.
            changes.append(Change("values", "not known here", "written", requested=True, unknown=True))
        elif (record["id"], record["created_at"]) != (state.id, state.created_at):
            changes.append(Change("secret", "made anew elsewhere", "written"))
        else:
            changes += self._other_values(record)
        self.stamp = "" if changes else record["salt"]
        return changes

    def create(self, clouds: Connections) -> SecretState:
        """Make it with all its values."""
        clouds.modal.create_secret(self.secret, self.environment, self.values)
        return self._written(clouds.modal)

    def update(self, clouds: Connections, state: SecretState, changes: list[Change]) -> SecretState:
        """Write all values in place: deployed functions refer to a secret by its id, which so stays.

        Writing in place leaves keys that are not wanted; the SDK takes one out only with the whole secret, which is then made anew.
        """
        del changes
        if state.keys <= self.keys:
            clouds.modal.update_secret(self.secret, self.environment, self.values)
        else:
            clouds.modal.delete_secret(self.secret, self.environment)
            clouds.modal.create_secret(self.secret, self.environment, self.values)
        return self._written(clouds.modal)

    def delete(self, clouds: Connections, state: SecretState) -> None:
        """Remove it; apps that use it no longer start."""
        del state
        stop_abandoned(clouds.modal, self.environment)
        clouds.modal.delete_secret(self.secret, self.environment)
        self._last_writes.forget(self._key)

    def planned(self) -> SecretState:
        """Its id is known only when it is made."""
        return SecretState()

    def invalidate(self) -> None:
        """Forget what was written: the next ``apply`` writes it again."""
        self._last_writes.forget(self._key)

    def mark_verified(self, cloud: Modal) -> None:
        """Remember a secret whose values were seen to be right; nothing is sent if it is remembered already."""
        if not self._last_writes.get(self._key):
            self._remember(cloud, self.stamp)

    @property
    def _key(self) -> str:
        return f"modal:secret:{self.name}"

    def _other_values(self, record: Mapping[str, str]) -> list[Change]:
        salt = record["salt"]
        changes = [
            Change(key, "an older value", "set")
            for key, value in self.values.items()
            if record.get(key) != fingerprint(value, salt)
        ]
        named = {change.field for change in changes}
        return changes + [Change(key, "kept", "new", requested=True) for key in self._renewed if key not in named]

    def _written(self, cloud: Modal) -> SecretState:
        self.rewritten = True
        return self._remember(cloud)

    def _remember(self, cloud: Modal, stamp: str = "") -> SecretState:
        stamp = stamp or secrets.token_hex(8)
        state = cloud.secret(self.secret, self.environment) or SecretState()
        prints = {key: fingerprint(value, stamp) for key, value in self.values.items()}
        self._last_writes.put(self._key, {"id": state.id, "created_at": state.created_at, "salt": stamp, **prints})
        self.stamp = stamp
        return state
