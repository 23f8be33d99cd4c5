"""What the doctor's notebook imports: examine every section, and name the causes; in a dry run on a stack that is broken first."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from deploybook import http
from deploybook.contract.model import Contract, load_contract
from deploybook.diagnosis.causes import Cause, causes, set_aside
from deploybook.diagnosis.fixes import Fixes
from deploybook.diagnosis.observations import Diagnosis, DiagnosisTarget, examine
from deploybook.errors import ConfigurationError, InvalidValue, VerificationFailed
from deploybook.guide.entries import PAGE, read_entries
from deploybook.layout import HOME_VARIABLE, Layout, find_layout
from deploybook.redact import Redactor
from deploybook.runbook import credential_sources, ipython, opening, prerequisites, sandbox_session
from deploybook.runbook.events import Event, Table
from deploybook.runbook.modes import Mode
from deploybook.runbook.notebook_file import read_parameters, values_of
from deploybook.runbook.output import Screen
from deploybook.runbook.parameters import check_parameters
from deploybook.state.known_secrets import known_secrets
from deploybook.state.vault import Vault


class Doctor:
    """One examination. Open it with ``Doctor.open``, end it with ``finish``."""

    def __init__(self, ward: DiagnosisTarget, mode: Mode) -> None:
        self._ward = ward
        self._mode = mode
        self._examination = Diagnosis(())
        self._screen = Screen()

    @classmethod
    def open(cls, mode: str, environment: str, **values: object) -> Doctor:
        """Start: in ``dry-run`` a sandbox in which every section has been applied, in ``verify`` the real clouds.

        Raises InvalidValue for another mode or a parameter that breaks its rule, before the first request.
        """
        ipython.show_errors_plainly(report=Screen().error)
        layout = find_layout()
        contract = load_contract(layout.contract)
        arguments = {"mode": mode, "environment": environment}
        namespace = sys._getframe(1).f_globals
        settings = opening.settings_of(layout, contract, environment)
        executed, notebook = ipython.executed_cells(namespace), layout.notebook("doctor")
        check_parameters(contract, notebook, arguments, namespace, executed, settings)
        if mode not in {Mode.DRY_RUN, Mode.VERIFY}:
            raise InvalidValue(f"The doctor has no mode {mode}: it changes nothing.", "Use dry-run or verify.")
        if mode == Mode.DRY_RUN:
            layout = _applied(layout, contract, environment)
            values = values | {"git_repository": os.environ["GITHUB_REPOSITORY"], "job_seconds": 8}
        else:
            credential_sources.operator_environment(contract, settings, contract.order())
        settled = settings.parameters_for(contract, rehearsal=mode == Mode.DRY_RUN)
        # What stands in the notebook as it was committed is no choice of the operator's.
        declared = read_parameters(notebook)
        chosen = {name: value for name, value in values.items() if value != declared[name].default}
        # Whoever looks for a fault looks often: in the real clouds a render, which costs, is asked for.
        values = values | settled | {"render": mode == Mode.DRY_RUN} | chosen
        parameters: dict[str, dict[str, Any]] = {}
        for slug in contract.order():
            parameters[slug] = values_of(layout.notebook(slug), contract, environment, values)
        return cls(DiagnosisTarget(layout, contract, environment, parameters), Mode(mode))

    def break_first(self, scenario: str) -> None:
        """In a dry run: bring the sandbox into the state of an entry, so that there is something to find."""
        if self._mode.live or not scenario:
            return
        # The control API takes changes as JSON only, from whoever has the token.
        headers = {
            "Authorization": f"Bearer {os.environ['DEPLOYBOOK_SANDBOX_TOKEN']}",
            "Content-Type": "application/json",
        }
        with http.open_client(os.environ["DEPLOYBOOK_SANDBOX_URL"], headers=headers) as control:
            scenarios = control.get("/scenarios").json()
            if scenario not in scenarios:
                raise InvalidValue(f"There is no scenario {scenario}.", f"Use one of {', '.join(sorted(scenarios))}.")
            control.post(f"/scenarios/{scenario}").raise_for_status()
        self._screen.show(Event("note", "note", scenarios[scenario]["how"]))

    def examine(self) -> None:
        """Test every claim of every section that was begun, and show how many of each hold."""
        self._examination = set_aside(read_entries(self._ward.layout.root / PAGE), examine(self._ward))
        observed = self._examination.observations
        passed = Counter(
            observation.section for observation in observed if observation.outcome in {"passed", "unchanged"}
        )
        failed = Counter(observation.section for observation in observed if observation.failed)
        untested = Counter(observation.section for observation in observed if observation.outcome == "not tested")
        rows = [
            (slug, str(passed[slug]), str(failed[slug]), str(untested[slug]))
            for slug in self._ward.contract.order()
            if passed[slug] or failed[slug] or untested[slug]
        ]
        rows += [(slug, "–", reason, "–") for slug, reason in self._examination.left_out.items()]
        headings = ("section", "claims that hold", "claims that do not", "not tested")
        self._screen.table(Table(headings, tuple(rows)))

    def finish(self) -> None:
        """Show each cause with its evidence and its entry; in ``verify`` raise VerificationFailed if there is one."""
        entries = read_entries(self._ward.layout.root / PAGE)
        explanations = causes(self._ward.contract, entries, self._examination.observations)
        redactor = Redactor(known_secrets(self._ward.contract, os.environ, self._ward.vault))
        ipython.protect(redactor)
        for cause in explanations:
            self._show(cause)
        if not explanations:
            self._screen.show(Event("check", "passed", "nothing is wrong", self._examination.holding))
        elif self._mode.live:
            raise VerificationFailed(
                f"Something is wrong: {', '.join(cause.entry.title for cause in explanations)}.",
                "Follow the link beside each ✗ above, then examine again.",
            )

    def _commands(self, cause: Cause) -> list[str]:
        fixes = Fixes.of(self._ward)
        evidence = [f"{observation} {observation.hint}" for observation in cause.evidence]
        return fixes.commands(cause.entry, cause.sections, evidence)

    def _show(self, cause: Cause) -> None:
        entry, claim = cause.entry.id, f"{cause.entry.title} ({', '.join(cause.sections)})"
        lines = [
            Event("cause", "failed", claim, str(cause.evidence[0]), entry),
            *(Event("note", "note", str(observation)) for observation in cause.evidence[1:]),
            *(Event("manual", "manual", f"fix: {command}") for command in self._commands(cause)),
        ]
        for line in lines:
            self._screen.show(line)


def _applied(layout: Layout, contract: Contract, environment: str) -> Layout:
    """A checkout of its own beside the sandbox, in which the sections were applied as an operator would."""
    state, _ = sandbox_session.enter(os.environ)
    home = state.parent / "doctor"
    _link(layout, home)
    os.environ[HOME_VARIABLE] = str(home)
    own = Layout(home)
    parameters = {
        "mode": str(Mode.APPLY),
        "environment": environment,
        "git_repository": os.environ["GITHUB_REPOSITORY"],
    }
    prerequisites.provide_examples(contract, Vault(own.state, environment))
    whole = [slug for slug in contract.order() if contract.checks_the_whole(slug)]
    made = {earlier for slug in whole for earlier in contract.all_predecessors(slug)}
    for slug in [slug for slug in contract.order() if slug in made]:
        prerequisites.execute(own.notebook(slug), parameters)
    return own


def _link(layout: Layout, home: Path) -> None:
    try:
        home.mkdir()
    except FileExistsError:
        raise ConfigurationError("The doctor is already open in this sandbox.", "Restart the kernel.") from None
    for name in ("runbooks", "docs"):
        (home / name).symlink_to(layout.root / name)
