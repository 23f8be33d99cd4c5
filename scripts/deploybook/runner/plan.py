"""A run that was checked and can start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploybook.contract.model import Contract
from deploybook.contract.shown_commands import Typed, completed
from deploybook.contract.validation import in_environment
from deploybook.layout import Layout
from deploybook.runbook.decisions import Decisions
from deploybook.runbook.modes import Mode
from deploybook.state.vault import Vault


@dataclass(frozen=True)
class Plan:
    """A run that was checked and can start: what, how, with which parameters for each section."""

    layout: Layout
    contract: Contract
    mode: Mode
    environment: str
    sections: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    jobs: int = 2
    decisions: Decisions = field(default_factory=Decisions)
    # The application that a dry run's sandbox runs; None for the sample.
    app: Path | None = None
    # The selected sections that do not start before somebody has copied a value for them.
    waiting_for_copy: frozenset[str] = frozenset()
    # What was typed for this run alone.
    typed: Typed = field(default_factory=Typed)

    def completed(self, text: str) -> str:
        """A text whose commands name this run's environment, and repeat what was typed for it."""
        return completed(text, self.contract, self.environment, self.typed)

    def order(self) -> list[str]:
        """The sections in the order of their start: the contract's, or the reverse for ``destroy``."""
        ordered = [slug for slug in self.contract.order() if slug in self.sections]
        return ordered[::-1] if self.mode is Mode.DESTROY else ordered

    def predecessors(self, slug: str) -> set[str]:
        """The selected sections that must have passed before this one starts."""
        if self.mode is Mode.DESTROY:
            return {other for other in self.sections if slug in self.contract.comes_after(other)}
        return self.contract.comes_after(slug) & set(self.sections)

    def command(self) -> str:
        """The command that repeats this run's sections and environment, without its mode."""
        chosen = "" if set(self.contract.order()) <= set(self.sections) else f" {' '.join(self.sections)}"
        return f"deploybook run{chosen}{in_environment(self.environment)}"

    @property
    def vault(self) -> Vault:
        """The environment's vault."""
        return Vault(self.layout.state, self.environment)
