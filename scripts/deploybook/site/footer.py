"""The line in every page's footer: at which commit the site was proved, and when."""

from __future__ import annotations

from deploybook.guide.evidence import Evidence
from deploybook.guide.guide import Guide
from deploybook.site.verified import changed_since, when


def proved_line(guide: Guide) -> str:
    """HTML, from the latest dry run of each section; it says *proved* only if all of them passed as they are written now."""
    slugs = guide.contract.order()
    evidence = [guide.evidence[slug] for slug in slugs if slug in guide.evidence]
    if not evidence:
        return "Not yet proved: no dry run was here."
    open_ = [slug for slug in slugs if slug not in guide.evidence or guide.evidence[slug].status != "passed"]
    changed = [slug for slug in slugs if slug not in open_ and changed_since(guide, slug)]
    if open_ or changed:
        return f"Not proved: {_reasons(guide, open_, changed)}. Latest dry run {_at([_newest(evidence)])}."
    return f"Proved by dry runs {_at(evidence)}."


def _reasons(guide: Guide, open_: list[str], changed: list[str]) -> str:
    total = len(guide.contract.order())
    sentences = [f"{len(open_)} of {total} sections did not pass or did not run"] if open_ else []
    sentences += [f"{len(changed)} of {total} runbooks were changed since"] if changed else []
    return ", ".join(sentences)


def _at(evidence: list[Evidence]) -> str:
    """The commits, oldest first, and the time of the newest; the oldest too where it is another."""
    ordered = sorted(evidence, key=lambda section: section.started)
    commits = list(dict.fromkeys(section.short_commit for section in ordered if section.short_commit))
    named = f"at commit{'s' * (len(commits) > 1)} {', '.join(commits)}" if commits else "outside git"
    first, last = ordered[0].started, ordered[-1].started
    if first == last:
        return f"{named} on {when(last)}"
    return f"{named}, from {when(first)} to {when(last)}"


def _newest(evidence: list[Evidence]) -> Evidence:
    return max(evidence, key=lambda section: section.started)
