"""What a section's runbook changes, as its latest dry run showed, and how that is undone, as the section says."""

from __future__ import annotations

import re

from deploybook.guide.guide import Guide
from deploybook.guide.links import SECTIONS, into_site, move
from deploybook.guide.markdown import code, fenced, plain, table
from deploybook.runbook.events import SIGNS
from deploybook.site.verified import when

_UNDO = re.compile(r"^## Undo\n+(?P<text>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def changes(guide: Guide, slug: str) -> str:
    """Each resource with what became of it, and the variables that go into the vault."""
    recorded = ", ".join(code(variable.name) for variable in guide.contract.produced_by(slug))
    kept = f"Into the vault it records {recorded}.\n" if recorded else "It records no variable.\n"
    evidence = guide.evidence.get(slug)
    if evidence is None:
        return f"{kept}\nIts resources are told here after its first dry run.\n"
    if not evidence.changes:
        return f"{kept}\nIts latest dry run, on {when(evidence.started)}, made and changed no resource.\n"
    rows = [
        [f"{SIGNS[outcome]}&nbsp;{outcome}", plain(subject), code(cell)] for cell, outcome, subject in evidence.changes
    ]
    introduction = f"What its latest dry run, on {when(evidence.started)}, did in the sandbox:\n"
    return f"{kept}\n{introduction}\n{table(('Did', 'Resource', 'In cell'), rows)}"


def undo(guide: Guide, slug: str, path: str) -> str:
    """The section's own words, for the page ``path``; where it has none, the command."""
    text = guide.text_of(slug)
    match = _UNDO.search(text.read_text(encoding="utf-8")) if text.is_file() else None
    if match is None:
        return fenced("sh", f"deploybook run {slug} --mode destroy")
    return move(match["text"].rstrip() + "\n", f"{SECTIONS}/{slug}.md", path, into_site)
