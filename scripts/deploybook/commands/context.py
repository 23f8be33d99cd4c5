"""What the ``env`` commands work with: one environment's vault, the contract, and output without secrets."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from deploybook.commands.parameters import parameters_of
from deploybook.commands.prose import say
from deploybook.contract.model import Contract, load_contract
from deploybook.layout import Layout, find_layout
from deploybook.redact import Redactor
from deploybook.runbook.credential_sources import Sources, complete
from deploybook.runbook.notebook_file import values_of
from deploybook.runbook.settings import Settings, load_settings
from deploybook.state.environments import require_environment
from deploybook.state.known_secrets import known_secrets
from deploybook.state.vault import Vault

# Outside of a terminal a table is as wide as it needs to be.
PIPED_WIDTH = 200


@dataclass(frozen=True)
class CommandContext:
    """What each command works with. It masks every known secret in what it prints."""

    layout: Layout
    contract: Contract
    vault: Vault
    redactor: Redactor
    settings: Settings

    @classmethod
    def open(cls, environment: str) -> CommandContext:
        """Raises InvalidValue for a name that no environment can have, ConfigurationError for a vault that others can read."""
        layout = find_layout()
        contract = load_contract(layout.contract)
        contract.parameters["environment"].validate_value("environment", environment)
        settings = load_settings(layout, contract, environment)
        vault = Vault(layout.state, environment)
        return cls(layout, contract, vault, Redactor(known_secrets(contract, os.environ, vault)), settings)

    def take_credentials(self, names: Collection[str]) -> Sources:
        """Complete the environment with these credentials from the sources that the settings name, and mask them from now on."""
        sources = complete(self.contract, self.settings, os.environ, names)
        self.redactor.learn(known_secrets(self.contract, os.environ, self.vault))
        return sources

    def require_environment(self) -> None:
        """Raise UnknownParameter for an unknown environment."""
        require_environment(self.layout, self.contract, self.vault.environment)

    def parameters(self, overrides: dict[str, object]) -> dict[str, dict[str, Any]]:
        """Each runbook's parameters: its defaults, replaced by the settings and, before them, by ``overrides``."""
        slugs = [section.slug for section in self.contract.sections if self.layout.notebook(section.slug).exists()]
        chosen = parameters_of(self.layout, self.contract, slugs, overrides, self.settings)
        environment = self.vault.environment
        return {slug: values_of(self.layout.notebook(slug), self.contract, environment, chosen[slug]) for slug in slugs}

    def print(self, table: Table) -> None:
        """Print a table, as wide as it needs to be where no terminal sets the limit."""
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=PIPED_WIDTH)
        with console.capture() as captured:
            console.print(table)
        lines = [line.rstrip() for line in captured.get().splitlines()]
        click.echo(self.redactor.text("\n".join(lines).strip("\n")))

    def say(self, lines: Iterable[str]) -> None:
        """Print lines; at a terminal they break between words, and never within a command."""
        for line in lines:
            say(self.redactor.text(line), 4)

    def print_json(self, data: dict[str, Any]) -> None:
        """Print JSON with its environment and the time added."""
        head = {"environment": self.vault.environment, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        click.echo(json.dumps(self.redactor.tree(head | data), indent=1, ensure_ascii=False))

    def print_aside(self, lines: Iterable[str]) -> None:
        """Print lines that are not part of the output to standard error."""
        for line in lines:
            click.echo(self.redactor.text(line), err=True)
