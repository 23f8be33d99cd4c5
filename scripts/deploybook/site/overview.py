"""All sections at a glance: their order, and what the latest dry run of each showed."""

from __future__ import annotations

import re

from deploybook.errors import DocsError
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import table
from deploybook.site.footer import proved_line
from deploybook.site.verified import short_status

_DIAGRAM = re.compile(r"^```mermaid\n.*?^```$", re.DOTALL | re.MULTILINE)


def order(guide: Guide) -> str:
    """The sections in the order of running, each with those that must be done before it."""
    rows = []
    for slug in guide.contract.order():
        before = [earlier for earlier in guide.contract.order() if earlier in guide.contract.predecessors(slug)]
        names = ", ".join(section_link(guide, earlier) for earlier in before) or "nothing"
        rows.append([f"{guide.number(slug)}. {section_link(guide, slug)}", names, guide.contract.section(slug).outcome])
    return table(("Section", "After", "Done when"), rows)


def parts_diagram(guide: Guide) -> str:
    """The first diagram of the architecture page, for the pages that show it too."""
    text = (guide.docs / "architecture.md").read_text(encoding="utf-8")
    match = _DIAGRAM.search(text)
    if match is None:
        raise DocsError("docs/architecture.md", 1, "it has no diagram", "Draw the parts in a block of mermaid.")
    return match[0] + "\n"


def proof_state(guide: Guide) -> str:
    """How many sections the latest dry runs proved, and at which commit."""
    passed = [section for section in guide.evidence.values() if section.status == "passed"]
    total = len(guide.contract.order())
    return f"**{len(passed)} of {total} sections passed.** {proved_line(guide)}\n"


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


def section_link(guide: Guide, slug: str) -> str:
    """A link to a section of the checklist, from a page beside it."""
    return f"[{guide.contract.section(slug).title}](DEPLOY_PROD_CHECKLIST.md#{slug})"
