"""What a section's *Verify* shows and tests: each claim by its name, with the sign of the latest dry run and a link to its line there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deploybook.checks.facts.tested_claims import MANUAL, claims_of
from deploybook.checks.facts.tree import parse_notebook
from deploybook.guide.guide import Guide
from deploybook.site.verified import SIGNS

# A check that did not run is counted apart: it proves nothing.
_SIGNS = {**SIGNS, "not tested": "○", "left out": "·", "later": "·"}


def sign_of(outcome: str) -> str:
    """The sign of a claim's outcome."""
    return _SIGNS.get(outcome, "–")


def claims(guide: Guide, slug: str) -> str:
    """The claims that the outcome rests on, then the others, as the repository shows them."""
    return _lists(guide, slug, published=False)


def claims_with_results(guide: Guide, slug: str) -> str:
    """The same for the site, each with what the latest dry run showed."""
    return _lists(guide, slug, published=True)


def seen(guide: Guide, slug: str) -> str:
    """What is seen when every claim of the section holds: a ✓ beside each check, but where something is lacking that the runbook names."""
    path = guide.layout.notebook(slug)
    by_need: dict[str, list[str]] = {}
    for claim, tested in claims_of(parse_notebook(slug, path.read_text(encoding="utf-8"))).items():
        if tested.needs:
            by_need.setdefault(tested.needs, []).append(f"*{claim}*")
    exceptions = [line for needs, claims in by_need.items() if (line := _exception(guide, slug, needs, claims))]
    if not exceptions:
        return "**You should see** a ✓ beside every check, and `1 of 1 sections passed`.\n"
    listed = "".join(f"- {line}\n" for line in exceptions)
    return f"**You should see** `1 of 1 sections passed`, and a ✓ beside every check but these:\n\n{listed}"


def _exception(guide: Guide, slug: str, needs: str, claims: Sequence[str]) -> str:
    """Which word stands in place of the ✓, and when; empty where what is needed is the section's own."""
    contract, listed = guide.contract, ", ".join(claims)
    if needs == MANUAL:
        return f"{listed} is *later* until its step is done"
    if needs in contract.parameters:
        return f"{listed} is *left out* with `-p {needs} false`"
    if needs in {credential.name for credential in contract.credentials_for(slug)}:
        return ""
    if needs in {credential.name for credential in contract.credentials}:
        return f"{listed} is *left out* unless `{needs}` is exported"
    section = contract.variable(needs).section
    if section is None or section == slug or section in contract.all_predecessors(slug):
        return ""
    return f"{listed} is *later* until {contract.section(section).title} has recorded `{needs}`"


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
        yield claim, f" [{sign_of(outcome)}&nbsp;{outcome}](runbooks/{slug}.md#{cell})"
