"""The read-only checks of all sections, made at once: their runbooks in ``verify`` mode, without kernels, and the variables compared."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from deploybook import http
from deploybook.clouds.connections import Connections
from deploybook.contract.model import Contract
from deploybook.diagnosis.env_status import Question, ask, compared_providers
from deploybook.errors import DeploybookError, RunbookFailed, VerificationFailed
from deploybook.layout import Layout
from deploybook.redact import Redactor
from deploybook.runbook.events import Event
from deploybook.runbook.in_process import run_cells
from deploybook.runbook.modes import Mode
from deploybook.runbook.output import use_listener
from deploybook.state.known_secrets import known_secrets
from deploybook.state.last_writes import LastWrites
from deploybook.state.ledger import Ledger
from deploybook.state.pins import Pins
from deploybook.state.vault import Vault

# A provider that does not answer for so long is what is to be named.
PATIENCE_SECONDS = 12.0

# Why a section is left out of which neither the vault nor the ledger knows anything.
NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class Observation:
    """One claim that was tested. ``variable`` and ``consumer`` are set where it is one variable's value that was compared."""

    section: str
    step: str
    outcome: str
    claim: str
    detail: str = ""
    entry: str = ""
    hint: str = ""
    variable: str = ""
    consumer: str = ""
    # What stood between the claim and what it tests, such as an edge in front of the application.
    obstacle: str = ""

    @property
    def failed(self) -> bool:
        """Whether the claim does not hold."""
        return self.outcome == "failed"

    def __str__(self) -> str:
        return f"{self.claim} — {self.detail}" if self.detail else self.claim


@dataclass(frozen=True)
class Diagnosis:
    """All that was observed, in the contract's order. ``left_out`` says, by section, why it was not examined, ``remedies`` what to do."""

    observations: tuple[Observation, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    remedies: Mapping[str, str] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """How many checks pass."""
        return sum(observation.outcome in {"passed", "unchanged"} for observation in self.observations)

    @property
    def holding(self) -> str:
        """The same in words, with those that were not tested: nothing is known of them."""
        untested = sum(observation.outcome == "not tested" for observation in self.observations)
        apart = f", {untested} not tested" if untested else ""
        return ("1 check passes" if self.held == 1 else f"{self.held} checks pass") + apart


@dataclass(frozen=True)
class DiagnosisTarget:
    """What is examined: an environment of a checkout, with each runbook's parameters by section."""

    layout: Layout
    contract: Contract
    environment: str
    parameters: Mapping[str, Mapping[str, Any]]

    @property
    def vault(self) -> Vault:
        """The environment's vault."""
        return Vault(self.layout.state, self.environment)

    def left_out(self) -> dict[str, str]:
        """The sections that cannot be examined, or have not been begun, with the reason."""
        begun = Ledger(self.layout.state, self.environment).sections()
        values = self.vault.all()
        reasons: dict[str, str] = {}
        for slug in self.contract.order():
            missing = [name for name in self._keys(slug) if not os.environ.get(name)]
            produces = {variable.name for variable in self.contract.produced_by(slug)}
            needs = {variable.name for variable in self.contract.needed_by(slug) if not variable.optional}
            checks_only = not produces and needs <= values.keys() and self.contract.checks_the_whole(slug)
            if not (slug in begun or produces & values.keys() or checks_only):
                reasons[slug] = NOT_BEGUN
            elif missing:
                reasons[slug] = f"{missing[0]} is not set"
        return reasons

    def _keys(self, slug: str) -> list[str]:
        """The secret credentials without which a section's provider tells nothing."""
        return [
            credential.name
            for credential in self.contract.credentials
            if credential.secret and slug in credential.sections
        ]


def examine(ward: DiagnosisTarget, tell: Callable[[str], object] = str) -> Diagnosis:
    """Test every claim of every section that was begun, side by side. ``tell`` is called with each section that is done.

    Sends no request that changes anything but the checks' own scratch objects, which are removed again.
    """
    started = time.monotonic()
    left_out = ward.left_out()
    slugs = [slug for slug in ward.contract.order() if slug not in left_out]
    redactor = Redactor(known_secrets(ward.contract, os.environ, ward.vault))
    with http.patience(PATIENCE_SECONDS), ThreadPoolExecutor(len(slugs) + 1) as pool:
        variables = pool.submit(_compare, ward, slugs)
        try:
            sections = list(pool.map(lambda slug: _examine_section(ward, slug, tell), slugs))
        except KeyboardInterrupt:
            # The threads end before their next request; without that the process would wait for all that is left.
            http.stop()
            raise
    observed = [*variables.result(), *(observation for section in sections for observation in section)]
    observed.sort(key=lambda observation: slugs.index(observation.section))
    return Diagnosis(
        tuple(_redacted(redactor, observation) for observation in observed),
        left_out,
        round(time.monotonic() - started, 1),
    )


def _examine_section(ward: DiagnosisTarget, slug: str, tell: Callable[[str], object]) -> list[Observation]:
    """Execute the runbook's cells up to the first that stops it; a check that does not hold stops nothing."""
    observed: list[Observation] = []

    def listen(line: Event) -> None:
        obstacle = line.fields.get("obstacle", "")
        observation = Observation(
            slug, line.step, line.outcome, line.subject, line.detail, line.entry, obstacle=obstacle
        )
        observed.append(observation)

    path = ward.layout.notebook(slug)
    parameters = {**ward.parameters.get(slug, {}), "mode": str(Mode.VERIFY), "environment": ward.environment}
    started = [""]
    try:
        with use_listener(listen):
            run_cells(path, parameters, starting=started.append)
    except VerificationFailed as summary:
        # The lines have told it, unless the claim was one that a cell tests for itself.
        if not any(observation.failed for observation in observed):
            observed.append(_of_error(slug, summary))
    except DeploybookError as error:
        match = next((each for each in observed if each.failed and each.detail == str(error)), None)
        if match is None:
            observed.append(_of_error(slug, error))
        else:
            observed[observed.index(match)] = replace(match, hint=error.hint)
    except Exception as bug:  # noqa: BLE001 - the other sections go on
        observed.append(_of_error(slug, RunbookFailed(slug, started[-1], f"{type(bug).__name__}: {bug}")))
    tell(slug)
    return observed


def _of_error(slug: str, error: DeploybookError) -> Observation:
    return Observation(slug, "error", "failed", str(error), "", error.entry, error.hint)


def _compare(ward: DiagnosisTarget, slugs: Iterable[str]) -> list[Observation]:
    """One observation for each variable that a place has otherwise than the vault."""
    # A provider that shows no values is compared by its own runbook, and once is enough.
    by_value = compared_providers(ward.contract, "by value")
    providers = [
        provider for provider in by_value if {consumer.section for consumer in provider.consumers} <= set(slugs)
    ]
    if not providers:
        return []
    last_writes = LastWrites(ward.layout.state, ward.environment)
    question = Question(ward.contract, ward.vault.all(), os.environ, last_writes, ward.parameters)
    pins = Pins(ward.layout.state, ward.environment)
    with closing(Connections(os.environ, pins, ward.vault)) as clouds:
        status = ask(question, clouds, providers)
    return [
        Observation(
            ward.contract.consumer(consumer).section,
            "variable",
            "failed",
            f"{name} at {consumer}",
            f"{finding.standing}{': ' * bool(finding.detail)}{finding.detail}",
            finding.entry,
            variable=name,
            consumer=consumer,
        )
        for consumer, drifts in status.by_consumer.items()
        for name, finding in drifts.items()
        if finding.standing.is_difference
    ]


def _redacted(redactor: Redactor, observation: Observation) -> Observation:
    return Observation(**redactor.tree(vars(observation)))
