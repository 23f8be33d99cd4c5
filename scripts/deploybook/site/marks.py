"""Behind a sentence that a claim of a runbook proves: the sign of the latest dry run, which leads to the claim's line there."""

from __future__ import annotations

import posixpath
import re

from deploybook.checks.facts.evidence import RECORD, Bound, parse_register
from deploybook.guide.guide import Guide
from deploybook.site.claims import sign_of

CLAIM = "claim "


def with_marks(text: str, guide: Guide, path: str) -> str:
    """The text of the file ``path`` (from the checkout's root) with its marks; as it is where nothing was run."""
    record = guide.layout.root / RECORD
    if not guide.evidence or not record.is_file():
        return text
    for bound in parse_register(record.read_text(encoding="utf-8")).pages.get(path, ()):
        if marks := "".join(_marks(guide, path, bound)):
            words = r"\s+".join(re.escape(word) for word in bound.text.split())
            text = re.sub(words, lambda match, marks=marks: match[0] + marks, text, count=1)  # type: ignore[misc]
    return text


def _marks(guide: Guide, path: str, bound: Bound) -> list[str]:
    result = []
    for evidence in bound.evidence:
        slug, _, claim = evidence.removeprefix(CLAIM).partition(": ")
        run = guide.evidence.get(slug) if evidence.startswith(CLAIM) else None
        if run and (line := run.claims.get(claim)):
            cell, outcome = line
            page = posixpath.relpath(f"docs/runbooks/{slug}.md", posixpath.dirname(path))
            title = f"{claim}: {outcome}".replace('"', "'")
            result.append(f'&nbsp;[{sign_of(outcome)}]({page}#{cell}){{ .db-claim title="{title}" }}')
    return result
