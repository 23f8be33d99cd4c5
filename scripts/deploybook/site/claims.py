"""What a section's *Verify* tests: each claim by its name, with the sign of the latest dry run and a link to its line there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploybook.guide.guide import Guide
from deploybook.site.verified import SIGNS

# A check that did not run is counted apart: it proves nothing.
_SIGNS = {**SIGNS, "not tested": "○", "left out": "·", "later": "·"}


def claims(guide: Guide, slug: str) -> str:
    """The claims that the outcome rests on, then the others, as the repository shows them."""
    return _lists(guide, slug, published=False)


def claims_with_results(guide: Guide, slug: str) -> str:
    """The same for the site, each with what the latest dry run showed."""
    return _lists(guide, slug, published=True)


def _lists(guide: Guide, slug: str, published: bool) -> str:
    section = guide.contract.section(slug)
    parts = []
    if section.proves:
        parts.append("*Done when* rests on these checks:\n\n" + _list(guide, slug, section.proves, published))
    if section.also_checks:
        parts.append("The runbook also checks:\n\n" + _list(guide, slug, section.also_checks, published))
    return "\n".join(parts) or "It checks nothing.\n"


def _list(guide: Guide, slug: str, names: Iterable[str], published: bool) -> str:
    return "".join(f"- {claim}{mark}\n" for claim, mark in _marked(guide, slug, names, published))


def _marked(guide: Guide, slug: str, names: Iterable[str], published: bool) -> Iterator[tuple[str, str]]:
    evidence = guide.evidence.get(slug)
    for claim in names:
        result = evidence.claims.get(claim) if evidence and published else None
        if result is None:
            yield claim, ""
            continue
        cell, outcome = result
        yield claim, f" [{_SIGNS.get(outcome, '–')}&nbsp;{outcome}](runbooks/{slug}.md#{cell})"
