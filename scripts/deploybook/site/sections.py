"""The sections of the checklist: each is a file of its own in ``docs/sections/``, read into the one page when it is published."""

from __future__ import annotations

import re

from deploybook.errors import DocsError
from deploybook.guide.guide import Guide
from deploybook.guide.links import GENERATED, SECTIONS, into_site, move
from deploybook.guide.markdown import HEADING, change_prose, slugify
from deploybook.site.marks import with_marks
from deploybook.site.variables import needs_and_produces
from deploybook.site.verified import verified_line

RUN_IT = "or-run-it"
# The page with a screen for each part.
CONCEPTS = "concepts.md"
_STEP = re.compile(r"^\d+\. \[[ x]\] \*\*(?P<name>.+?)\.?\*\*", re.MULTILINE)


def whole(guide: Guide) -> str:
    """Every section with its text, in the contract's order."""
    return "\n".join(_section(guide, slug) for slug in guide.contract.order())


def listed(guide: Guide) -> str:
    """For the repository: where each section's text is. The anchors are those of the published page."""
    rows = []
    for slug in guide.contract.order():
        section = guide.contract.section(slug)
        written = guide.text_of(slug).is_file()
        title = f"[{section.title}](sections/{slug}.md)" if written else f"{section.title} (not yet written)"
        rows.append(f'1. <a id="{slug}"></a>{title}: {section.outcome}')
    return "\n".join(rows) + "\n"


def head(guide: Guide, slug: str) -> str:
    """What every section begins with: what it is for, when it is done, what it costs, how long it takes, what it needs and produces."""
    return f"{_purpose(guide, slug)}\n\n{needs_and_produces(guide, slug)}"


def head_of_two_ways(guide: Guide, slug: str) -> str:
    """The same for the site: whoever goes by runbook need not know which variable goes where."""
    return f"{_purpose(guide, slug)}\n\n{_way('hand', needs_and_produces(guide, slug))}"


def _purpose(guide: Guide, slug: str) -> str:
    section = guide.contract.section(slug)
    named = {"Costs": section.costs, "Takes": section.takes}
    costs = " ".join(f"**{name}:** {text}" for name, text in named.items() if text)
    why = f"{section.why}{_explained(guide, slug)}"
    return "\n\n".join(part for part in (why, f"**Done when:** {section.outcome}", costs) if part)


def _explained(guide: Guide, slug: str) -> str:
    """The link to the part's screen on the page of concepts; empty if it has none."""
    page = guide.docs / CONCEPTS
    has_screen = page.is_file() and f"{{#{slug}}}" in page.read_text(encoding="utf-8")
    return f" [How it works, and how it fails]({CONCEPTS}#{slug})" if has_screen else ""


def steps(text: str) -> list[str]:
    """The names of a section's steps, in their order."""
    return [match["name"] for match in _STEP.finditer(text)]


def _section(guide: Guide, slug: str) -> str:
    path = guide.text_of(slug)
    if not path.is_file():
        return _unwritten(guide, slug)
    text = _two_ways(_with_last_box(guide, slug, _marked(guide, slug, path.read_text(encoding="utf-8"))))
    text = _lowered(guide, slug, text)
    return move(text, f"{SECTIONS}/{slug}.md", GENERATED, into_site)


def _marked(guide: Guide, slug: str, text: str) -> str:
    return with_marks(text, guide, f"{SECTIONS}/{slug}.md")


def _with_last_box(guide: Guide, slug: str, text: str) -> str:
    """A section ends with the box that its *Done when* is about: below *Verify*, before what comes after it."""
    outcome = guide.contract.section(slug).outcome
    head, verify, rest = text.partition("\n## Verify\n")
    part, after, rest = rest.partition("\n## ")
    return f"{head}{verify}{part}\n- [ ] **Verified.** {outcome}\n{after}{rest}" if verify else text


def _two_ways(text: str) -> str:
    """The way by runbook first, then the steps by hand, each in an element of its own: readers see the one that they chose."""
    head, steps, rest = text.partition("\n## Steps\n")
    by_hand, run, rest = rest.partition("\n## Or run it\n")
    by_runbook, verify, rest = rest.partition("\n## Verify\n")
    verification, undo, rest = rest.partition("\n## Undo\n")
    undoing, fails, rest = rest.partition("\n## If it fails\n")
    if not (steps and run and verify and undo and fails):
        return text
    ways = [("runbook", f"## Run it {{#{RUN_IT}}}\n{by_runbook}"), ("hand", f"## Steps by hand {{#steps}}\n{by_hand}")]
    parts = [head, *(_way(name, part) for name, part in ways), verify, _verification(verification), undo]
    return "\n".join([*parts, _folded("Undo it", undoing), fails, _folded("If it fails: entries that help", rest)])


def _verification(text: str) -> str:
    """*Verify*: what the command checks is folded, what is done by hand belongs to that way."""
    before, by_hand, rest = text.partition("\nOr by hand")
    hand, mark, claims = rest.partition("\n<!-- generated: claims") if by_hand else ("", "", "")
    if not mark:
        before, mark, claims = text.partition("\n<!-- generated: claims")
    listed, end, box = claims.partition("<!-- /generated -->")
    checked = _folded("Verify again, at any time", f"{before}{mark}{listed}{end}")
    return f"{checked}\n{_way('hand', by_hand + hand) if by_hand else ''}{box}" if mark else text


def _way(name: str, text: str) -> str:
    return f'<div class="db-way-{name}" markdown="1">\n\n{text.strip()}\n\n</div>\n'


def _folded(summary: str, text: str) -> str:
    return f'<details class="db-fold" markdown="1">\n<summary>{summary}</summary>\n\n{text.strip()}\n\n</details>\n'


def _unwritten(guide: Guide, slug: str) -> str:
    parts = [_title(guide, slug), head(guide, slug)]
    if guide.has_runbook(slug):
        title = guide.contract.section(slug).title
        parts += [
            verified_line(guide, slug),
            f"**Not yet written.** The [{title} runbook](runbooks/{slug}.md) is there.",
        ]
    else:
        parts.append("**Not yet written.**")
    return "\n\n".join(parts) + "\n"


def _title(guide: Guide, slug: str) -> str:
    return f"## {guide.number(slug)}. {guide.contract.section(slug).title} {{#{slug}}}"


def _lowered(guide: Guide, slug: str, text: str) -> str:
    """The file's own title becomes the section's heading, and each heading of it one of the page's, under an id of its own."""
    title = guide.contract.section(slug).title
    first, _, rest = text.partition("\n")
    if first != f"# {title}":
        raise DocsError(f"{SECTIONS}/{slug}.md", 1, "the first line is not the section's title", f"Write # {title}.")

    def lowered(line: str) -> str:
        match = HEADING.fullmatch(line.rstrip("\n"))
        if not match:
            return line
        anchor = match["id"] or slugify(match["text"])
        return f"#{match['level']} {match['text']} {{#{slug}-{anchor}}}\n"

    return f"{_title(guide, slug)}\n{change_prose(rest, lowered)}"
