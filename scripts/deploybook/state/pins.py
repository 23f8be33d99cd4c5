"""The pins: in which account of each provider an environment lives. Noted at its first ``apply``, and held to in every live mode."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field

from deploybook.state.ledger import now, this_run
from deploybook.state.record_file import Record, RecordFile, Versioned


class Account(Record):
    """An account by its provider's own id; ``name`` is what a person knows it by, empty where the provider was not asked."""

    id: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.id})" if self.name and self.name != self.id else self.id


class Pin(Account):
    """An account, when it was noted, and by whom."""

    pinned_at: AwareDatetime
    run: str


class _Pins(Versioned):
    version: Literal[1] = 1
    accounts: dict[str, Pin] = Field(default_factory=dict)


class Pins:
    """The accounts of one environment, by provider. Raises StateDamaged for a file that cannot be read whole."""

    def __init__(self, directory: Path, environment: str) -> None:
        self.environment = environment
        self.path = directory / f"{environment}.pins.json"
        remedy = "the next apply pins the accounts again"
        self._file = RecordFile(
            self.path, directory / f"{environment}.pins.json.bak", _Pins(environment=environment), remedy=remedy
        )

    def get(self, provider: str) -> Pin | None:
        """The account that is pinned, if one is."""
        return self._file.read().accounts.get(provider)

    def put(self, provider: str, account: Account) -> None:
        """Pin an account; one that is pinned already stays."""
        pin = Pin(id=account.id, name=account.name, pinned_at=now(), run=this_run())
        self._file.change(lambda state: state.model_copy(update={"accounts": {provider: pin} | state.accounts}))
