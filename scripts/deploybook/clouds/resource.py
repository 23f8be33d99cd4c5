"""What a resource is: something at a provider that can be read, made, changed and removed, and that knows how it should be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import SecretStr

from deploybook.errors import ServiceError

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.state.ledger import Intent

State = TypeVar("State")
VaultValues = Mapping[str, SecretStr]


def holds(vault_values: VaultValues, name: str, value: str) -> bool:
    """Whether the vault has this value under this name."""
    return name in vault_values and vault_values[name].get_secret_value() == value


@dataclass(frozen=True)
class Change:
    """One field that is not as it should be. ``requested`` marks a change that the operator asked for, which is no drift.

    ``replaces``: a credential would get a new value, and everything that uses the present one would be refused.
    ``theirs``: somebody else wrote the present value, and it is newer than what is wanted here.
    ``unknown``: nothing shows that it is wrong, and nothing shows that it is right.
    """

    field: str
    old: str
    new: str
    requested: bool = False
    # The troubleshooting entry of this change, where it is not the resource's.
    entry: str = ""
    replaces: bool = False
    theirs: bool = False
    unknown: bool = False

    def __str__(self) -> str:
        return f"{self.field}: {self.old} → {self.new}"


@dataclass(frozen=True)
class Evidence:
    """An answer by which a provider says, in its own words, that a credential is dead; empty fields match anything."""

    status: int = 0
    code: str = ""
    # What its message holds: an edge in front of it has the same status, and other words.
    words: str = ""

    def matches(self, error: ServiceError) -> bool:
        """Whether ``error`` is this answer."""
        same = (not self.status or self.status == error.status) and (not self.code or self.code == error.code)
        return same and self.words in error.message


class StillNeeded(Exception):
    """Raised for a resource of ours that ``destroy`` leaves because others use it; the message says who."""


class Resource(ABC, Generic[State]):
    """One resource at a provider, as it is desired.

    ``Runbook.ensure`` reads it, compares, and acts as the mode allows; a resource never decides about modes, nor about whose it is.
    """

    kind: ClassVar[str]
    # The provider whose account it is in, as ``Connections`` names it; empty for what lives in the vault alone.
    provider: ClassVar[str] = ""
    # The troubleshooting entries for one that is not there, and for one that is not as it was made.
    absent_entry: ClassVar[str] = "not-found"
    drift_entry: ClassVar[str] = "drift"
    # The answers that prove its credential dead. All others are reported, and lead to no write.
    evidence: ClassVar[tuple[Evidence, ...]] = ()
    # Whether ``known`` goes by an id that no other resource of this name ever gets. A name or an address that follows from one does not.
    known_by_id: ClassVar[bool] = False
    # For so long after a change its provider may answer as if nothing had changed. Cloudflare gives a CORS policy 30 seconds.
    settle_seconds: ClassVar[float] = 45.0
    # Whether it is a credential: ``destroy`` removes these last.
    credential: ClassVar[bool] = False
    name: str
    # The variable without whose value this resource can't be made yet; None if there is nothing to wait for.
    waits_for: str | None = None
    # Kind and name of the resource that this one is a part of, and is removed with.
    deleted_with: tuple[str, str] | None = None
    # Kind and name of the resource in which this one changes something: whoever owns that decides.
    within: tuple[str, str] | None = None
    # The vault's variables that say where it is or open it: they are forgotten with it.
    variables: tuple[str, ...] = ()
    # The provider's own id, from the ledger or the operator's choice; ``read`` goes by it before it goes by the name.
    known_id: str = ""
    # The random hex string of the create that is about to be sent; ``create`` puts it where ``is_marked`` finds it.
    marker: str = ""
    # A rotation that was asked for and whose end is not known.
    unfinished_rotation: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.kind, self.name

    @abstractmethod
    def read(self, clouds: Connections) -> State | None:
        """The resource as it is at the provider, or None. Sends no writing request."""

    @abstractmethod
    def differences(self, state: State) -> list[Change]:
        """What is not as desired; sends nothing."""

    @abstractmethod
    def create(self, clouds: Connections) -> State:
        """Make it."""

    @abstractmethod
    def update(self, clouds: Connections, state: State, changes: list[Change]) -> State:
        """Bring it to what is desired."""

    @abstractmethod
    def delete(self, clouds: Connections, state: State) -> str | None:
        """Remove it, and give what the operator should know of that, if anything. Raises StillNeeded if it has to stay."""

    @abstractmethod
    def planned(self) -> State:
        """What a run goes on with where the resource is not there and is not made."""

    def identity(self, state: State) -> str:
        """The provider's own id, which no other resource of this name ever has; of a part, its name."""
        del state
        return self.name

    def page(self, clouds: Connections, state: State) -> str:
        """Where the provider's dashboard shows it; empty where that is not known. Sends nothing."""
        del clouds, state
        return ""

    def known(self, state: State, vault_values: VaultValues) -> bool:
        """Whether the vault proves that it is this environment's: it holds its id or its address, as recorded by its maker."""
        del state, vault_values
        return False

    def is_marked(self, state: State, marker: str) -> bool:
        """Whether the resource bears ``marker``, which only the request with it can have put there.

        Where a create can carry one, by the providers' descriptions: Cloudflare's tokens have ``not_before`` (``BucketToken``). R2's
        buckets, Turso's groups, databases and their tokens, Vercel's projects, Render's services, Modal's environments and secrets, and
        GitHub's secrets have neither a description nor a comment nor a tag when they are made: all that such a request holds is what the
        operator chose or what reaches the application. There ``born``, the time of the create, stands in. Time is no proof, so ``apply``
        goes on with such a thing and ``destroy`` leaves it. Vercel's variables have a comment, and Modal's apps tags that are set once
        they exist: both hold fingerprints of what was written, which any clone can compute.
        """
        del state, marker
        return False

    def born(self, state: State) -> datetime | None:
        """When the provider says that it was made; None where it does not say."""
        del state
        return None

    def examine(self, clouds: Connections, state: State, changes: list[Change]) -> list[Change]:
        """A closer look before something is changed: the changes that stand after it. May use a check's scratch objects."""
        del clouds, state
        return changes

    def taken_from(self, clouds: Connections) -> str:
        """What making or changing it would take from something else of the operator's, such as an address; empty if nothing is known."""
        del clouds
        return ""

    def undecided(self, state: State) -> str:
        """Why the resource could not be compared with the desired state; empty if it could."""
        del state
        return ""

    def blocked(self, clouds: Connections, state: State, *, empty: bool) -> str:
        """Why ``destroy`` could not remove it now; empty if nothing is known to stand in the way. ``empty``: its content goes too."""
        del clouds, state, empty
        return ""

    def strays(self, clouds: Connections, state: State, lost: Sequence[Intent]) -> list[str]:
        """The ids of resources of the same name that our unanswered requests made; ``remove_stray`` removes them."""
        del clouds, state, lost
        return []

    def remove_stray(self, clouds: Connections, stray_id: str) -> None:
        """Remove one of ``strays``."""
        raise NotImplementedError(f"{self.kind} has no strays: {stray_id}, {clouds}")

    def forget(self) -> None:
        """Forget what this machine knows of it: it is removed with what it is a part of."""

    def one_time_secrets(self, state: State) -> VaultValues:
        """Variables that the provider shows only now: they are in the vault before anything else happens."""
        del state
        return {}

    def is_dead(self, error: ServiceError) -> bool:
        """Whether ``error`` proves that the credential is dead."""
        return any(proof.matches(error) for proof in self.evidence)
