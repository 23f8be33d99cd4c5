"""What a resource is: something at a provider that can be read, made, changed and removed, and that knows how it should be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import SecretStr

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

State = TypeVar("State")


@dataclass(frozen=True)
class Change:
    """One field that is not as it should be. ``requested`` marks a change that the operator asked for, which is no drift."""

    field: str
    old: str
    new: str
    requested: bool = False
    # The troubleshooting entry of this change, where it is not the resource's.
    entry: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.old} → {self.new}"


class StillNeeded(Exception):
    """A resource that ``destroy`` leaves, although we made it, because others have come to use it; says who."""


class Resource(ABC, Generic[State]):
    """One resource at a provider, as it is wished for.

    ``Runbook.ensure`` reads it, compares, and acts as the mode allows; a resource never decides about modes itself.
    """

    kind: ClassVar[str]
    # The troubleshooting entries for one that is not there, and for one that is not as it was made.
    absent_entry: ClassVar[str] = "not-found"
    drift_entry: ClassVar[str] = "drift"
    name: str
    # The variable without whose value this resource can't be made yet; None if there is nothing to wait for.
    waits_for: str | None = None
    # Kind and name of the resource that this one is a part of, and is removed with.
    deleted_with: tuple[str, str] | None = None

    @abstractmethod
    def read(self, clouds: Connections) -> State | None:
        """The resource as it is at the provider, or None. Sends no writing request."""

    @abstractmethod
    def differences(self, state: State) -> list[Change]:
        """What is not as wished; sends nothing."""

    @abstractmethod
    def create(self, clouds: Connections) -> State:
        """Make it."""

    @abstractmethod
    def update(self, clouds: Connections, state: State, changes: list[Change]) -> State:
        """Bring it to what is wished."""

    @abstractmethod
    def delete(self, clouds: Connections, state: State) -> str | None:
        """Remove it, and give what the operator should know of that, if anything. Raises StillNeeded if it has to stay."""

    @abstractmethod
    def planned(self) -> State:
        """What a run goes on with where the resource is not there and is not made."""

    def forget(self) -> None:
        """Forget what this machine knows of it: it is removed with what it is a part of."""

    def one_time_secrets(self, state: State) -> Mapping[str, SecretStr]:
        """Variables that the provider shows only now: they are in the vault before anything else happens."""
        del state
        return {}
