"""What a runbook notebook imports: ``ensure`` a resource, ``check`` a claim, ``record`` a variable; each as the mode allows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from deploybook import http, recordings
from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Resource
from deploybook.contract.consumers import ConsumerVariable
from deploybook.contract.model import Contract
from deploybook.contract.shown_commands import completed
from deploybook.errors import MissingVariable, UnknownParameter, VerificationFailed
from deploybook.layout import Layout, find_layout
from deploybook.redact import Redactor
from deploybook.runbook import ipython, opening, prerequisites, sandbox_session
from deploybook.runbook.claims import Claims
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.environment import for_section
from deploybook.runbook.events import Event
from deploybook.runbook.in_process import close_with_cells, within_cells
from deploybook.runbook.modes import Mode
from deploybook.runbook.output import Screen
from deploybook.runbook.prerequisites import prepare_vault
from deploybook.runbook.reconcile import Reconciler
from deploybook.runbook.record import Recorder
from deploybook.runbook.section_values import SectionValues
from deploybook.runbook.summary import Summary, next_step
from deploybook.state.atomic import sweep_state
from deploybook.state.known_secrets import known_secrets
from deploybook.state.last_writes import LastWrites
from deploybook.state.ledger import Ledger
from deploybook.state.pins import Pins
from deploybook.state.vault import Vault

State = TypeVar("State")
# Independent requests of one section go out together; more would only meet the providers' limits sooner.
SIDE_BY_SIDE = 8
# In the sandbox a change shows at once, or after a moment; what takes longer at a provider says its resource.
SANDBOX_SETTLE_SECONDS = 2.0


class Runbook:
    """One section's run in one mode and environment. Open it with ``Runbook.open``; end it with ``finish``."""

    def __init__(
        self, slug: str, mode: Mode, contract: Contract, state: Path, environment: str, clouds: Connections
    ) -> None:
        self.section = contract.section(slug)
        self.mode = mode
        self.contract = contract
        self.clouds = clouds
        self._screen = Screen()
        self._show = self._screen.show
        self.vault = Vault(state, environment)
        self._values = SectionValues(slug, mode, contract, self.vault)
        self.last_writes = LastWrites(state, environment)
        expected = {variable.name for variable in (*contract.needed_by(slug), *contract.produced_by(slug))}
        ledger, decisions = Ledger(state, environment), Decisions.used_up(os.environ)
        clouds.may_empty = decisions.empty_bucket
        self._reconciler = Reconciler(slug, mode, clouds, self.vault, ledger, self._show, expected, decisions)
        self._redactor = Redactor()
        self._claims = Claims(slug, mode, contract, self._show, self._settled_at)
        self._recorder = Recorder(
            slug, mode, contract, self.vault, self._redactor, self._reconciler.one_time_variables, self._show
        )

    @classmethod
    def open(cls, slug: str, mode: str, environment: str) -> Runbook:
        """Start a section's run: check every parameter, join or start the sandbox in ``dry-run``, open the vault.

        The parameters are the variables of the cell that calls, under the names that the runbook declares. ``apply`` and ``destroy`` need
        the operator's confirmation. Raises ConfigurationError before the first request.
        """
        ipython.show_errors_plainly(report=Screen().error)
        namespace = sys._getframe(1).f_globals
        layout, contract = opening.enter(slug, mode, environment, namespace)
        ipython.show_errors_plainly(lambda hint: completed(hint, contract, environment), Screen().error)
        chosen = Mode(mode)
        state, alone = sandbox_session.enter(os.environ) if chosen is Mode.DRY_RUN else (layout.state, False)
        clouds = Connections(os.environ, Pins(state, environment), Vault(state, environment))
        close_with_cells(clouds.close)
        runbook = cls(slug, chosen, contract, state, environment, clouds)
        runbook._redactor.learn(known_secrets(contract, os.environ, runbook.vault))
        ipython.protect(runbook._redactor)
        ipython.show_errors_plainly(lambda hint: completed(hint, contract, environment), runbook._screen.error)
        if ipython.in_kernel():
            http.say_waits_to(runbook._screen.waits)
        if chosen is Mode.DRY_RUN:
            runbook._complete_dry_run(layout, alone=alone)
        origin = f"{slug} in the mode {mode}"
        recordings.begin(origin, lambda: runbook._chosen_names(namespace), runbook._redactor)
        runbook._values.require_needs()
        prepare_vault(contract, slug, chosen, runbook.vault, runbook.note)
        if chosen.makes or chosen is Mode.DESTROY:
            sweep_state(state)
        return runbook

    def named(self, parameter: str, value: str) -> str:
        """A resource's name: ``value``, or, if it is empty, the environment's own name by the contract's rule."""
        return str(self.contract.named(parameter, value, self.vault.environment))

    def require(self, claim: str, test: Callable[..., str | None], *arguments: Any) -> None:
        """Preflight: test a claim in every mode, reading only, and stop the runbook if it does not hold."""
        self._claims.require(claim, test, *arguments)

    def ensure(self, *resources: Resource[Any]) -> Any:
        """Bring a resource to its desired state, as far as the mode allows, and return its state; several are done in parallel.

        Returns None for a resource that waits for a variable which is not known yet.
        """
        if len(resources) == 1:
            return self._reconciler.ensure(resources[0])
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(self._reconciler.ensure, resources))

    def check(
        self,
        claim: str,
        test: Callable[..., str | None],
        *arguments: Any,
        when: object = True,
        needs: str = "",
    ) -> None:
        """Verify: test a claim where the mode checks; a failure is shown, and raised by ``finish`` when all were tested.

        With a false ``when`` the claim can't be tested: ``needs`` names the variable, the credential or the parameter that it lacks, and
        the line says whether it comes later, was left out, or is not tested.
        """
        # Returns nothing: a cell that ends in a check would show the value beside its line.
        self._claims.hold(claim, test, *arguments, when=when, needs=needs)

    def record(self, name: str, value: str | SecretStr | None = None) -> None:
        """Put a variable of this section into the vault, under the contract's rules; only ``dry-run`` and ``apply`` write.

        Without ``value`` it records the one that ``ensure`` stored when the provider showed it. An empty value is not known yet.
        """
        self._recorder.record(name, value)

    def known(self, name: str, instead: str = "") -> str:
        """``instead`` unless it is empty, else the recorded value, else the empty string (in a dry run the contract's example)."""
        variable = self.contract.variable(name)
        stored = self._recorder.values.get(name) or self.stored(name).get(name)
        if instead or stored:
            return instead or (stored.get_secret_value() if stored else "")
        return variable.example if self.mode is Mode.DRY_RUN else ""

    def variables(self, *names: str) -> dict[str, SecretStr]:
        """Values from the vault. Raises MissingVariable for one that is not there; ``plan`` and ``destroy`` leave it out.

        Raises InvalidValue for a value that does not match its pattern, except in ``destroy``, which must not stop there.
        """
        try:
            return self._values.present(names)
        except MissingVariable:
            # A run that makes would record it: where a claim failed before it, that claim says what is to be fixed.
            if self.mode.makes and self._claims.failed:
                self._require_claims()
            raise

    def stored(self, *names: str) -> dict[str, SecretStr]:
        """The named variables that the vault has; raises InvalidValue as ``variables`` does.

        In a mode that makes, this section's own variables are not checked: the section is what repairs them.
        """
        return self._values.stored(names)

    def variables_for(self, consumer: str) -> dict[str, ConsumerVariable]:
        """The variables that the contract sets at one consumer, by name.

        Raises MissingVariable for one without a value if the mode makes or checks. This section's own variables are left out
        until they are known.
        """
        return self._values.at_consumer(consumer, self._recorder.values)

    def example(self, name: str) -> Path | None:
        """A folder of ``runbooks/`` that stands in, in a dry run, for what only the operator has; None in the other modes."""
        return None if self.mode.live else find_layout().root / "runbooks" / name

    def imported(self, name: str) -> SecretStr | None:
        """A secret to import from the environment variable of this name; None for an empty name."""
        if not name:
            return None
        if not os.environ.get(name):
            raise MissingVariable(f"{name} is not set.", f"Export {name}, or leave import_from empty.")
        secret = SecretStr(os.environ[name])
        self._redactor.learn([secret])
        return secret

    def note(self, text: str) -> None:
        """Show what a wait is for. A note is neither a claim nor a change."""
        self._show(Event("note", "note", text))

    def manual(
        self, instruction: str, claim: str, test: Callable[..., str | None], *arguments: Any, when: object = True
    ) -> bool:
        """Show a step that only a person can do, and check that it was done. Returns whether the check ran and passed.

        In ``plan`` it returns whether the check would run. With a false ``when`` the check comes later: the person has not done it yet.
        """
        self._claims.tested.add(claim)
        if self.mode is not Mode.DESTROY:
            self._show(Event("manual", "manual", instruction))
        return bool(when) if self.mode is Mode.PLAN else self._claims.hold(claim, test, *arguments, when=when, needs="")

    def pasted(self, name: str, variable: str, stand_in: Callable[..., SecretStr], *arguments: Any) -> SecretStr | None:
        """A value that only a person can copy: from the environment variable ``variable``, else from the vault, else None.

        In a dry run ``stand_in`` copies it in the person's place.
        """
        if self.mode is Mode.DRY_RUN:
            copied = stand_in(*arguments)
            self._redactor.learn([copied])
            return copied
        return self.imported(variable) or self.stored(name).get(name)

    def required(self, name: str, value: str, example: str) -> str:
        """The value of a required parameter, or in a dry run ``example``; raises MissingVariable if it is empty."""
        if value or self.mode is Mode.DESTROY:
            return value
        if self.mode is Mode.DRY_RUN:
            return example
        raise MissingVariable(f"{name} is not set.", f"Set it with -p {name} {example}.")

    def has(self, credential: str) -> bool:
        """Whether the operator exported a credential that this section can do without.

        Raises UnknownParameter for a credential that the contract does not name for this section: a run removes it.
        """
        readers = {reader.name: {*reader.sections, *reader.used_if_set} for reader in self.contract.credentials}
        if self.section.slug not in readers.get(credential, ()):
            raise UnknownParameter(
                f"{credential} is not a credential of {self.section.slug}.", "Name the section in the contract."
            )
        return bool(os.environ.get(credential))

    def finish(self) -> None:
        """End the run: delete what ``destroy`` collected, show the recorded variables, and raise if a claim failed."""
        self._reconciler.finish()
        self.clouds.close()
        self._screen.summary(self._summary())
        self._claims.require_all(self.section)
        self._require_claims()

    def _require_claims(self) -> None:
        failed = [*self._reconciler.drifted, *self._claims.failed]
        if failed:
            raise VerificationFailed(
                f"{len(failed)} of the section's claims did not hold: {'; '.join(failed)}.",
                # Of several, the first may be the cause of the others: each has its own link.
                (len(failed) == 1 and self._claims.failed.get(failed[0]))
                or "Follow the link beside each ✗ above, then run this section again.",
            )

    def _summary(self) -> Summary:
        """What was made, where it is, what is next."""
        section, environment = self.section, self.vault.environment
        failed = bool(self._reconciler.drifted or self._claims.failed)
        following = next_step(self.contract, section, self.mode, environment, failed=failed)
        table = None if self.mode is Mode.DESTROY else self._recorder.table()
        title, live = f"{section.title}, {self.mode}, {environment}", self.mode.live
        return Summary.of(title, self._screen.shown, table, following, live=live)

    def _settled_at(self) -> float:
        """When the latest change will be visible everywhere, on the monotonic clock."""
        patience = self._reconciler.settle_seconds if self.mode.live else SANDBOX_SETTLE_SECONDS
        return self._reconciler.changed_at + patience

    def _complete_dry_run(self, layout: Layout, *, alone: bool) -> None:
        """Make what the earlier sections would have made, then leave this process only what this section reads."""
        slug, environment = self.section.slug, self.vault.environment
        if alone or self._values.lacking():
            prerequisites.run_predecessors(layout, self.contract, slug, environment)
            sandbox_session.enter(os.environ)
        prerequisites.provide_examples(self.contract, self.vault)
        if not within_cells():
            read = for_section(self.contract, slug, os.environ, {})
            sandbox_session.narrow(
                os.environ, {credential.name for credential in self.contract.credentials} - read.keys()
            )

    def _chosen_names(self, namespace: Mapping[str, object]) -> set[str]:
        """The names and ids of this environment: of its parameters, the operator's variables, the vault and the accounts."""
        environment, rules = self.vault.environment, self.contract.parameters.items()
        parameters = {
            str(rule.resolved(namespace.get(name, ""), environment)) for name, rule in rules if rule.choices is None
        }
        exported = {value for name, value in os.environ.items() if self.contract.is_operators(name)}
        pins = [self.clouds.home(provider.name) for provider in self.contract.providers]
        accounts = {text for pin in pins if pin for text in (pin.id, pin.name)}
        return parameters | exported | accounts | {value.get_secret_value() for value in self.vault.all().values()}
