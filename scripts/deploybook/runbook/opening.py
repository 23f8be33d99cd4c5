"""The one door: the rules on parameters, settings, credentials and confirmation, for whoever opens a runbook."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from deploybook.contract.model import Contract, load_contract
from deploybook.errors import ConfigurationError, InvalidValue
from deploybook.layout import Layout, find_layout
from deploybook.runbook import credential_sources, ipython, sandbox_session
from deploybook.runbook.modes import Mode
from deploybook.runbook.parameters import check_parameters, fill_in
from deploybook.runbook.settings import Settings, load_settings


def enter(slug: str, mode: str, environment: str, namespace: MutableMapping[str, object]) -> tuple[Layout, Contract]:
    """Check the parameters of a runbook, fill in the settings', and prepare this process for the mode.

    A live mode gets the operator's environment again, completed from the sources that the settings name; ``apply`` and ``destroy`` need a
    confirmation. ``namespace`` is where the cells run: its variables are the parameters, and get the settings' values where nobody chose
    another. Raises ConfigurationError.
    """
    layout = find_layout()
    contract = load_contract(layout.contract)
    contract.section(slug)
    settings = settings_of(layout, contract, environment)
    arguments = {"mode": mode, "environment": environment}
    executed = ipython.executed_cells(namespace)
    check_parameters(contract, layout.notebook(slug), arguments, namespace, executed, settings)
    rehearsal = mode == Mode.DRY_RUN or sandbox_session.is_within(layout.state, os.environ)
    fill_in(contract, layout.notebook(slug), settings, namespace, executed, rehearsal=rehearsal)
    if rehearsal:
        return layout, contract
    sandbox_session.leave(os.environ)
    layout = find_layout()
    if sandbox_session.SESSION_VARIABLE in os.environ:
        raise ConfigurationError(
            f"This process belongs to a dry run: it cannot go on in the mode {mode}.", "Start another kernel."
        )
    if mode in {Mode.APPLY, Mode.DESTROY}:
        ipython.require_confirmation(slug, Mode(mode), environment)
    credential_sources.operator_environment(contract, settings, [slug])
    return layout, contract


def settings_of(layout: Layout, contract: Contract, environment: str) -> Settings:
    """The settings of an environment; none for a name that no environment can have, which is refused with the other parameters."""
    try:
        contract.parameters["environment"].validate_value("environment", environment)
    except InvalidValue:
        return Settings(layout.root, environment)
    return load_settings(layout, contract, environment)
