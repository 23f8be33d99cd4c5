"""The runbooks' entries in the navigation: as many as there are notebooks, the application's first, then the contract's order."""

from __future__ import annotations

from typing import Any

from deploybook.guide.guide import Guide
from deploybook.site.other_notebooks import NOTEBOOKS

INDEX = "runbooks/index.md"


def with_runbooks(nav: Any, guide: Guide) -> Any:
    """``nav`` of mkdocs.yml, with each runbook's page after the entry of their index."""
    if isinstance(nav, list):
        return [entry for item in nav for entry in _entries(item, guide)]
    if isinstance(nav, dict):
        return {title: with_runbooks(below, guide) for title, below in nav.items()}
    return nav


def _entries(item: Any, guide: Guide) -> list[Any]:
    if item != INDEX:
        return [with_runbooks(item, guide)]
    written = [slug for slug in guide.contract.order() if guide.has_runbook(slug)]
    pages = [{guide.contract.section(slug).title: f"runbooks/{slug}.md"} for slug in written]
    others = [(slug, notebook) for slug, notebook in NOTEBOOKS.items() if guide.has_runbook(slug)]
    first, last = (
        [{notebook.title: f"runbooks/{slug}.md"} for slug, notebook in others if notebook.before is before]
        for before in (True, False)
    )
    return [item, *first, *pages, *last]
