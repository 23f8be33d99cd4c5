"""Puts variables into the vault under the contract's rules, with one event each, and lists them at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection

from pydantic import SecretStr

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.contract.validation import refuse_broken
from deploybook.errors import InvalidValue
from deploybook.redact import Redactor, fingerprint
from deploybook.runbook.events import Event, Table
from deploybook.runbook.modes import Mode
from deploybook.state.vault import Vault

UNKNOWN = "—"


class Recorder:
    """Records the variables of one section. ``one_time_variables`` were shown by a provider in this run; the vault already has them."""

    def __init__(
        self,
        slug: str,
        mode: Mode,
        contract: Contract,
        vault: Vault,
        redactor: Redactor,
        one_time_variables: Collection[str],
        show: Callable[[Event], None],
    ) -> None:
        self._slug = slug
        self._mode = mode
        self._contract = contract
        self._vault = vault
        self._redactor = redactor
        self._shown = one_time_variables
        self._show = show
        self._recorded: dict[str, str] = {}
        # What this run recorded or would record, in the vault or not: ``plan`` and ``verify`` use it as ``apply`` would.
        self.values: dict[str, SecretStr] = {}

    def record(self, name: str, value: str | SecretStr | None) -> None:
        """See ``Runbook.record``."""
        variable = self._contract.variable(name)
        if variable.section != self._slug:
            raise InvalidValue(f"{name} is not produced by {self._slug}.", "The contract names its section.")
        stored = self._vault.get(name)
        secret = SecretStr(value) if isinstance(value, str) else value or stored
        if secret is None or not secret.get_secret_value():
            self._unknown(name)
            return
        if self._mode.checks and secret != stored:
            variable.validate_value(secret.get_secret_value())
        elif self._mode is not Mode.DESTROY and secret == stored:
            refuse_broken(self._contract, {name: secret}, [name], self._vault.environment)
        self.values[name] = secret
        same = stored == secret
        if self._mode.makes and not same:
            self._vault.put({name: secret})
        presented = self._presentable(variable, secret) if same or self._mode.makes else UNKNOWN
        if self._mode is not Mode.DESTROY and self._recorded.get(name) != presented:
            outcome = "recorded" if self._mode.makes else "would record"
            self._show(Event("record", "kept" if same and name not in self._shown else outcome, name))
        self._recorded[name] = presented

    def table(self) -> Table | None:
        """What was recorded, secrets as fingerprints; None if nothing was."""
        return Table(("variable", "value"), tuple(self._recorded.items())) if self._recorded else None

    def _unknown(self, name: str) -> None:
        if name not in self._recorded and self._mode is not Mode.DESTROY:
            outcome = "would record" if self._mode is Mode.PLAN else "later"
            self._show(Event("record", outcome, name, "it is not known yet"))
        self._recorded.setdefault(name, UNKNOWN)

    def _presentable(self, variable: Variable, secret: SecretStr) -> str:
        if not variable.secret:
            return secret.get_secret_value()
        self._redactor.learn([secret])
        return f"fingerprint {fingerprint(secret)}"
