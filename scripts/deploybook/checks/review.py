"""``deploybook check --review``: shows what nobody has read since it was changed, and records the answer to one key for each.

A sentence that rests on something (docs/.evidence.toml) is shown with that, as it was and as it is: whoever agrees says that the same
proves what it says now. One that states something else, another number, name or *never*, rests on its reader from then on: a key says
that it is true, and not what proves it.
"""

from __future__ import annotations

import datetime
import getpass
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deploybook.checks.facts import evidence
from deploybook.checks.facts.reviews import Change, Part, Review, changes, parts, read_record, write_record
from deploybook.checks.facts.said import said
from deploybook.checks.facts.stated import states_the_same
from deploybook.checks.facts.tree import Tree
from deploybook.guide.sentences import is_block

YES, NO, ALL, STOP = "y", "n", "a", "q"
KEYS = "y: it is true · n: not yet · a: all of this file · q: stop"
ON_NOTHING = f"It states something else: it will rest on nothing, until {evidence.RECORD} names what proves it."
# Shows a place and a text, and gives the key that was pressed.
Ask = Callable[[str, str], str]


@dataclass
class Reviewing:
    """One session: ``reviewer`` is noted beside each part that was read."""

    ask: Ask
    reviewer: str
    day: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date().isoformat())
    stopped: bool = False
    read: int = 0
    _all: bool = False

    def go_through(self, tree: Tree) -> None:
        """Ask for each part, and write what was answered."""
        record, present = read_record(tree), parts(tree)
        write_record(tree, {path: self._file(path, record.get(path, ()), here) for path, here in present.items()})
        self._evidence(tree)

    def _evidence(self, tree: Tree) -> None:
        if not tree.exists(evidence.RECORD):
            return
        register = evidence.parse_register(tree.text(evidence.RECORD))
        pages = {path: self._rebound(tree, path, bound) for path, bound in register.pages.items()}
        text = evidence.register_text(evidence.Register(register.sources, pages))
        (tree.root / evidence.RECORD).write_text(text, encoding="utf-8")

    def _rebound(self, tree: Tree, path: str, bound: Sequence[evidence.Bound]) -> Sequence[evidence.Bound]:
        self._all = False
        present = said(tree).get(path, ())
        agreed = {}
        for change in evidence.changes(bound, present):
            now = change.now.text if change.now else "gone"
            text = f"It was: {change.bound.text}\nIt is: {now}\nIt rests on: {'; '.join(change.bound.evidence)}"
            same = change.now is not None and (is_block(now) or states_the_same(change.bound.text, now))
            if self._agrees(
                f"{path}:{change.now.line if change.now else 1}", text + ("" if same else f"\n{ON_NOTHING}")
            ):
                agreed[change.bound] = change.now if same else None
        return evidence.rebound(bound, present, agreed)

    def _file(self, path: str, reviews: Sequence[Review], present: Sequence[Part]) -> list[Review]:
        self._all = False
        result: list[Review] = []
        for kept, change in changes(reviews, present):
            result += kept
            if change:
                result += self._changed(path, change)
        return result

    def _changed(self, path: str, change: Change) -> list[Review]:
        if not change.parts:
            last = change.gone[-1]
            text = f"What {last.reviewer} read here on {last.day} was taken out."
            return [] if self._agrees(path, text) else list(change.gone)
        return [
            Review(part.digest, self.day, self.reviewer)
            for part in change.parts
            if self._agrees(f"{path}:{part.line}", part.text)
        ]

    def _agrees(self, place: str, text: str) -> bool:
        if self.stopped:
            return False
        key = YES if self._all else self.ask(place, text)
        self.stopped, self._all = key == STOP, self._all or key == ALL
        self.read += key in {YES, ALL}
        return key in {YES, ALL}


def reviewer_name() -> str:
    """Who git says is at work here; else the user of this machine."""
    completed = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, check=False)
    return completed.stdout.strip() or getpass.getuser()
