"""All sections at a glance: their order, and what the latest dry run of each showed."""

from __future__ import annotations

from deploybook.guide.guide import Guide
from deploybook.guide.markdown import table
from deploybook.site.verified import short_status


def order(guide: Guide) -> str:
    """The sections in the order of running, each with those that must be done before it."""
    rows = []
    for slug in guide.contract.order():
        before = [earlier for earlier in guide.contract.order() if earlier in guide.contract.predecessors(slug)]
        names = ", ".join(_link(guide, earlier) for earlier in before) or "nothing"
        rows.append([f"{guide.number(slug)}. {_link(guide, slug)}", names, guide.contract.section(slug).outcome])
    return table(("Section", "After", "Done when"), rows)


def runbooks(guide: Guide) -> str:
    """Each runbook with its latest dry run, and how long that took."""
    rows = []
    for slug in guide.contract.order():
        title = guide.contract.section(slug).title
        if guide.has_runbook(slug):
            rows.append([f"[{title}](runbooks/{slug}.md)", short_status(guide, slug), _took(guide, slug)])
        else:
            rows.append([title, "not yet written", ""])
    return table(("Runbook", "Latest dry run", "Took"), rows) + _whole(guide)


def _took(guide: Guide, slug: str) -> str:
    evidence = guide.evidence.get(slug)
    if evidence is None or not evidence.steps:
        return ""
    step = max(evidence.steps, key=lambda step_name: evidence.steps[step_name])
    return f"{evidence.seconds:.1f} s, of which {evidence.steps[step]:.1f} s in [{step}](runbooks/{slug}.md)"


def _whole(guide: Guide) -> str:
    """How long the dry run of all of them took; nothing if the latest runs are several."""
    runs = {evidence.notebook.parent: evidence for evidence in guide.evidence.values()}
    if len(runs) != 1 or set(guide.evidence) != set(guide.contract.order()):
        return ""
    (evidence,) = runs.values()
    return f"\nAll of them, in one dry run: **{evidence.run_seconds:.1f} s**. Sections that need nothing of each other run side by side.\n"


def _link(guide: Guide, slug: str) -> str:
    return f"[{guide.contract.section(slug).title}](DEPLOY_PROD_CHECKLIST.md#{slug})"
