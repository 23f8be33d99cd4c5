"""All that the site is made from, read once for a build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deploybook.contract.model import Contract, parse_contract
from deploybook.guide.evidence import Evidence, latest
from deploybook.layout import Layout
from deploybook.runbook.notebook_file import NotebookParameter, read_parameters


@dataclass(frozen=True)
class Guide:
    """The contract, where things stand, and what the latest dry runs showed."""

    layout: Layout
    contract: Contract
    evidence: Mapping[str, Evidence]

    @classmethod
    def read(cls, layout: Layout) -> Guide:
        """Read all of it now: a guide that is being written is read again at each build."""
        contract = parse_contract(layout.contract.read_text(encoding="utf-8"), layout.contract.name)
        return cls(layout, contract, latest(layout.runs))

    @property
    def docs(self) -> Path:
        """The folder of the pages."""
        return self.layout.root / "docs"

    def text_of(self, slug: str) -> Path:
        """The file with a section's text."""
        return self.docs / "sections" / f"{slug}.md"

    def has_runbook(self, slug: str) -> bool:
        """Whether the section's notebook is there."""
        return self.layout.notebook(slug).is_file()

    @cached_property
    def parameters(self) -> Mapping[str, Mapping[str, NotebookParameter]]:
        """The parameters of each runbook that is there, in the contract's order."""
        written = [slug for slug in self.contract.order() if self.has_runbook(slug)]
        return {slug: read_parameters(self.layout.notebook(slug)) for slug in written}

    def number(self, slug: str) -> int:
        """The section's place in the checklist, from 1."""
        return self.contract.order().index(slug) + 1

    def executed(self, slug: str) -> Path | None:
        """The executed copy of the latest dry run, if there is one."""
        evidence = self.evidence.get(slug)
        return evidence.notebook if evidence and evidence.notebook.is_file() else None
