"""What somebody has read against the thing that it describes: each paragraph and block of the pages, each cell of the runbooks.

The record, ``docs/.reviewed.json``, has for each file the digests of its parts in their order, with the day and the reviewer. Generated
parts are not in it: what generates them is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

from deploybook.checks.facts.tree import Notebook, Tree
from deploybook.guide.page import Page

RECORD = "docs/.reviewed.json"
DIGITS = 12


@dataclass(frozen=True)
class Part:
    """A paragraph, a block or a cell; ``line`` is its first line in the file."""

    line: int
    text: str

    @property
    def digest(self) -> str:
        """The same for a text that only breaks its lines elsewhere."""
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()[:DIGITS]


class Review(NamedTuple):
    """Who has read a part, and when: ``day`` is an ISO 8601 date."""

    digest: str
    day: str
    reviewer: str


class Change(NamedTuple):
    """Reviewed parts that stand no more, and parts in their place that nobody has read; ``before`` is the index of what follows."""

    gone: Sequence[Review]
    parts: Sequence[Part]
    before: int


Record = Mapping[str, Sequence[Review]]


def parts(tree: Tree) -> dict[str, list[Part]]:
    """The parts of each file, in their order."""
    pages = {path: list(_of_page(page)) for path, page in tree.pages.items()}
    return pages | {notebook.path: list(_of_notebook(notebook)) for notebook in tree.notebooks.values()}


def read_record(tree: Tree) -> Record:
    """The record; empty where there is none."""
    if not tree.exists(RECORD):
        return {}
    return {path: [Review(*review) for review in reviews] for path, reviews in json.loads(tree.text(RECORD)).items()}


def write_record(tree: Tree, record: Record) -> None:
    """Write it, a line for each part, so that two branches seldom meet in one line."""
    files = (
        f" {json.dumps(path)}: [\n" + ",\n".join(f"  {json.dumps(review)}" for review in reviews) + "\n ]"
        for path, reviews in sorted(record.items())
    )
    (tree.root / RECORD).write_text("{\n" + ",\n".join(files) + "\n}\n", encoding="utf-8")


def changes(reviews: Sequence[Review], present: Sequence[Part]) -> Iterator[tuple[Sequence[Review], Change | None]]:
    """The reviews that still hold, run by run, each with the change that follows it, if one does."""
    kept: Sequence[Review] = ()
    matcher = SequenceMatcher(
        None, [review.digest for review in reviews], [part.digest for part in present], autojunk=False
    )
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            kept = reviews[old_start:old_end]
            continue
        yield kept, Change(reviews[old_start:old_end], present[new_start:new_end], new_end)
        kept = ()
    yield kept, None


def _of_page(page: Page) -> Iterator[Part]:
    lines = enumerate(page.text.splitlines(), 1)
    fenced = False
    numbered: list[tuple[int, str, bool]] = []
    for number, line in lines:
        fence = line.lstrip().startswith("```")
        numbered.append((number, line, page.by_hand(number) and bool(line.strip() or (fenced and not fence))))
        fenced ^= fence
    for by_hand, run in groupby(numbered, key=lambda entry: entry[2]):
        if by_hand:
            block = list(run)
            yield Part(block[0][0], "\n".join(line for _, line, _ in block))


def _of_notebook(notebook: Notebook) -> Iterator[Part]:
    for cell in notebook.cells:
        yield Part(cell.line, f"{cell.kind} {' '.join(cell.tags)}\n{cell.source}")
