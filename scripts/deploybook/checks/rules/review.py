"""What no other rule binds is read by a person: whatever was changed, added, moved or taken out since then is a finding."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.checks.facts.reviews import RECORD, changes, parts, read_record
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule

HINT = "Read it against what it describes, then run `deploybook check --review`."


def _find(tree: Tree) -> Iterator[Finding]:
    record = read_record(tree)
    if not record:
        yield Finding(RECORD, 1, "reviewed", "this file is not there", "Bring it back.")
        return
    for path, present in parts(tree).items():
        for _, change in changes(record.get(path, ()), present):
            if change is None:
                continue
            for part in change.parts:
                yield Finding(path, part.line, "reviewed", "nobody has read this since it was written or changed", HINT)
            if change.gone and not change.parts:
                following = present[change.before : change.before + 1]
                line = following[0].line if following else 1
                yield Finding(
                    path, line, "reviewed", "what stood before this was read, and is not there any more", HINT
                )


REVIEWED: Rule[Tree] = Rule(
    "reviewed",
    f"Each paragraph and block of the pages, and each cell of the runbooks, is as it was when somebody read it: `{RECORD}` has its digest, "
    "the day and the reviewer. What was changed, added, moved or taken out since is read again, whatever the other rules say of it.",
    _find,
)
RULES: tuple[Rule[Tree], ...] = (REVIEWED,)
