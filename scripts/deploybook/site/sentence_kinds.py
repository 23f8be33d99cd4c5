"""How many sentences of each page rest on what."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from deploybook.checks.facts.evidence import KINDS, RECORD, parse_register
from deploybook.checks.facts.said import of_notebook
from deploybook.checks.facts.tree import parse_notebook
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import table
from deploybook.guide.page import Page, parse_page
from deploybook.guide.sentences import sentences

GENERATED, READ = "generated", "read"


def sentence_kinds(guide: Guide) -> str:
    """A row for each page: its generated lines, its sentences by the first thing that each rests on, and those that a person has read."""
    register = parse_register((guide.layout.root / RECORD).read_text(encoding="utf-8"))
    rows: list[list[str]] = []
    totals = Counter[str]()
    files = [*guide.docs.rglob("*.md"), guide.layout.root / "README.md", *guide.layout.contract.parent.glob("*.ipynb")]
    for path in sorted(files):
        name = path.relative_to(guide.layout.root).as_posix()
        counts = Counter(bound.kinds[0] for bound in register.pages.get(name, ()))
        count, generated = _counted(name, path)
        counts[READ] = count - counts.total()
        counts[GENERATED] = generated
        totals += counts
        rows.append([name.removeprefix("docs/"), *_cells(counts)])
    rows.append(["**all**", *_cells(totals)])
    return table(("Page", *_columns()), rows)


def _counted(name: str, path: Path) -> tuple[int, int]:
    """How many sentences of a file are written by hand, and how many lines are generated."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return len(of_notebook(parse_notebook(path.stem, text))), 0
    page = parse_page(name, text)
    return len(sentences(page)), _generated(page)


def _columns() -> tuple[str, ...]:
    return (GENERATED, *KINDS, READ)


def _cells(counts: Counter[str]) -> list[str]:
    return [str(counts[kind] or "") for kind in _columns()]


def _generated(page: Page) -> int:
    """The lines between the marks that hold something."""
    lines = page.text.splitlines()
    return sum(bool(lines[number - 1].strip()) for number, name in page.generated.items() if name != "mark")
